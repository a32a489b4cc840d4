import { describe, expect, test } from "vitest";
import { JsonService } from "../../lib/aws/json-service.ts";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";
import { sqsRequests } from "../../lib/aws/sqs-requests.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { type Answerer, carrying, connectionReset, jsonError } from "../support/emulator-answers.ts";
import { outgoing } from "./mailbox-suite.ts";

function mailboxAnswering(answer: Answerer) {
  const { http, sent } = carrying(answer);
  const sqs = sqsRequests(new JsonService(http, "AmazonSQS", 1));
  return { mailbox: new QueueMailbox(sqs.SendMessageBatch, "http://127.0.0.1:1/0/mailbox.fifo"), sent };
}
const failing =
  (...failed: object[]): Answerer =>
  () => ({ body: JSON.stringify({ Successful: [], Failed: failed }) });
const messages = ["a", "b", "c"].map((group) => outgoing(group, "x"));
const operational = (code: string) => ({ name: "OperationalError", code });

describe("a batch that fails", () => {
  test("in part: the indexes of those to try again", async () => {
    const { mailbox } = mailboxAnswering(
      failing(
        { Id: "0", Code: "InternalError", SenderFault: false },
        { Id: "2", Code: "RequestThrottled", SenderFault: true },
      ),
    );
    expect(await mailbox.sendBatch(messages)).toEqual([0, 2]);
  });

  test("in part, in a later request of the same batch: indexes are those of the whole", async () => {
    const { mailbox, sent } = mailboxAnswering(({ body }) => {
      const { Entries } = JSON.parse(body) as { Entries: { Id: string }[] };
      const Failed = Entries.filter(({ Id }) => Id === "2").map(({ Id }) => ({
        Id,
        Code: "InternalError",
        SenderFault: false,
      }));
      return { body: JSON.stringify({ Successful: [], Failed }) };
    });
    const large = ["a", "b", "c"].map((group) => outgoing(group, "x".repeat(500_000)));
    expect(await mailbox.sendBatch(large)).toEqual([2]);
    expect(sent).toHaveLength(2);
  });

  test("because a message is no message: an error, since trying again is useless", async () => {
    const { mailbox } = mailboxAnswering(
      failing({ Id: "1", Code: "InvalidMessageContents", SenderFault: true }),
    );
    await expect(mailbox.sendBatch(messages)).rejects.toThrow(/InvalidMessageContents/);
  });

  test("as a whole", async () => {
    const throttled = mailboxAnswering(() => jsonError("RequestThrottled", "slow down"));
    await expect(throttled.mailbox.sendBatch(messages)).rejects.toMatchObject(operational("throttled"));
    const broken = mailboxAnswering(() => {
      throw connectionReset();
    });
    await expect(broken.mailbox.sendBatch(messages)).rejects.toMatchObject(operational("unavailable"));
    const gone = mailboxAnswering(() => jsonError("QueueDoesNotExist", "which queue?"));
    await expect(gone.mailbox.sendBatch(messages)).rejects.toMatchObject({ name: "QueueDoesNotExist" });
  });
});

test.each(["", "x".repeat(129)])("an id of a length that SQS refuses is a caller's bug", async (id) => {
  const { mailbox, sent } = mailboxAnswering(failing());
  await expect(mailbox.sendBatch([{ group: id, dedup: "d", body: "{}" }])).rejects.toThrow(/P1/);
  await expect(mailbox.sendBatch([{ group: "g", dedup: id, body: "{}" }])).rejects.toThrow(/P1/);
  expect(sent).toEqual([]);
});

test.each([
  "",
  "null",
  "[]",
  '{"group":"g","dedup":"d","body":"b"}',
  '{"group":1,"dedup":"d","body":"b","atMs":1}',
])("%s is no timer", (text) => {
  expect(() => parseTimer(text)).toThrow();
});
