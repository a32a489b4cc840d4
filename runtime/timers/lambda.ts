/** The timers' Lambda entry. Its events come from the delay queue. Its answer names the messages that failed. */
import { Connection, early } from "../aws/connection.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { timersOf } from "../aws/sqs-timers.ts";
import { forwardTimer } from "./due-timer.ts";

interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
}

const connect = await early(
  () => {
    const connection = new Connection(process.env);
    const { clock, logger } = connection;
    const ports = {
      ...{ mailbox: connection.mailbox(), timers: timersOf(connection) },
      ...{ items: connection.items(), clock },
    };
    return { logger, ports };
  },
  "sqs",
  "dynamodb",
);

export async function handler(event: { readonly Records: readonly SqsRecord[] }) {
  const { logger, ports } = connect();
  const forwarded = await Promise.allSettled(
    event.Records.map(async ({ body }) => await forwardTimer(ports, parseTimer(body))),
  );
  const batchItemFailures = forwarded.flatMap((result, index) => {
    const record = event.Records[index];
    if (result.status === "fulfilled" || !record) return [];
    logger.log("warn", "a timer is given back", { messageId: record.messageId, error: result.reason });
    return [{ itemIdentifier: record.messageId }];
  });
  return { batchItemFailures };
}
