/** The subscriptions of a runtime, with the source door that takes their records and the alarms about it. */
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import { allowSourceDoor, type Data } from "../access.ts";
import { type Alarms, sourceAlarms } from "../alarms.ts";
import type { PerdureFunction } from "../function.ts";
import type { RecordSource } from "./record-source.ts";
import { subscriptionNameOf, type SubscribeOptions, SourceSubscription } from "./subscription.ts";

interface SubscriptionsProps {
  readonly data: Data;
  readonly registrarArn: string;
  readonly runtimeName: string;
  readonly door: PerdureFunction;
  readonly alarms: Alarms;
  readonly actions: readonly IAlarmAction[];
}

export class Subscriptions extends Construct {
  readonly #props: SubscriptionsProps;

  constructor(scope: Construct, id: string, props: SubscriptionsProps) {
    super(scope, id);
    this.#props = props;
    const { door, data, alarms, runtimeName, actions } = props;
    allowSourceDoor(door, data);
    if (alarms !== "none") sourceAlarms(scope, this, { runtimeName, actions });
  }

  add(source: RecordSource, sink: string, options: SubscribeOptions): SourceSubscription {
    const { registrarArn, door, data } = this.#props;
    const name = subscriptionNameOf(options, sink);
    if (this.node.tryFindChild(name))
      throw new RangeError(`subscribe: there is a subscription '${name}' already: give this one a \`name\``);
    const { encryptionKey } = data;
    return new SourceSubscription(
      this,
      name,
      source,
      sink,
      { ...options, name },
      { registrarArn, door, encryptionKey },
    );
  }
}
