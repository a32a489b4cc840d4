/** Lists over DynamoDB: heads from the indexes of lib/aws/head-index.ts, keys from a scan of the state table. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { statePartition } from "../../lib/model/ids.ts";
import { idIn, INDEX_PARTITION_KEY, INDEX_SORT_KEY, type ListedPart } from "../../lib/model/listing.ts";
import type { KeyPage, ListedPage, ListedRange, Listing } from "../../lib/ports.ts";
import type { DynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { PARTITION_KEY } from "../../lib/aws/expression.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { cursorOf, startKeyOf } from "../../lib/aws/scan-cursor.ts";
import { KEY_SCANS_MAX } from "../../lib/limits/aws.ts";

type Key = Record<string, AttributeValue>;

export class DynamoListing implements Listing {
  readonly parts: readonly ListedPart[];
  readonly #requests: Pick<DynamoRequests, "Query" | "Scan">;
  readonly #tables: { readonly journal: string; readonly state: string };

  /** `parts`: the indexes that the journal table has. */
  constructor(
    requests: Pick<DynamoRequests, "Query" | "Scan">,
    tables: { readonly journal: string; readonly state: string },
    parts: readonly ListedPart[],
  ) {
    this.#requests = requests;
    this.#tables = tables;
    this.parts = parts;
  }

  async heads(part: ListedPart, shard: string, range: ListedRange): Promise<ListedPage> {
    const { fromMs, untilMs, after, limit, newestFirst } = range;
    const query = {
      TableName: this.#tables.journal,
      IndexName: part,
      KeyConditionExpression: "#g = :g AND #c BETWEEN :from AND :until",
      ExpressionAttributeNames: { "#g": INDEX_PARTITION_KEY[part], "#c": INDEX_SORT_KEY },
      ExpressionAttributeValues: {
        ":g": { S: shard },
        ":from": { N: String(fromMs) },
        ":until": { N: String(untilMs) },
      },
      Limit: limit,
      ...(newestFirst ? { ScanIndexForward: false } : {}),
      ...(after === undefined ? {} : { ExclusiveStartKey: JSON.parse(after) as Key }),
    };
    const { Items = [], LastEvaluatedKey } = await this.#sent(() => this.#requests.Query(query));
    return {
      entries: Items.flatMap((item) => {
        const id = idIn(textOf(item, PARTITION_KEY));
        return id === undefined ? [] : [{ id, atMs: Number(item[INDEX_SORT_KEY]?.N) }];
      }),
      ...(LastEvaluatedKey === undefined ? {} : { next: JSON.stringify(LastEvaluatedKey) }),
    };
  }

  async keys(service: string, { after, limit }: { after?: string; limit: number }): Promise<KeyPage> {
    const prefix = statePartition(service, "");
    const found = new Set<string>();
    let from = after === undefined ? undefined : startKeyOf(after);
    for (let scans = 0; scans < KEY_SCANS_MAX && found.size < limit; scans++) {
      const { Items = [], LastEvaluatedKey } = await this.#scan(prefix, from);
      for (const item of Items) found.add(textOf(item, PARTITION_KEY).slice(prefix.length));
      from = LastEvaluatedKey;
      if (from === undefined) return { keys: [...found] };
    }
    return from === undefined ? { keys: [...found] } : { keys: [...found], next: cursorOf(from) };
  }

  /** A page. It may have few rows although it read many. A cleared name has left a tombstone (`gone`). */
  #scan(prefix: string, from: Key | undefined) {
    const scan = {
      TableName: this.#tables.state,
      FilterExpression: "begins_with(#p, :p) AND attribute_not_exists(#gone)",
      ProjectionExpression: "#p",
      ExpressionAttributeNames: { "#p": PARTITION_KEY, "#gone": "gone" },
      ExpressionAttributeValues: { ":p": { S: prefix } },
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    };
    return this.#sent(() => this.#requests.Scan(scan));
  }

  async #sent<T>(send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      throw toOperational(error, "a listing");
    }
  }
}

const textOf = (item: Key, name: string): string => item[name]?.S ?? "";
