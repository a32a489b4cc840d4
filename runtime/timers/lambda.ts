/** The timers' Lambda entry. Its events come from the delay queue. Its answer names the messages that failed. */
import { Connection, early } from "../aws/connection.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import { delayQueueOf, sqsTimersOf } from "../aws/sqs-timers.ts";
import { GUARD_PASS_CLOSING_MS } from "../../lib/limits/guards.ts";
import { TimersFunction } from "./timers-function.ts";

interface SqsRecord {
  readonly messageId: string;
  readonly body: string;
}

const connect = await early(
  () => {
    const connection = new Connection(process.env);
    const { clock, logger } = connection;
    const timersFunction = new TimersFunction({
      ...{ mailbox: connection.mailbox(), timers: sqsTimersOf(connection) },
      ...{ items: connection.items(), clock, logger, passTimers: delayQueueOf(connection) },
      hasGuardTable: connection.optional("guardTable") !== undefined,
    });
    return { clock, logger, timersFunction };
  },
  "sqs",
  "dynamodb",
);

interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(event: { readonly Records: readonly SqsRecord[] }, context: LambdaContext) {
  const { clock, logger, timersFunction } = connect();
  const deadlineMs = clock.now() + context.getRemainingTimeInMillis() - GUARD_PASS_CLOSING_MS;
  const taken = await Promise.allSettled(
    event.Records.map(async ({ body }) => await timersFunction.take(parseTimer(body), deadlineMs)),
  );
  const batchItemFailures = taken.flatMap((result, index) => {
    const record = event.Records[index];
    if (result.status === "fulfilled" || !record) return [];
    logger.log("warn", "a timer is given back", { messageId: record.messageId, error: result.reason });
    return [{ itemIdentifier: record.messageId }];
  });
  return { batchItemFailures };
}
