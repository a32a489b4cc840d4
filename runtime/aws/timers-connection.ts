/** Timers, for the functions that set them: see {@link Connection}. */
import { SchedulerClient } from "@aws-sdk/client-scheduler";
import { CLIENT_TIMEOUTS } from "./client-timeouts.ts";
import type { Connection } from "./connection.ts";
import { SqsTimers } from "./sqs-timers.ts";

export function timersOf(connection: Connection): SqsTimers {
  const delayQueueMsMax = connection.optional("delayQueueMsMax");
  return new SqsTimers({
    sqs: connection.sqs(),
    scheduler: new SchedulerClient(CLIENT_TIMEOUTS),
    delayQueueUrl: connection.required("delayQueueUrl"),
    delayQueueArn: connection.required("delayQueueArn"),
    scheduleGroup: connection.required("scheduleGroup"),
    schedulerRoleArn: connection.required("schedulerRoleArn"),
    clock: connection.clock,
    ...(delayQueueMsMax === undefined ? {} : { delayQueueMsMax: Number(delayQueueMsMax) }),
  });
}
