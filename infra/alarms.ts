/**
 * Alarms. Each says in its description what to look at first, and has a section of its name in docs/operations.md, which is in the
 * package.
 *
 * Five of them are enough to learn of whatever stands still. The others say more, and earlier, of the causes. They are optional,
 * because an alarm costs ten cents a month.
 *
 * SQS's own age of the oldest message leaves out what is received again and again and never deleted. So that has an alarm of its own.
 * A dispatcher that cannot start, or that Lambda does not run, measures nothing: these two are seen by what Lambda measures. What is in
 * a dead-letter queue has been received a thousand times before.
 *
 * A service's own mailbox has the two alarms that are about a queue. Its messages are handled by the runtime's dispatcher, and go to the
 * runtime's dead letters. So the other alarms are for both.
 */
import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  Metric,
  Stats,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import {
  type Metric as MetricName,
  MAILBOX_DIMENSION,
  METRIC_DIMENSION,
  METRIC_NAMESPACE,
  METRICS,
} from "../lib/metrics.ts";
import type { PerdureFunction } from "./function.ts";
import type { FunctionApi } from "./http-api.ts";
import { labelOf } from "./label.ts";
import type { Queues } from "./queues.ts";
import { ALARM_LATE_MS, ALARM_STUCK_SECONDS_MIN } from "../lib/limits/aws.ts";

/** `"outcomes"`: the five. `"all"`: those, and eight more. */
export type Alarms = "none" | "outcomes" | "all";

export interface Watched {
  readonly runtimeName: string;
  readonly queues: Queues;
  readonly dispatcher: PerdureFunction;
  readonly reconciler: PerdureFunction;
  readonly ingress: FunctionApi;
  /** The longest turn that a dispatcher waits for. */
  readonly turnTimeout: Duration;
}

interface Condition {
  readonly name: string;
  readonly says: string;
  /** What to look at, whole: the one who is woken has the description, and nothing else at hand. */
  readonly first: string;
  readonly metric: IMetric;
  readonly threshold: number;
  /** How many periods in a row. */
  readonly periods: number;
}

const PERIOD = Duration.minutes(5);
const STUCK_TURNS = 2;
const INGRESS_FAULTS = 5;
/** Where an installed package has the document. */
const DOCUMENT = "node_modules/perdure/docs/operations.md";

export interface RuntimeAlarmsProps extends Watched {
  readonly alarms: Alarms;
  readonly actions: readonly IAlarmAction[];
}

export class RuntimeAlarms extends Construct {
  constructor(scope: Construct, id: string, props: RuntimeAlarmsProps) {
    super(scope, id);
    const conditions = [
      ...(props.alarms === "none" ? [] : outcomes(props)),
      ...(props.alarms === "all" ? causes(props) : []),
    ];
    const label = labelOf(scope);
    for (const condition of conditions) makeAlarm(this, label, condition, props.actions);
  }
}

/** `label`: of what it watches. */
function makeAlarm(
  scope: Construct,
  label: string,
  { name, says, first, metric, threshold, periods }: Condition,
  actions: readonly IAlarmAction[],
): void {
  const alarm = new Alarm(scope, name, {
    alarmName: `${label.replaceAll("/", "-")}-${name}`,
    alarmDescription: `Perdure, ${label}: ${says} First: ${first} More: ${name} in ${DOCUMENT}.`,
    metric,
    threshold,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // If nothing was measured, nothing is wrong.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (actions.length > 0) alarm.addAlarmAction(...actions);
}

interface WatchedMailbox {
  readonly queue: IQueue;
  readonly runtimeName: string | undefined;
  readonly turnTimeout: Duration;
  readonly stuckAfter: Duration | undefined;
  readonly actions: readonly IAlarmAction[];
}

/** The alarms of a mailbox of a service's own: MailboxStuck and MessagesComeAgain. */
export function mailboxAlarms(service: Construct, scope: Construct, watched: WatchedMailbox): void {
  const { queue, runtimeName, turnTimeout, stuckAfter, actions } = watched;
  const seconds = stuckAfter?.toSeconds() ?? stuckSeconds(turnTimeout);
  const label = labelOf(service);
  makeAlarm(scope, label, mailboxStuck(queue, seconds), actions);
  if (runtimeName === undefined) return;
  const again = mailboxMetric(runtimeName, queue, "comesAgainAge", Stats.MAXIMUM);
  makeAlarm(scope, label, messagesComeAgain(again, seconds), actions);
}

interface WatchedDoor {
  readonly runtimeName: string;
  readonly actions: readonly IAlarmAction[];
}

/** The alarms of a runtime that has subscriptions. */
export function sourceAlarms(
  runtime: Construct,
  scope: Construct,
  { runtimeName, actions }: WatchedDoor,
): void {
  const conditions: readonly Condition[] = [
    {
      name: "SourceStuck",
      says: "records of an event source come again and again, and are not accepted.",
      first:
        "the source door's log says which subscription, and why: a handler that is not registered, a table or a queue that refuses. Records stay in their source meanwhile.",
      metric: ownMetric(runtimeName, "recordsFailed", Stats.SUM),
      threshold: 1,
      periods: 3,
    },
    {
      name: "RecordsRejected",
      says: "a record of an event source cannot become an invocation, or its handler does not take its value, and it was set aside.",
      first:
        "ask the admin API for GET /events/rejected: each says why. POST …/retry tries it once more, with a key that you give; POST …/drop lets it be.",
      metric: ownMetric(runtimeName, "recordsRejected", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
  ];
  for (const condition of conditions) makeAlarm(scope, labelOf(runtime), condition, actions);
}

const mailboxStuck = (mailbox: IQueue, seconds: number): Condition => ({
  name: "MailboxStuck",
  says: "a message has waited for far longer than turns take.",
  first:
    "is the dispatcher's event source mapping of this queue enabled, and what does the dispatcher's log say? Then ask the admin API for GET /invocations?status=running&scan=true: the oldest one may hold its key.",
  metric: mailbox.metricApproximateAgeOfOldestMessage({ period: PERIOD }),
  threshold: seconds,
  periods: 1,
});

const messagesComeAgain = (metric: Metric, seconds: number): Condition => ({
  name: "MessagesComeAgain",
  says: "a message is received again and again, and never done.",
  first:
    'the dispatcher\'s log says "a message is given back", with the invocation and the reason: a table, a key or a queue that refuses, or a handler that Lambda does not run.',
  metric,
  threshold: 1000 * seconds,
  periods: 1,
});

/** One of the runtime's own metrics. */
export function ownMetric(runtimeName: string, metric: MetricName, statistic: string): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: METRICS[metric].name,
    dimensionsMap: { [METRIC_DIMENSION]: runtimeName },
    statistic,
    period: PERIOD,
  });
}

/** The same, of one mailbox of a service's own. */
export const mailboxMetric = (
  runtimeName: string,
  { queueName }: IQueue,
  metric: MetricName,
  statistic: string,
): Metric =>
  ownMetric(runtimeName, metric, statistic).with({
    dimensionsMap: { [METRIC_DIMENSION]: runtimeName, [MAILBOX_DIMENSION]: queueName },
  });

function outcomes({ queues, dispatcher, runtimeName, turnTimeout }: Watched): Condition[] {
  const seconds = stuckSeconds(turnTimeout);
  return [
    mailboxStuck(queues.mailbox, seconds),
    messagesComeAgain(ownMetric(runtimeName, "comesAgainAge", Stats.MAXIMUM), seconds),
    {
      name: "DispatcherFails",
      says: "the dispatcher cannot start, crashes or runs out of time, again and again.",
      first: "its log group has the reason. Nothing is lost: messages come again after half a minute.",
      metric: dispatcher.function.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 3,
    },
    {
      name: "DispatcherThrottled",
      says: "Lambda does not run the dispatcher, again and again: nothing moves while that is so.",
      first:
        "compare the account's ConcurrentExecutions with its quota, and look whether a concurrency is reserved for the dispatcher's function. Then lower maxConcurrency or ask for a higher quota.",
      metric: dispatcher.function.metricThrottles({ period: PERIOD }),
      threshold: 1,
      periods: 3,
    },
    {
      name: "InvocationsPaused",
      says: "an invocation is paused and waits for an operator.",
      first:
        "ask the admin API for GET /invocations?status=paused: last_failure says why. PATCH /invocations/{id}/resume goes on, with ?deployment=latest on repaired code.",
      metric: ownMetric(runtimeName, "paused", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
  ];
}

/** As long as a message may wait: for two of the longest turns, one before it in its group, and one more. */
const stuckSeconds = (turnTimeout: Duration): number =>
  Math.max(ALARM_STUCK_SECONDS_MIN, turnTimeout.toSeconds() * STUCK_TURNS);

const causes = (watched: Watched): Condition[] => [...delays(watched), ...failures(watched)];

/** What is given up, or late. */
function delays({ queues, runtimeName }: Watched): Condition[] {
  return [
    {
      name: "DeadLetters",
      says: "the dispatcher could not handle a message, a thousand times.",
      first:
        "the dispatcher's log, for as long as it has not been able to work. When the reason is gone, send them again with aws sqs start-message-move-task, then resume what is paused.",
      metric: queues.mailboxDeadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "DeadTimers",
      says: "a timer could not be forwarded.",
      first:
        "the log of the timers' function. The invocations that wait for them are found by the reconciler, so they can be purged when the reason is gone.",
      metric: queues.delayDeadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "TurnsThrottled",
      says: "Lambda refuses to run handlers: too many run at a time.",
      first:
        "compare the account's ConcurrentExecutions with its quota, and the handler's with what is reserved for it. None is lost: they get slower.",
      metric: ownMetric(runtimeName, "throttled", Stats.SUM),
      threshold: 1,
      periods: 3,
    },
    {
      name: "TimersLate",
      says: "timers fire late.",
      first:
        "look at MailboxStuck and TurnsThrottled: usually timers wait behind other messages of their key.",
      metric: ownMetric(runtimeName, "timerLateness", Stats.percentile(99)),
      threshold: ALARM_LATE_MS,
      periods: 3,
    },
    {
      name: "InvocationsPoked",
      says: "an invocation stood still until the reconciler found it.",
      first:
        "look at the dead-letter queues, and at the dispatcher's log of the hour before. It goes on now.",
      metric: ownMetric(runtimeName, "poked", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
  ];
}

function failures({ reconciler, ingress, runtimeName }: Watched): Condition[] {
  return [
    {
      name: "ReconcilerFails",
      says: "the reconciler crashes.",
      first:
        "its log group has the reason. It runs again with its next schedule; until then lost messages are not noticed.",
      metric: reconciler.function.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "IngressFails",
      says: "the ingress answers with errors of its own.",
      first:
        'its log says "ingress: a port failed", with the reason: DynamoDB or SQS refuse, or do not answer.',
      metric: ownMetric(runtimeName, "ingressFaults", Stats.SUM),
      threshold: INGRESS_FAULTS,
      periods: 3,
    },
    {
      name: "IngressCrashes",
      says: "the ingress cannot start, crashes or runs out of time.",
      first: "its log group has the reason. Calls that it has accepted run.",
      metric: ingress.target.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 3,
    },
  ];
}
