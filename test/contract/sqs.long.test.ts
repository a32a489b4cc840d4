import type { SQSClient } from "@aws-sdk/client-sqs";
import { SqsMailbox } from "../../runtime/aws/sqs-mailbox.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import type { Incoming } from "../../lib/model/message.ts";
import { systemClock } from "../../lib/clock.ts";
import {
  deleteFrom,
  nearTimers,
  receiveFrom,
  releaseTo,
  startFauxqs,
  toIncoming,
} from "../support/emulator-sqs.ts";
import { type Consumer, mailboxSuite } from "./mailbox-suite.ts";
import { timersSuite } from "./timers-suite.ts";

function consumerOf(client: SQSClient, queueUrl: string): Consumer {
  const handles = new Map<string, string>();
  const handleOf = ({ messageId }: Incoming): string => handles.get(messageId) ?? "";
  return {
    async receive(waitMs) {
      const messages = await receiveFrom(client, queueUrl, waitMs);
      for (const { MessageId = "", ReceiptHandle = "" } of messages) handles.set(MessageId, ReceiptHandle);
      return messages.map(toIncoming);
    },
    delete: (message) => deleteFrom(client, queueUrl, handleOf(message)),
    release: (message) => releaseTo(client, queueUrl, handleOf(message)),
  };
}

mailboxSuite("SQS (fauxqs)", async () => {
  const emulator = await startFauxqs();
  const queueUrl = await emulator.createQueue("mailbox.fifo");
  const client = emulator.client();
  return {
    mailbox: new SqsMailbox(client, queueUrl),
    ...consumerOf(client, queueUrl),
    close: () => emulator.close(),
  };
});

timersSuite("SQS (fauxqs)", async () => {
  const emulator = await startFauxqs();
  const delayQueueUrl = await emulator.createQueue("timers");
  const mailboxUrl = await emulator.createQueue("mailbox.fifo");
  const client = emulator.client();
  const mailbox = new SqsMailbox(client, mailboxUrl);
  const timers = nearTimers(client, delayQueueUrl, systemClock);
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
