/** `/events/rejected`: the records that were set aside: shown, tried again, dropped, one by one or all of a subscription. */
import {
  REJECTED_DEFAULT,
  REJECTED_MAX,
  REJECTED_PAGES_MAX,
  REJECTED_SHOWN_BYTES_MAX,
  REJECTED_DECIDED_MAX,
} from "../../lib/limits/events.ts";
import {
  claimRejected,
  decideRejected,
  readRejected,
  type RejectedPage,
  type RejectedRecord,
  rejectedOf,
  type RejectedStatus,
} from "../events/rejected.ts";
import { SourceDoor } from "../events/source-door.ts";
import { allSubscriptions } from "../events/subscription-store.ts";
import type { Subscription } from "../events/subscription.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import { numberIn } from "./invocation.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { requireSubscription } from "./subscriptions.ts";
import { viewBytes, viewHeaders, viewTime } from "./value-view.ts";

const STATUSES: readonly RejectedStatus[] = ["waiting", "retried", "dropped"];

/** `?subscription=&status=&limit=&after=`. Without a subscription: of all that there are, each its first ones. */
export async function listRejected({ ports, request: { query } }: AdminExchange): Handling {
  const limit = numberIn(query, "limit", { preset: REJECTED_DEFAULT, min: 1, max: REJECTED_MAX });
  const [name, after] = [query.get("subscription"), query.get("after")];
  const asked = query.get("status");
  const status = STATUSES.find((each) => each === asked);
  if (asked !== null && status === undefined)
    throw badField("query parameter 'status'", `must be one of ${STATUSES.join(", ")}`);
  if (name === null && after !== null) throw badField("query parameter 'after'", "needs a subscription");
  const names = name === null ? (await allSubscriptions(ports.items)).map((each) => each.name) : [name];
  const rejected: RejectedRecord[] = [];
  let next: string | undefined;
  for (const each of names) {
    if (rejected.length >= limit) break;
    const page = { limit: limit - rejected.length, ...(after === null ? {} : { after }) };
    const found = await rejectedWith(ports, each, status, page);
    rejected.push(...found.records);
    next = found.next;
  }
  return jsonResponse(200, {
    rejected: rejected.map((each) => viewRejected(each, REJECTED_SHOWN_BYTES_MAX)),
    ...(name === null || next === undefined ? {} : { next }),
  });
}

/** What was decided is kept for as long as it would have been: it must not stand before what waits. `status`: absent, any. */
async function rejectedWith(
  { items }: AdminPorts,
  subscription: string,
  status: RejectedStatus | undefined,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<RejectedPage> {
  const records: RejectedRecord[] = [];
  let next = after;
  for (let page = 0; page < REJECTED_PAGES_MAX && records.length < limit; page++) {
    const left = { limit: limit - records.length, ...(next === undefined ? {} : { after: next }) };
    const found = await rejectedOf({ items }, subscription, left);
    records.push(...found.records.filter((record) => status === undefined || record.status === status));
    next = found.next;
    if (next === undefined) break;
  }
  return { records, ...(next === undefined ? {} : { next }) };
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
  await retryOne(ports, keyed(subscription, key), id);
  return emptyResponse(202);
}

async function retryOne(ports: AdminPorts, subscription: Subscription, id: string): Promise<void> {
  const { record, status, isCut } = await requireRejected(ports, subscription.name, id);
  if (status !== "waiting") throw new AdminError(409, `The rejected record '${id}' was ${status}`);
  if (isCut) throw new AdminError(409, `The rejected record '${id}' is not whole`);
  const claim = async (key: string): Promise<boolean> =>
    await claimRejected(ports, subscription.name, id, key);
  const why = await new SourceDoor(ports).retry(subscription, record, claim);
  if (why !== undefined) throw new AdminError(409, `The record cannot become an invocation: ${why}`);
  await decideRejected(ports, subscription.name, id, "retried");
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
  await dropOne(ports, subscription, id);
  return emptyResponse(202);
}

async function dropOne(ports: AdminPorts, subscription: string, id: string): Promise<void> {
  const { status } = await requireRejected(ports, subscription, id);
  if (status !== "waiting" || !(await decideRejected(ports, subscription, id, "dropped")))
    throw new AdminError(409, `The rejected record '${id}' is decided`);
}

/** `{key?, after?}`: one page of those that wait. 200 `{succeeded, failed: [{id, message}], next?}`; 404. May be repeated. */
export async function retryAllRejected({ ports, request }: AdminExchange, name: string): Handling {
  const subscription = keyed(await requireSubscription(ports, name), keyIn(request.body));
  return await decideAll(ports, subscription.name, request.body, async (id) => {
    await retryOne(ports, subscription, id);
  });
}

/** `{after?}`: as above. Also of a subscription that was deleted. */
export async function dropAllRejected({ ports, request }: AdminExchange, name: string): Handling {
  return await decideAll(ports, name, request.body, async (id) => {
    await dropOne(ports, name, id);
  });
}

/** In no order: records that were set aside have lost theirs. */
async function decideAll(
  ports: AdminPorts,
  name: string,
  body: Uint8Array,
  decide: (id: string) => Promise<void>,
): Handling {
  const after = body.byteLength === 0 ? undefined : parseJsonObject(body)?.["after"];
  if (after !== undefined && typeof after !== "string")
    throw badShape("request field 'after'", "must be text");
  const page = { limit: REJECTED_DECIDED_MAX, ...(after === undefined ? {} : { after }) };
  const { records, next } = await rejectedOf(ports, name, page);
  const succeeded: string[] = [];
  const failed: { readonly id: string; readonly message: string }[] = [];
  for (const { id } of records.filter(({ status }) => status === "waiting")) {
    try {
      await decide(id);
      succeeded.push(id);
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      failed.push({ id, message: error.message });
    }
  }
  return jsonResponse(200, { succeeded, failed, ...(next === undefined ? {} : { next }) });
}
