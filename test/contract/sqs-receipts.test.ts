/** R7, R16: which messages of a batch are lost, and when nobody knows. */
import { describe, expect, test } from "vitest";
import { JsonService } from "../../lib/aws/json-service.ts";
import { sqsRequests } from "../../lib/aws/sqs-requests.ts";
import { SqsReceipts } from "../../runtime/aws/sqs-receipts.ts";
import { type Answerer, carrying, connectionReset, jsonError } from "../support/emulator-answers.ts";

function receiptsAnswering(answer: Answerer) {
  const { http, sent } = carrying(answer);
  const sqs = sqsRequests(new JsonService(http, "AmazonSQS", 1));
  const handles = new Map(["a", "b", "c"].map((id) => [id, `handle of ${id}`]));
  const receipts = new SqsReceipts(sqs, "http://127.0.0.1:1/0/mailbox.fifo", handles);
  return { receipts, bodies: () => sent.map(({ body }) => JSON.parse(body) as { Entries: unknown }) };
}
const failing =
  (...Failed: object[]): Answerer =>
  () => ({ body: JSON.stringify({ Successful: [], Failed }) });
const messages = ["a", "b", "c"].map((messageId) => ({ messageId, ms: 30_000 }));

describe("hiding", () => {
  test("names each message by its receipt, for whole seconds and never less", async () => {
    const { receipts, bodies } = receiptsAnswering(failing());
    expect(await receipts.hide([{ messageId: "b", ms: 1001 }])).toEqual([]);
    expect(bodies()[0]?.Entries).toEqual([{ Id: "0", ReceiptHandle: "handle of b", VisibilityTimeout: 2 }]);
  });

  test("those that SQS finds wrong are ours no more", async () => {
    const { receipts } = receiptsAnswering(
      failing(
        { Id: "0", Code: "ReceiptHandleIsInvalid", SenderFault: true },
        { Id: "2", Code: "InvalidParameterValue", SenderFault: true },
      ),
    );
    expect(await receipts.hide(messages)).toEqual(["a", "c"]);
  });

  test.each([
    ["a failure of SQS's own", { Id: "1", Code: "InternalError", SenderFault: false }],
    ["one that does not say whose it is", { Id: "1", Code: "InternalError" }],
    ["throttling, whosever it is", { Id: "1", Code: "RequestThrottled", SenderFault: true }],
  ])("%s says nothing about who has the message: nobody knows", async (_, failed) => {
    const lost = { Id: "0", Code: "ReceiptHandleIsInvalid", SenderFault: true };
    for (const all of [[failed], [lost, failed]]) {
      const { receipts } = receiptsAnswering(failing(...all));
      await expect(receipts.hide(messages)).rejects.toThrow(failed.Code);
    }
  });

  test("a request that fails as a whole is operational", async () => {
    const broken = receiptsAnswering(() => {
      throw connectionReset();
    });
    const unavailable = { name: "OperationalError", code: "unavailable" };
    await expect(broken.receipts.hide(messages)).rejects.toMatchObject(unavailable);
    const throttled = receiptsAnswering(() => jsonError("RequestThrottled", "slow down"));
    await expect(throttled.receipts.delete(["a"])).rejects.toMatchObject({ code: "throttled" });
  });
});

test("what cannot be deleted here is left to Lambda", async () => {
  const { receipts, bodies } = receiptsAnswering(
    failing({ Id: "0", Code: "InternalError", SenderFault: false }),
  );
  await receipts.delete(["c", "a"]);
  expect(bodies()[0]?.Entries).toEqual([
    { Id: "0", ReceiptHandle: "handle of c" },
    { Id: "1", ReceiptHandle: "handle of a" },
  ]);
});
