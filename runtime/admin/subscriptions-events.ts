/**
 * `POST /events/{subscription}`: an event as AWS would deliver it, through the door that a subscription has. And the records that were
 * set aside: shown, tried again, dropped.
 */
import {
  EVENTS_REQUEST_MS,
  REJECTED_DEFAULT,
  REJECTED_MAX,
  REJECTED_SHOWN_BYTES_MAX,
} from "../../lib/limits/events.ts";
import { decideRejected, readRejected, type RejectedRecord, rejectedOf } from "../events/rejected.ts";
import { type BatchOutcome, SourceDoor } from "../events/source-door.ts";
import { EventShapeError } from "../events/source-record.ts";
import { allSubscriptions } from "../events/subscription-store.ts";
import type { Subscription } from "../events/subscription.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import { numberIn } from "./invocation.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { requireSubscription } from "./subscriptions.ts";
import { viewBytes, viewHeaders, viewTime } from "./value-view.ts";

/** 200 with what the source would get, and counts; 400: the event is none of the subscription's source; 404; 503: it is pushed, and has
 * failed. */
export async function deliverEvent({ ports, request }: AdminExchange, name: string): Handling {
  const event = parseJsonObject(request.body);
  if (!event) throw badField("request body", "must be a JSON object");
  const subscription = await requireSubscription(ports, name);
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

/** `?subscription=&limit=&after=`. Without a subscription: of all that there are, each its first ones. */
export async function listRejected({ ports, request: { query } }: AdminExchange): Handling {
  const limit = numberIn(query, "limit", { preset: REJECTED_DEFAULT, min: 1, max: REJECTED_MAX });
  const [name, after] = [query.get("subscription"), query.get("after")];
  if (name === null && after !== null) throw badField("query parameter 'after'", "needs a subscription");
  const names = name === null ? (await allSubscriptions(ports.items)).map((each) => each.name) : [name];
  const rejected: RejectedRecord[] = [];
  let next: string | undefined;
  for (const each of names) {
    if (rejected.length >= limit) break;
    const page = { limit: limit - rejected.length, ...(after === null ? {} : { after }) };
    const found = await rejectedOf(ports, each, page);
    rejected.push(...found.records);
    next = found.next;
  }
  return jsonResponse(200, {
    rejected: rejected.map((each) => viewRejected(each, REJECTED_SHOWN_BYTES_MAX)),
    ...(name === null || next === undefined ? {} : { next }),
  });
}

function viewRejected(rejected: RejectedRecord, bytesMax: number): object {
  const { id, subscription, reason, message, status, rejectedAtMs, record, bytes, isCut } = rejected;
  const { key, input, headers, coordinates } = record;
  const isShown = input.byteLength === bytes && bytes <= bytesMax;
  return {
    ...{ id, subscription, reason, message, status, rejected_at: viewTime(rejectedAtMs), coordinates, bytes },
    key: key === undefined ? null : viewBytes(typeof key === "string" ? new TextEncoder().encode(key) : key),
    headers: viewHeaders(headers),
    ...(isShown ? viewBytes(input) : { omitted: true }),
    ...(isCut ? { cut: true } : {}),
  };
}

/** With its whole value. */
export async function describeRejected({ ports }: AdminExchange, subscription: string, id: string): Handling {
  return jsonResponse(
    200,
    viewRejected(await requireRejected(ports, subscription, id), Number.POSITIVE_INFINITY),
  );
}

async function requireRejected(ports: AdminPorts, subscription: string, id: string): Promise<RejectedRecord> {
  const rejected = await readRejected(ports, subscription, id);
  if (!rejected) throw doesNotExist(`rejected record '${id}'`);
  return rejected;
}

/** `{key?}`. 202; 404; 409: it cannot become an invocation still, or somebody has decided. However often, it runs once. */
export async function retryRejected({ ports, request }: AdminExchange, name: string, id: string): Handling {
  const key = keyIn(request.body);
  const subscription = await requireSubscription(ports, name);
  const { record, status, isCut } = await requireRejected(ports, subscription.name, id);
  if (status !== "waiting") throw new AdminError(409, `The rejected record '${id}' was ${status}`);
  if (isCut) throw new AdminError(409, `The rejected record '${id}' is not whole`);
  const why = await new SourceDoor(ports).retry(keyed(subscription, key), record);
  if (why) throw new AdminError(409, `The record cannot become an invocation: ${why.message}`);
  await decideRejected(ports, subscription.name, id, "retried");
  return emptyResponse(202);
}

function keyIn(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength === 0) return undefined;
  const body = parseJsonObject(bytes);
  if (!body) throw badShape("request body", "must be a JSON object");
  const { key } = body;
  if (key !== undefined && (typeof key !== "string" || key === ""))
    throw badShape("request field 'key'", "must be text, and not empty");
  return key;
}

const keyed = (subscription: Subscription, key: string | undefined): Subscription =>
  key === undefined ? subscription : { ...subscription, key: { from: "constant", text: key } };

/** 202; 404; 409: somebody has decided. It stays for as long as it would have, so that it does not come back. */
export async function dropRejected({ ports }: AdminExchange, subscription: string, id: string): Handling {
  const { status } = await requireRejected(ports, subscription, id);
  if (status !== "waiting" || !(await decideRejected(ports, subscription, id, "dropped")))
    throw new AdminError(409, `The rejected record '${id}' is decided`);
  return emptyResponse(202);
}
