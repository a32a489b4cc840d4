/**
 * Alarms. Each has a section of its name in docs/operations.md, which says what to do.
 *
 * Four of them are enough to learn of whatever stands still. The others say more, and earlier, of the causes. They are optional,
 * because an alarm costs ten cents a month.
 *
 * SQS's own age of the oldest message leaves out what is received again and again and never deleted. So that, and a dispatcher that
 * cannot start and measures nothing, have an alarm each. What is in a dead-letter queue has been received a thousand times before.
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
import { type Metric as MetricName, METRIC_DIMENSION, METRIC_NAMESPACE, METRICS } from "../lib/metrics.ts";
import type { PerdureFunction } from "./function.ts";
import type { FunctionApi } from "./http-api.ts";
import type { Queues } from "./queues.ts";
import { ALARM_LATE_MS, ALARM_STUCK_SECONDS_MIN } from "../lib/limits/aws.ts";

/** `"outcomes"`: the four. `"all"`: those, and eight more. */
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
  readonly metric: IMetric;
  readonly threshold: number;
  /** How many periods in a row. */
  readonly periods: number;
}

const PERIOD = Duration.minutes(5);
const STUCK_TURNS = 2;
const INGRESS_FAULTS = 5;

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
    for (const condition of conditions) makeAlarm(this, condition, props.actions);
  }
}

function makeAlarm(
  scope: Construct,
  { name, says, metric, threshold, periods }: Condition,
  actions: readonly IAlarmAction[],
): void {
  const alarm = new Alarm(scope, name, {
    alarmDescription: `Perdure: ${says} See ${name} in docs/operations.md.`,
    metric,
    threshold,
    evaluationPeriods: periods,
    comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    // If nothing was measured, nothing is wrong.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (actions.length > 0) alarm.addAlarmAction(...actions);
}

/** MailboxStuck, of a mailbox of a service's own. */
export function mailboxAlarm(
  scope: Construct,
  {
    queue,
    turnTimeout,
    stuckAfter,
    actions,
  }: {
    readonly queue: IQueue;
    readonly turnTimeout: Duration;
    readonly stuckAfter: Duration | undefined;
    readonly actions: readonly IAlarmAction[];
  },
): void {
  const stuck = mailboxStuck(queue, turnTimeout);
  const threshold = stuckAfter?.toSeconds() ?? stuck.threshold;
  makeAlarm(scope, { ...stuck, threshold }, actions);
}

const mailboxStuck = (mailbox: IQueue, turnTimeout: Duration): Condition => ({
  name: "MailboxStuck",
  says: "a message has waited for far longer than turns take.",
  metric: mailbox.metricApproximateAgeOfOldestMessage({ period: PERIOD }),
  threshold: stuckSeconds(turnTimeout),
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

function outcomes({ queues, dispatcher, runtimeName, turnTimeout }: Watched): Condition[] {
  return [
    mailboxStuck(queues.mailbox, turnTimeout),
    {
      name: "MessagesComeAgain",
      says: "a message is received again and again, and never done.",
      metric: ownMetric(runtimeName, "comesAgainAge", Stats.MAXIMUM),
      threshold: 1000 * stuckSeconds(turnTimeout),
      periods: 1,
    },
    {
      name: "DispatcherFails",
      says: "the dispatcher cannot start, crashes or runs out of time, again and again.",
      metric: dispatcher.function.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 3,
    },
    {
      name: "InvocationsPaused",
      says: "an invocation is paused and waits for an operator.",
      metric: ownMetric(runtimeName, "paused", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
  ];
}

/** As long as a message may wait: for two of the longest turns, one before it in its group, and one more. */
const stuckSeconds = (turnTimeout: Duration): number =>
  Math.max(ALARM_STUCK_SECONDS_MIN, turnTimeout.toSeconds() * STUCK_TURNS);

function causes({ queues, reconciler, ingress, runtimeName }: Watched): Condition[] {
  return [
    {
      name: "DeadLetters",
      says: "the dispatcher could not handle a message, a thousand times.",
      metric: queues.mailboxDeadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "DeadTimers",
      says: "a timer could not be forwarded.",
      metric: queues.delayDeadLetters.metricApproximateNumberOfMessagesVisible({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "TurnsThrottled",
      says: "Lambda refuses to run handlers: too many run at a time.",
      metric: ownMetric(runtimeName, "throttled", Stats.SUM),
      threshold: 1,
      periods: 3,
    },
    {
      name: "TimersLate",
      says: "timers fire late.",
      metric: ownMetric(runtimeName, "timerLateness", Stats.percentile(99)),
      threshold: ALARM_LATE_MS,
      periods: 3,
    },
    {
      name: "InvocationsPoked",
      says: "an invocation stood still until the reconciler found it.",
      metric: ownMetric(runtimeName, "poked", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
    {
      name: "ReconcilerFails",
      says: "the reconciler crashes.",
      metric: reconciler.function.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 1,
    },
    {
      name: "IngressFails",
      says: "the ingress answers with errors of its own.",
      metric: ownMetric(runtimeName, "ingressFaults", Stats.SUM),
      threshold: INGRESS_FAULTS,
      periods: 3,
    },
    {
      name: "IngressCrashes",
      says: "the ingress cannot start, crashes or runs out of time.",
      metric: ingress.target.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 3,
    },
  ];
}
