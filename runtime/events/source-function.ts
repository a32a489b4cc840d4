/**
 * The source door as a Lambda function: one for each runtime, for all of its subscriptions.
 *
 * Each event source mapping invokes it by an alias of its own, whose name is the subscription's id. So an event need not say whose it
 * is, and two subscriptions of one stream are told apart (docs/decisions/0042-events.md). An alias that ends in `-whole` is for a source that takes no
 * list of failures: it is told by an error, and delivers all of the event again.
 */
import type { Meter } from "../../lib/ports.ts";
import { WHOLE_SUFFIX } from "../../lib/model/source-alias.ts";
import type { BatchItemFailure } from "./failures.ts";
import type { RecordCounts } from "./record-tally.ts";
import { type BatchOutcome, SourceDoor, type SourceDoorPorts } from "./source-door.ts";
import { findSubscription } from "./subscription-store.ts";
import { isSubscriptionId } from "./subscription.ts";

export interface SourceFunctionPorts extends SourceDoorPorts {
  readonly meter: Meter;
}

/** What is needed of Lambda's context. */
export interface SourceContext {
  readonly invokedFunctionArn: string;
  getRemainingTimeInMillis(): number;
}

export interface SourceAnswer {
  readonly batchItemFailures: readonly BatchItemFailure[];
}

/** Throws if all of the event is to be delivered again. */
export async function answerSource(
  ports: SourceFunctionPorts,
  event: unknown,
  context: SourceContext,
): Promise<SourceAnswer> {
  let outcome: BatchOutcome;
  try {
    outcome = await deliver(ports, event, context);
  } catch (error) {
    // How many records there were is not known.
    ports.meter.measure("recordsFailed");
    throw error;
  }
  measure(ports.meter, outcome.counts);
  const { batchItemFailures, counts, error = "records are to be delivered again" } = outcome;
  const failsWhole = outcome.failsWhole || context.invokedFunctionArn.endsWith(WHOLE_SUFFIX);
  if (failsWhole && counts.failed > 0) throw new Error(error);
  return { batchItemFailures };
}

async function deliver(
  ports: SourceFunctionPorts,
  event: unknown,
  context: SourceContext,
): Promise<BatchOutcome> {
  const id = subscriptionIn(context.invokedFunctionArn);
  // As it was a moment ago is as good: what is deleted has no source any more, and what is not seen yet comes again.
  const subscription = await findSubscription(ports.items, id, { mayLag: true });
  // It may have been deleted a moment ago, with events still under way. Or its registration failed, and is rolled back.
  if (!subscription) throw new Error(`there is no subscription ${id}`);
  return await new SourceDoor(ports).deliver(subscription, event, context.getRemainingTimeInMillis());
}

function subscriptionIn(arn: string): string {
  const alias = arn.split(":").at(7) ?? "";
  const id = alias.endsWith(WHOLE_SUFFIX) ? alias.slice(0, -WHOLE_SUFFIX.length) : alias;
  if (isSubscriptionId(id)) return id;
  throw new Error(`${arn} names no subscription: its alias should`);
}

function measure(meter: Meter, { accepted, skipped, alreadyStarted, rejected, failed }: RecordCounts): void {
  if (accepted > 0) meter.measure("recordsAccepted", accepted);
  if (skipped + alreadyStarted > 0) meter.measure("recordsRepeated", skipped + alreadyStarted);
  if (rejected > 0) meter.measure("recordsRejected", rejected);
  if (failed > 0) meter.measure("recordsFailed", failed);
}
