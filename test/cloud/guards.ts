/** The table of guards in a deployed stack, and its passes (docs/decisions/0056-guards-in-a-table.md). */
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { encodeTimer } from "../../lib/aws/timer-message.ts";
import { fromAttributeMap } from "../../lib/aws/attribute-value.ts";
import {
  GUARD_PARTITIONS,
  GUARD_PASS_KEY,
  type GuardPasses,
  passesIn,
  passMessage,
} from "../../lib/store/guard-table.ts";

interface Place {
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly table: string;
  readonly delayQueueUrl: string;
}

/** The first pass is sent, as the timers' function does when guards come often. */
export async function beginPasses({ client, delayQueueUrl }: Place): Promise<void> {
  const sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
  const body = encodeTimer({ atMs: Date.now(), message: passMessage(1) });
  await sqs.send(new SendMessageCommand({ QueueUrl: delayQueueUrl, MessageBody: body }));
  sqs.destroy();
}

/** What the table has: what the passes say, and how many guards. */
export async function guardsIn({ client, table }: Place): Promise<{
  readonly passes: GuardPasses | undefined;
  readonly guards: number;
}> {
  const dynamo = new DynamoDBClient(client);
  const { Items = [] } = await dynamo.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  dynamo.destroy();
  const items = Items.map((item) => fromAttributeMap(item));
  return {
    passes: passesIn(items.find(({ pk }) => pk === GUARD_PASS_KEY.pk)),
    guards: items.filter(({ pk }) => typeof pk === "string" && pk.startsWith(GUARD_PARTITIONS)).length,
  };
}
