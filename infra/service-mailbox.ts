/**
 * A mailbox of a service's own: a queue, and what hands its messages to the runtime's dispatcher, with a concurrency of its own
 * (docs/decisions/0023). Messages come to it from the runtime's mailbox. So callers need neither its address nor a permission.
 */
import type { Duration } from "aws-cdk-lib";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import { EventSourceMapping, Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { type IQueue, Queue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { OWN_DISPATCHERS_AT_ONCE, SQS_RECEIVE_MAX } from "../lib/limits/aws.ts";
import { allowOnMailbox, type Data, type RuntimeRoles } from "./access.ts";
import { mailboxAlarms } from "./alarms.ts";
import { mailboxProps } from "./queues.ts";
import { dispatcherTimeout, within } from "./runtime-props.ts";

export interface ServiceMailboxProps {
  /**
   * How many dispatchers work for the service at the same time, 2 to 1000. Each runs up to ten turns. These turns are beside those
   * of the runtime's `maxConcurrency`. For the number of turns at a time use `reservedConcurrency`.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /** Its alarms go off when a message has waited in it for so long. @default as for the runtime's mailbox */
  readonly stuckAfter?: Duration;
}

/** What a runtime has for mailboxes of its services' own. */
export interface MailboxHost {
  readonly dispatcherFunctionArn: string;
  /** How long the dispatcher waits for a turn. */
  readonly waitedTurnTimeout: Duration;
  readonly deadLetters: IQueue;
  readonly hasAlarms: boolean;
  /** By which its metrics are told from those of other runtimes. Absent: it is not known of a runtime of another app. */
  readonly runtimeName: string | undefined;
  readonly alarmActions: readonly IAlarmAction[];
  /** Its dispatcher is told to look for such mailboxes. */
  readonly expect: () => void;
  /** Shows it in the runtime's dashboard, if there is one. */
  readonly show: (mailbox: IQueue, service: Construct) => void;
}

interface Parts {
  readonly host: MailboxHost;
  readonly data: Data;
  readonly roles: RuntimeRoles;
}

export class ServiceMailbox extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, props: ServiceMailboxProps, { host, data, roles }: Parts) {
    super(scope, id);
    const { maxConcurrency = OWN_DISPATCHERS_AT_ONCE, stuckAfter } = props;
    within("a mailbox's maxConcurrency", maxConcurrency, 2, 1000);
    const { waitedTurnTimeout: turnTimeout, deadLetters } = host;
    const { encryptionKey } = data;
    this.queue = new Queue(
      this,
      "Queue",
      mailboxProps({ encryptionKey, dispatcherTimeout: dispatcherTimeout(turnTimeout), deadLetters }),
    );
    const access = allowOnMailbox(this, this.queue.queueArn, roles);
    const source = new EventSourceMapping(this, "Source", {
      target: LambdaFunction.fromFunctionArn(this, "Dispatcher", host.dispatcherFunctionArn),
      eventSourceArn: this.queue.queueArn,
      batchSize: SQS_RECEIVE_MAX,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
    // Lambda looks whether the role may receive.
    source.node.addDependency(...access);
    host.expect();
    host.show(this.queue, scope);
    const { hasAlarms, runtimeName, alarmActions: actions } = host;
    const watched = { queue: this.queue, runtimeName, turnTimeout, stuckAfter, actions };
    if (hasAlarms) mailboxAlarms(scope, this, watched);
  }
}
