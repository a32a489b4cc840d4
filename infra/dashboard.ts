/** One page of graphs: invocations, retries, waiting messages, dead letters, times, errors and DynamoDB's units. */
import { Stack } from "aws-cdk-lib";
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric as CloudWatchMetric,
  Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { Metric } from "../lib/metrics.ts";
import { mailboxMetric, ownMetric, type Watched } from "./alarms.ts";
import { labelOf } from "./label.ts";
import type { TableReference } from "./tables.ts";

const WIDTH = 12;

export interface RuntimeDashboardProps extends Watched {
  readonly journal: TableReference;
  readonly state: TableReference;
}

export class RuntimeDashboard extends Construct {
  readonly #dashboard: Dashboard;
  readonly #runtimeName: string;

  constructor(scope: Construct, id: string, props: RuntimeDashboardProps) {
    super(scope, id);
    const { queues, dispatcher, ingress, runtimeName, journal, state } = props;
    const sums = (...metrics: Metric[]) => metrics.map((metric) => ownMetric(runtimeName, metric, Stats.SUM));
    const spread = (metric: Metric) =>
      [50, 99].map((percent) => ownMetric(runtimeName, metric, Stats.percentile(percent)));
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: WIDTH });
    const mailbox = queues.mailbox.metricApproximateNumberOfMessagesVisible();
    this.#runtimeName = runtimeName;
    this.#dashboard = new Dashboard(this, "Dashboard", {
      widgets: [
        [
          graph("Invocations", sums("accepted", "completed", "failed", "paused", "parked")),
          graph(
            "Retries",
            sums("retries", "throttled", "givenBack", "poked", "ingressFaults", "spansDropped"),
          ),
        ],
        [
          graph(
            "Waiting, and for how long, ms",
            [mailbox],
            [...spread("oldestMessageAge"), ownMetric(runtimeName, "comesAgainAge", Stats.MAXIMUM)],
          ),
          graph(
            "Dead letters, and those that the reconciler met",
            [
              queues.mailboxDeadLetters.metricApproximateNumberOfMessagesVisible(),
              queues.delayDeadLetters.metricApproximateNumberOfMessagesVisible(),
            ],
            sums("deadLetters"),
          ),
        ],
        [
          graph("Turns, ms", spread("turnTime"), spread("replayLength")),
          graph("Lateness of timers, ms", spread("timerLateness")),
        ],
        [
          graph("Dispatcher", [dispatcher.function.metricInvocations(), dispatcher.function.metricErrors()]),
          graph("Ingress", [
            ingress.api.metricCount(),
            ingress.api.metricClientError(),
            ingress.api.metricServerError(),
          ]),
        ],
        [graph("Records", sums("recordsAccepted", "recordsRepeated", "recordsRejected", "recordsFailed"))],
        [graph("Units", [...units("journal", journal), ...units("state", state)])],
      ],
    });
  }

  /** A service's handlers, as Lambda measures them. `directAlias`: calls in memory come by it (R28), and are in no metric of the
   * runtime's. One of another stack cannot be shown: that stack needs this one. */
  showHandler(service: Construct, handler: IFunction, directAlias: string | undefined): void {
    if (Stack.of(service) !== Stack.of(this)) return;
    const { functionName } = handler;
    const inMemory = new CloudWatchMetric({
      ...{
        namespace: "AWS/Lambda",
        metricName: "Invocations",
        statistic: Stats.SUM,
        label: "Calls in memory",
      },
      dimensionsMap: { FunctionName: functionName, Resource: `${functionName}:${directAlias}` },
    });
    const runs = new GraphWidget({
      title: `Handlers of ${labelOf(service)}, as Lambda counts them, and ms`,
      left: [
        ...[handler.metricInvocations(), handler.metricErrors(), handler.metricThrottles()],
        ...(directAlias === undefined ? [] : [inMemory]),
      ],
      right: [50, 99].map((percent) => handler.metricDuration({ statistic: Stats.percentile(percent) })),
      width: WIDTH,
    });
    this.#dashboard.addWidgets(runs);
  }

  /** A service's own mailbox. */
  show(mailbox: IQueue, service: Construct): void {
    if (Stack.of(service) !== Stack.of(this)) return;
    const waiting = new GraphWidget({
      title: `Waiting in the mailbox of ${labelOf(service)}, and for how long`,
      left: [mailbox.metricApproximateNumberOfMessagesVisible()],
      right: [
        mailbox.metricApproximateAgeOfOldestMessage(),
        mailboxMetric(this.#runtimeName, mailbox, "comesAgainAge", Stats.MAXIMUM),
      ],
      width: WIDTH,
    });
    this.#dashboard.addWidgets(waiting);
  }
}

const units = (name: string, { tableName }: TableReference): CloudWatchMetric[] =>
  ["ConsumedWriteCapacityUnits", "ConsumedReadCapacityUnits"].map(
    (metricName) =>
      new CloudWatchMetric({
        namespace: "AWS/DynamoDB",
        metricName,
        dimensionsMap: { TableName: tableName },
        statistic: Stats.SUM,
        label: `${name} ${metricName}`,
      }),
  );
