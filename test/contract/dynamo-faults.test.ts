/** Faults that emulators do not have: throttling, lost answers, an endpoint that is down. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { type Operations, JsonService } from "../../lib/aws/json-service.ts";
import { type Sends, SignedHttp } from "../../lib/aws/signed-http.ts";
import type { ItemKey, Put } from "../../lib/model/item.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { type CannedAnswer, carrying, connectionReset, jsonError } from "../support/emulator-answers.ts";
import {
  DUMMY_CREDENTIALS,
  type DynamoEmulator,
  REGION,
  startDynalite,
  TABLES,
} from "../support/emulator-dynamo.ts";

let emulator: DynamoEmulator;
beforeAll(async () => {
  emulator = await startDynalite();
});
afterAll(() => emulator.close());

let keysMade = 0;
const freshKey = (): ItemKey => ({ table: "journal", pk: `fault.${++keysMade}`, sk: "head" });
const create = (key: ItemKey, writer: string): Put => ({
  op: "put",
  key,
  attributes: { writer },
  when: { is: "absent" },
});
const healthy = (): ItemStore => emulator.items();
const itemsOver = (calls: Operations, rereadRefused = false): ItemStore =>
  new DynamoItems(dynamoRequests(calls), TABLES, { rereadRefused });
const callsOver = (http: Sends, attemptsMax = 1): Operations =>
  new JsonService(http, "DynamoDB_20120810", attemptsMax);
const httpAt = (endpoint: string): SignedHttp =>
  new SignedHttp({
    ...{ service: "dynamodb", region: REGION, endpoint: new URL(endpoint) },
    credentials: () => DUMMY_CREDENTIALS,
  });
const operational = (code: string) => ({ name: "OperationalError", code });

/** A store whose first `count` answers are lost after the request took effect. */
function losingAnswers(count: number, attemptsMax: number): ItemStore {
  const http = httpAt(emulator.endpoint);
  let left = count;
  const send: Sends["send"] = async (request) => {
    const answer = await http.send(request);
    if (left-- > 0) throw connectionReset();
    return answer;
  };
  return itemsOver(callsOver({ send }, attemptsMax), true);
}

function answeringStore(answer: () => CannedAnswer): { items: ItemStore; sent: readonly unknown[] } {
  const { http, sent } = carrying(answer);
  return { items: itemsOver(callsOver(http)), sent };
}

describe("an answer is lost after the write took effect", () => {
  test("without retries it is in doubt, and the item is there", async () => {
    const key = freshKey();
    await expect(losingAnswers(1, 1).write(create(key, "me"))).rejects.toMatchObject(
      operational("unavailable"),
    );
    expect(await healthy().get(key)).toEqual({ writer: "me" });
  });

  test("a retried conditional write is refused by its own first try, and its writer can tell", async () => {
    const key = freshKey();
    const result = await losingAnswers(1, 3).write(create(key, "me"));
    expect(result).toEqual({ won: false, item: { writer: "me" } });
  });

  test("the answer of a refused write is lost: the retry is refused as well", async () => {
    const key = freshKey();
    await healthy().write(create(key, "other"));
    const result = await losingAnswers(1, 3).write(create(key, "me"));
    expect(result).toEqual({ won: false, item: { writer: "other" } });
  });

  test("reads are retried without harm", async () => {
    const key = freshKey();
    await healthy().write(create(key, "me"));
    expect(await losingAnswers(1, 3).get(key)).toEqual({ writer: "me" });
    expect((await losingAnswers(1, 3).query("journal", key.pk, "")).items).toHaveLength(1);
  });
});

describe("errors are told apart", () => {
  test.each(["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"])(
    "%s is throttled",
    async (type) => {
      const { items } = answeringStore(() => jsonError(type, "slow down"));
      await expect(items.write(create(freshKey(), "me"))).rejects.toMatchObject(operational("throttled"));
      await expect(items.get(freshKey())).rejects.toMatchObject(operational("throttled"));
    },
  );

  test.each<[string, () => CannedAnswer]>([
    ["an internal error", () => jsonError("InternalServerError", "sorry", 500)],
    ["a gateway's page", () => ({ status: 503, body: "<html>try later</html>" })],
    ["an answer cut off", () => ({ status: 200, body: '{"Item":{"a":{"S":"' })],
    [
      "a connection that breaks",
      () => {
        throw connectionReset();
      },
    ],
  ])("%s is unavailable", async (_, answer) => {
    const { items } = answeringStore(answer);
    const calls = [
      items.get(freshKey()),
      items.write(create(freshKey(), "me")),
      items.write({ op: "update", key: freshKey(), changes: [] }),
      items.query("journal", "p", ""),
      items.scan("journal", "head"),
    ];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ status: "rejected", reason: operational("unavailable") });
    }
  });

  test("nobody listens", async () => {
    const items = itemsOver(callsOver(httpAt("http://127.0.0.1:1")));
    await expect(items.get(freshKey())).rejects.toMatchObject(operational("unavailable"));
  });

  test("throttled a while, the client's retries get through", async () => {
    let left = 2;
    const { http, sent } = carrying(() =>
      left-- > 0 ? jsonError("ThrottlingException", "slow down") : { body: '{"Item":{"n":{"N":"1"}}}' },
    );
    const items = itemsOver(callsOver(http, 3));
    expect(await items.get(freshKey())).toEqual({ n: 1 });
    expect(sent).toHaveLength(3);
  });

  test("what is nobody's passing trouble is passed on as it is", async () => {
    const tables = { ...TABLES, journal: "no-such-table" };
    const items = new DynamoItems(dynamoRequests(emulator.calls()), tables);
    await expect(items.get(freshKey())).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  });
});

test("a refusal's item comes with it: no read follows", async () => {
  const { items, sent } = answeringStore(() => ({
    status: 400,
    body: JSON.stringify({
      __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
      message: "The conditional request failed",
      Item: { pk: { S: "p" }, sk: { S: "s" }, writer: { S: "other" } },
    }),
  }));
  expect(await items.write(create(freshKey(), "me"))).toEqual({ won: false, item: { writer: "other" } });
  expect(sent).toHaveLength(1);
});
