/** The suites of mailbox, timers and receipts over SQS, whichever emulator answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../lib/clock.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { SqsDeadLetters } from "../../runtime/aws/sqs-dead-letters.ts";
import { depthOfQueue } from "../../runtime/aws/sqs-depth.ts";
import { SqsReceipts } from "../../runtime/aws/sqs-receipts.ts";
import {
  consumerOf,
  deleteFrom,
  nearTimers,
  receiveFrom,
  type SqsEmulator,
} from "../support/emulator-sqs.ts";
import { freshName, type MailboxFaults, mailboxSuite, outgoing } from "./mailbox-suite.ts";
import { timersSuite } from "./timers-suite.ts";

export function sqsSuites(name: string, start: () => Promise<SqsEmulator>, faults: MailboxFaults = {}): void {
  const openMailbox = async () => {
    const emulator = await start();
    const queueUrl = await emulator.createQueue("mailbox.fifo");
    const client = emulator.client();
    return {
      mailbox: emulator.mailbox(queueUrl),
      ...consumerOf(client, queueUrl),
      close: () => emulator.close(),
    };
  };
  mailboxSuite(name, openMailbox, faults);

  timersSuite(name, async () => {
    const emulator = await start();
    const delayQueueUrl = await emulator.createQueue("timers");
    const mailboxUrl = await emulator.createQueue("timers-mailbox.fifo");
    const client = emulator.client();
    const mailbox = emulator.mailbox(mailboxUrl);
    const timers = nearTimers(emulator.requests, delayQueueUrl, systemClock);
    // A minimal forwarder: a due timer goes to the mailbox, an early one is scheduled again.
    const forward = async (): Promise<void> => {
      for (const { Body = "", ReceiptHandle = "" } of await receiveFrom(client, delayQueueUrl, 0)) {
        const timer = parseTimer(Body);
        if (timer.atMs > Date.now()) await timers.schedule(timer);
        else await mailbox.sendBatch([timer.message]);
        await deleteFrom(client, delayQueueUrl, ReceiptHandle);
      }
    };
    const consumer = consumerOf(client, mailboxUrl);
    return {
      timers,
      now: () => Date.now(),
      ...consumer,
      async receive(waitMs) {
        for (const deadline = Date.now() + waitMs; ;) {
          await forward();
          const messages = await consumer.receive(20);
          if (messages.length > 0 || Date.now() >= deadline) return messages;
        }
      },
      close: () => emulator.close(),
    };
  });
}

/** What the dispatcher does with a batch in which one group has several messages. fauxqs hands out one of each group. */
export function receiptsSuite(name: string, start: () => Promise<SqsEmulator>): void {
  describe(`receipts: ${name}`, () => {
    let emulator: SqsEmulator;
    beforeAll(async () => {
      emulator = await start();
    });
    afterAll(() => emulator.close());

    async function filled(bodies: readonly string[], attributes: Readonly<Record<string, string>> = {}) {
      const url = await emulator.createQueue(`${freshName("receipts")}.fifo`, attributes);
      const client = emulator.client();
      const mailbox = emulator.mailbox(url);
      const group = freshName("group");
      for (const body of bodies) expect(await mailbox.sendBatch([outgoing(group, body)])).toEqual([]);
      const receive = () => receiveFrom(client, url, 200);
      const receiptsOf = (messages: Awaited<ReturnType<typeof receive>>) =>
        new SqsReceipts(
          emulator.requests,
          url,
          new Map(messages.map(({ MessageId = "", ReceiptHandle = "" }) => [MessageId, ReceiptHandle])),
        );
      return { url, receive, receiptsOf };
    }
    const idsOf = (messages: readonly { readonly MessageId?: string | undefined }[]): string[] =>
      messages.map(({ MessageId = "" }) => MessageId);
    const textsOf = (messages: readonly { readonly Body?: string | undefined }[]): unknown[] =>
      messages.map(({ Body = "null" }) => JSON.parse(Body) as unknown);

    test("a batch holds several messages of a group, in their order", async () => {
      const { receive } = await filled(["0", "1", "2"]);
      expect(textsOf(await receive())).toEqual(["0", "1", "2"]);
      expect(await receive()).toEqual([]);
    });

    test("what is given back comes again; what was deleted does not; nothing overtakes", async () => {
      const { receive, receiptsOf } = await filled(["0", "1", "2"]);
      const batch = await receive();
      const receipts = receiptsOf(batch);
      const [first = "", second = "", third = ""] = idsOf(batch);
      await receipts.delete([first]);
      // The later one is shown first, as the dispatcher does it: while an earlier one is hidden, it is not handed out.
      expect(await receipts.hide([{ messageId: third, ms: 0 }])).toEqual([]);
      expect(await receive()).toEqual([]);
      expect(await receipts.hide([{ messageId: second, ms: 0 }])).toEqual([]);
      const again = await receive();
      expect(textsOf(again)).toEqual(["1", "2"]);
      expect(again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(["2", "2"]);
    });

    test("a group moves on when its messages are deleted, whatever else the batch held", async () => {
      const { receive, receiptsOf, url } = await filled(["0"]);
      const batch = await receive();
      await emulator.mailbox(url).sendBatch([outgoing(batch[0]?.Attributes?.MessageGroupId ?? "", "next")]);
      expect(await receive()).toEqual([]);
      await receiptsOf(batch).delete(idsOf(batch));
      expect(textsOf(await receive())).toEqual(["next"]);
    });

    test("to delete twice is a success, as Lambda does it after a batch", async () => {
      const { receive, receiptsOf } = await filled(["0"]);
      const batch = await receive();
      await receiptsOf(batch).delete(idsOf(batch));
      await receiptsOf(batch).delete(idsOf(batch));
      expect(await receive()).toEqual([]);
    });

    test("what was deleted is no longer held", async () => {
      const { receive, receiptsOf } = await filled(["0"]);
      const batch = await receive();
      await receiptsOf(batch).delete(idsOf(batch));
      const [gone = ""] = idsOf(batch);
      expect(await receiptsOf(batch).hide([{ messageId: gone, ms: 10_000 }])).toEqual([gone]);
    });

    test("what was received too often is a dead letter, is looked at, and stays", async () => {
      const deadUrl = await emulator.createQueue(`${freshName("dead")}.fifo`);
      const deadLetterTargetArn = arnOf(deadUrl, await regionOf());
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: "2" });
      const { receive, receiptsOf } = await filled(["0"], { RedrivePolicy });
      for (let receipt = 0; receipt < 2; receipt++) {
        const batch = await receive();
        await receiptsOf(batch).hide(idsOf(batch).map((messageId) => ({ messageId, ms: 0 })));
      }
      expect(await receive()).toEqual([]);
      expect(await depthOfQueue(emulator.requests, deadUrl)).toBe(1);
      const found = await new SqsDeadLetters(emulator.requests, deadUrl).next();
      expect(found.map(({ body }) => JSON.parse(body) as unknown)).toEqual(["0"]);
      expect(found[0]?.sinceMs).toBeGreaterThan(Date.now() - 60_000);
      expect(await depthOfQueue(emulator.requests, deadUrl)).toBe(1);
    });

    const regionOf = async (): Promise<string> => await emulator.client().config.region();
  });
}

function arnOf(url: string, region: string): string {
  const [, account = "", name = ""] = new URL(url).pathname.split("/");
  return `arn:aws:sqs:${region}:${account}:${name}`;
}
