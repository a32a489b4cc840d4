/**
 * Alarms. Each has a section of its name in docs/operations.md, which says what to do.
 *
 * Four of them watch what people would notice: that something waits too long. The others watch causes. They are optional,
 * because an alarm costs ten cents a month.
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
import { Construct } from "constructs";
import { type Metric as MetricName, METRIC_DIMENSION, METRIC_NAMESPACE, METRICS } from "../lib/metrics.ts";
import type { PerdureFunction } from "./function.ts";
import type { FunctionApi } from "./http-api.ts";
import type { Queues } from "./queues.ts";
import { ALARM_LATE_MS, ALARM_STUCK_SECONDS_MIN } from "../lib/limits/aws.ts";

/** `"outcomes"`: the four. `"all"`: those, and six that watch causes. */
export type Alarms = "none" | "outcomes" | "all";

export interface Watched {
  readonly runtimeName: string;
  readonly queues: Queues;
  readonly dispatcher: PerdureFunction;
  readonly reconciler: PerdureFunction;
  readonly ingress: FunctionApi;
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
/** A message may wait for two turns: one before it in its group, and one more. */
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
    for (const { name, says, metric, threshold, periods } of conditions) {
      const alarm = new Alarm(this, name, {
        alarmDescription: `Perdure: ${says} See ${name} in docs/operations.md.`,
        metric,
        threshold,
        evaluationPeriods: periods,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        // If nothing was measured, nothing is wrong.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      if (props.actions.length > 0) alarm.addAlarmAction(...props.actions);
    }
  }
}

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

function outcomes({ queues, runtimeName, turnTimeout }: Watched): Condition[] {
  return [
    {
      name: "MailboxStuck",
      says: "a message has waited for far longer than turns take.",
      metric: queues.mailbox.metricApproximateAgeOfOldestMessage({ period: PERIOD }),
      threshold: Math.max(ALARM_STUCK_SECONDS_MIN, turnTimeout.toSeconds() * STUCK_TURNS),
      periods: 1,
    },
    {
      name: "DeadLetters",
      says: "the dispatcher could not handle a message.",
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
      name: "InvocationsPaused",
      says: "an invocation is paused and waits for an operator.",
      metric: ownMetric(runtimeName, "paused", Stats.SUM),
      threshold: 1,
      periods: 1,
    },
  ];
}

function causes({ dispatcher, reconciler, ingress, runtimeName }: Watched): Condition[] {
  return [
    {
      name: "DispatcherFails",
      says: "the dispatcher crashes or runs out of time, again and again.",
      metric: dispatcher.function.metricErrors({ period: PERIOD }),
      threshold: 1,
      periods: 3,
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
      metric: ingress.api.metricServerError({ period: PERIOD, statistic: Stats.SUM }),
      threshold: INGRESS_FAULTS,
      periods: 3,
    },
  ];
}
