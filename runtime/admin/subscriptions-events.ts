/** `POST /events/{subscription}`: an event as AWS would deliver it, through the door that a subscription has. */
import { EVENTS_REQUEST_MS } from "../../lib/limits/events.ts";
import { type BatchOutcome, SourceDoor } from "../events/source-door.ts";
import { EventShapeError } from "../events/source-record.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { requireSubscription } from "./subscriptions.ts";

/**
 * 200 with what the source would get, and counts; 400: the event is none of the subscription's source; 404; 409: this server reads the
 * topic; 503: it is pushed, and has failed.
 *
 * Offsets that somebody makes up raise the marks of their partitions. Records of the topic below them would then be skipped, and lost.
 */
export async function deliverEvent({ ports, request }: AdminExchange, name: string): Handling {
  const event = parseJsonObject(request.body);
  if (!event) throw badField("request body", "must be a JSON object");
  const subscription = await requireSubscription(ports, name);
  if (subscription.source.scheme === "kafka" && ports.sources?.reads(subscription) === true)
    throw new AdminError(
      409,
      `This server reads the topic of '${subscription.name}' by itself: produce a record to it. Of a subscription with the option perdure.consumer=none it takes events`,
    );
  try {
    const outcome = await new SourceDoor(ports).deliver(subscription, event, EVENTS_REQUEST_MS);
    return jsonResponse(outcome.failsWhole ? 503 : 200, viewOutcome(outcome));
  } catch (error) {
    if (error instanceof EventShapeError) throw badField("event", error.message);
    throw error;
  }
}

const viewOutcome = ({ batchItemFailures, counts, error }: BatchOutcome) => {
  const { alreadyStarted, ...others } = counts;
  const shown = { batchItemFailures, counts: { ...others, already_started: alreadyStarted } };
  return error === undefined ? shown : { ...shown, message: error };
};
