/**
 * Durable timers. The last leg of each is a standard SQS queue with a delay of at most 15 minutes. runtime/timers sends its
 * messages to the mailbox when they are due.
 *
 * A later timer first waits in EventBridge Scheduler, which is precise to a minute only. It puts the timer into that queue
 * about a minute early. So a sleep of a year ends as punctually as one of a minute.
 */
import { invariant, OperationalError } from "../../lib/errors.ts";
import { digest } from "../../lib/hash.ts";
import { DELAY_MS_MAX, DELAY_QUEUE_MS_MAX } from "../../lib/limits.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Clock, Timer, Timers } from "../../lib/ports.ts";
import { GuardTable } from "../../lib/store/guard-table.ts";
import { timerTime } from "../../lib/timer-time.ts";
import { httpTo } from "../../lib/aws/clients.ts";
import { DelayQueue } from "../../lib/aws/delay-queue.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { toSqsBody } from "../../lib/aws/sqs-body.ts";
import { RestService } from "../../lib/aws/rest-service.ts";
import type { SqsRequests } from "../../lib/aws/sqs-requests.ts";
import type { Connection } from "./connection.ts";
import { encodeTimer } from "../../lib/aws/timer-message.ts";
import { SCHEDULER_PRECISION_MS, SCHEDULE_INPUT_BYTES_MAX } from "../../lib/limits/aws.ts";

/** In base64, 24 bytes are 32 characters. A schedule's name may have 64. */
const NAME_HASH_BYTES = 24;

export interface SqsTimersOptions {
  readonly sqs: Pick<SqsRequests, "SendMessage">;
  readonly scheduler: RestService;
  /** The standard queue of the last leg. */
  readonly delayQueueUrl: string;
  readonly delayQueueArn: string;
  /** What the Scheduler could not send there, after a day of tries. */
  readonly deadLettersArn?: string;
  /** The group of the schedules, so that they can be listed and deleted together. */
  readonly scheduleGroup: string;
  /** The role by which the Scheduler sends to the delay queue. */
  readonly schedulerRoleArn: string;
  readonly clock: Pick<Clock, "now">;
  /** A timer that is due within this takes the delay queue alone. Default and maximum: {@link DELAY_QUEUE_MS_MAX}. */
  readonly delayQueueMsMax?: number;
}

/** Throws {@link OperationalError}. If AWS finds a request invalid, it throws what the client threw. */
export class SqsTimers implements Timers {
  readonly #options: SqsTimersOptions;
  readonly #delayQueue: DelayQueue;
  readonly #delayQueueMsMax: number;
  /** A minute, which is the Scheduler's precision. Tests shorten the delay queue's reach, and then it is less. */
  readonly #leadMs: number;

  constructor(options: SqsTimersOptions) {
    const { delayQueueMsMax = DELAY_QUEUE_MS_MAX } = options;
    invariant(
      delayQueueMsMax <= DELAY_QUEUE_MS_MAX,
      "T1",
      `a delay of ${delayQueueMsMax} ms is longer than SQS takes`,
    );
    this.#options = options;
    const { sqs, delayQueueUrl, clock } = options;
    this.#delayQueue = new DelayQueue(sqs.SendMessage, delayQueueUrl, clock);
    this.#delayQueueMsMax = delayQueueMsMax;
    this.#leadMs = Math.max(1000, Math.min(SCHEDULER_PRECISION_MS, delayQueueMsMax / 2));
  }

  async schedule({ atMs, message }: Timer): Promise<void> {
    const nowMs = this.#options.clock.now();
    const timer = { atMs: timerTime(atMs), message };
    // A time beyond all that the Scheduler takes: what comes too early is scheduled again (T1).
    const wakeAtMs = this.#farLegMs(Math.min(timer.atMs, nowMs + DELAY_MS_MAX));
    // The Scheduler refuses a time that has passed. A timer that is due so soon fits the delay queue anyway.
    const near = timer.atMs - nowMs <= this.#delayQueueMsMax || wakeAtMs - nowMs < this.#leadMs;
    await (near ? this.#delayQueue.schedule(timer) : this.#sleep(timer, wakeAtMs));
  }

  /**
   * Takes a far timer out of the Scheduler. It cannot be taken out of the delay queue, and need not be: a timer that nothing
   * waits for costs a message and changes nothing. So a failure does not matter either.
   */
  async cancel(timer: Timer): Promise<void> {
    const nowMs = this.#options.clock.now();
    if (this.#farLegMs(timer.atMs) <= nowMs || timer.atMs - nowMs <= this.#delayQueueMsMax) return;
    const { scheduler, scheduleGroup } = this.#options;
    const query = `groupName=${encodeURIComponent(scheduleGroup)}`;
    await scheduler.ask({ method: "DELETE", path: schedulePath(timer), query }).catch(() => undefined);
  }

  /** The start of the minute before the one in which it is due. The Scheduler fires up to 59 seconds late, so at least a
   * second remains, and at most two minutes. */
  #farLegMs(atMs: number): number {
    return (Math.floor(atMs / this.#leadMs) - 1) * this.#leadMs;
  }

  async #sleep(timer: Timer, wakeAtMs: number): Promise<void> {
    const { scheduler, scheduleGroup, delayQueueArn, schedulerRoleArn, deadLettersArn } = this.#options;
    const body = JSON.stringify({
      GroupName: scheduleGroup,
      ScheduleExpression: `at(${new Date(wakeAtMs).toISOString().slice(0, 19)})`,
      ScheduleExpressionTimezone: "UTC",
      FlexibleTimeWindow: { Mode: "OFF" },
      // Otherwise it would count towards the quota for ever.
      ActionAfterCompletion: "DELETE",
      Target: {
        ...{ Arn: delayQueueArn, RoleArn: schedulerRoleArn, Input: scheduleInput(timer) },
        ...(deadLettersArn ? { DeadLetterConfig: { Arn: deadLettersArn } } : {}),
      },
    });
    try {
      await scheduler.ask({ path: schedulePath(timer), body });
    } catch (error) {
      // The same timer, scheduled before: sending again is harmless (M2).
      if (error instanceof Error && error.name === "ConflictException") return;
      throw toOperational(error, "a schedule");
    }
  }
}

/** Timers, for the functions that set them. Guards wait in their table, if there is one. */
export function timersOf(connection: Connection): Timers {
  const timers = sqsTimersOf(connection);
  if (connection.optional("guardTable") === undefined) return timers;
  return new GuardTable({ items: connection.items(), timers, clock: connection.clock });
}

/** For the function that has what comes out of the queue, and out of the table. */
export function sqsTimersOf(connection: Connection): SqsTimers {
  const delayQueueMsMax = connection.optional("delayQueueMsMax");
  const deadLettersArn = connection.optional("delayDeadLettersArn");
  return new SqsTimers({
    sqs: connection.sqs(),
    scheduler: new RestService(httpTo(connection.environment, "scheduler")),
    delayQueueUrl: connection.required("delayQueueUrl"),
    delayQueueArn: connection.required("delayQueueArn"),
    scheduleGroup: connection.required("scheduleGroup"),
    schedulerRoleArn: connection.required("schedulerRoleArn"),
    clock: connection.clock,
    ...(deadLettersArn === undefined ? {} : { deadLettersArn }),
    ...(delayQueueMsMax === undefined ? {} : { delayQueueMsMax: Number(delayQueueMsMax) }),
  });
}

/** The delay queue alone, for what is due within minutes. */
export const delayQueueOf = (connection: Connection): DelayQueue =>
  new DelayQueue(connection.sqs().SendMessage, connection.required("delayQueueUrl"), connection.clock);

/** The same message has the same name, so a second try meets the first. */
function schedulePath({ message: { group, dedup } }: { readonly message: Outgoing }): string {
  return `/schedules/t-${Buffer.from(digest(NAME_HASH_BYTES, group, dedup)).toString("base64url")}`;
}

/** EventBridge Scheduler replaces `<aws.scheduler.…>` in what it sends. In JSON an escape stands for the same. */
function scheduleInput(timer: Timer): string {
  const input = toSqsBody(encodeTimer(timer)).replaceAll("<aws.", String.raw`\u003caws.`);
  const bytes = Buffer.byteLength(input);
  if (bytes > SCHEDULE_INPUT_BYTES_MAX) {
    throw new OperationalError(
      "too-large",
      `a timer's message of ${bytes} bytes is larger than the Scheduler takes`,
    );
  }
  return input;
}
