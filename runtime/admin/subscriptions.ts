/**
 * `/subscriptions`, with Restate's statuses and bodies. Unlike in Restate, a subscription is checked when it is made: its cluster, its
 * options, its handler, and whether its records have the keys that the handler needs.
 */
import { SUBSCRIPTION_OPTION_BYTES_MAX, SUBSCRIPTION_OPTIONS_MAX } from "../../lib/limits/events.ts";
import { marksIn } from "../events/marks.ts";
import { nextTick } from "../events/schedule.ts";
import { resolveSink } from "../events/sink.ts";
import { lastFailure, type SourceFailure } from "../events/source-status.ts";
import {
  allClusters,
  allSubscriptions,
  findSubscription,
  forgetSubscription,
  type KafkaCluster,
  storeSubscription,
} from "../events/subscription-store.ts";
import {
  givesKeys,
  isSameSubscription,
  parseSubscription,
  type Subscription,
} from "../events/subscription.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { viewConsumer } from "./consumer-view.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { viewTime } from "./value-view.ts";

const REFUSED = "META0009";
/** `/events/rejected` is a path of its own. */
const RESERVED_NAMES: readonly string[] = ["rejected"];

export const viewSubscription = (subscription: Subscription) => ({
  id: subscription.id,
  source: subscription.sourceText,
  sink: subscription.sinkText,
  options: subscription.options,
  name: subscription.name,
  created_at: viewTime(subscription.createdAtMs),
});

/** `?source=&sink=`: exactly these. */
export async function viewSubscriptions({ ports, request: { query } }: AdminExchange): Handling {
  const [source, sink] = [query.get("source"), query.get("sink")];
  const found = (await allSubscriptions(ports.items)).filter(
    ({ sourceText, sinkText }) =>
      (source === null || source === sourceText) && (sink === null || sink === sinkText),
  );
  return jsonResponse(200, { subscriptions: found.map(viewSubscription) });
}

/** With the lanes that have a mark, and what was last wrong. */
export async function showSubscription({ ports }: AdminExchange, text: string): Handling {
  const subscription = await requireSubscription(ports, text);
  const lanes = (await marksIn(ports.items, subscription)).map(({ lane, position, atMs }) => ({
    ...{ lane, accepted_to: position, accepted_at: viewTime(atMs) },
  }));
  const consumer = await ports.kafka?.status(subscription);
  const failed = await lastFailure(ports.items, subscription.name);
  return jsonResponse(200, {
    ...viewSubscription(subscription),
    lanes,
    last_failure: failed ? viewFailure(failed) : null,
    ...(consumer ? { perdure: viewConsumer(consumer) } : {}),
    ...(subscription.schedule ? { next_tick: viewNext(subscription, ports.clock.now()) } : {}),
  });
}

/** As the schedule says, whoever makes the tick. Null: there is none any more. */
function viewNext({ schedule, createdAtMs }: Subscription, nowMs: number): string | null {
  const next = schedule && nextTick(schedule, nowMs, createdAtMs);
  return next === undefined ? null : viewTime(next);
}

const viewFailure = ({ message, record, records, atMs }: SourceFailure) => ({
  ...{ message, record, records, at: viewTime(atMs) },
});

/** By id or by name. Throws 404. */
export async function requireSubscription(ports: AdminPorts, text: string): Promise<Subscription> {
  const subscription = await findSubscription(ports.items, text);
  if (!subscription) throw doesNotExist(`subscription '${text}'`);
  return subscription;
}

/** 202; 404. Of the same name it can be made again, and goes on where it was. */
export async function endSubscription({ ports }: AdminExchange, text: string): Handling {
  const { id } = await requireSubscription(ports, text);
  await forgetSubscription(ports.items, id);
  return emptyResponse(202);
}

/** `{source, sink, options?, name?}`. 201, also for one that is there already with all of it the same; 400 with the reason; 409: the
 * name is another's; 422 a field of the wrong type. */
export async function makeSubscription({ ports, request }: AdminExchange): Handling {
  const body = parseJsonObject(request.body);
  if (!body) throw badShape("request body", "must be a JSON object");
  const { source, sink, name } = body;
  if (typeof source !== "string") throw badShape("request field 'source'", "must be text");
  if (typeof sink !== "string") throw badShape("request field 'sink'", "must be text");
  if (name !== undefined && name !== null && typeof name !== "string")
    throw badShape("request field 'name'", "must be text");
  const asked = { source, sink, options: textsIn("options", body["options"]) };
  const named = typeof name === "string" ? { ...asked, name } : asked;
  const parsed = parseSubscription(named, ports.clock.now());
  if ("reason" in parsed) throw refused(parsed.field, parsed.reason);
  if (RESERVED_NAMES.includes(parsed.name)) throw refused("name", "is reserved");
  const cluster = await assertCluster(ports, parsed);
  await assertSink(ports, parsed);
  const wrong = cluster && (await ports.kafka?.check(parsed, cluster));
  if (wrong) throw refused(wrong.field, wrong.reason);
  const stored = await storeSubscription(ports.items, parsed);
  if (!isSameSubscription(stored, parsed)) {
    const text = `There is another subscription '${stored.name}', of '${stored.sourceText}' to '${stored.sinkText}'`;
    throw new AdminError(409, text, {}, REFUSED);
  }
  return jsonResponse(201, viewSubscription(stored), { location: `/subscriptions/${stored.id}` });
}

const refused = (field: string, reason: string): AdminError =>
  new AdminError(400, `The request field '${field}' is invalid. Reason: ${reason}`, {}, REFUSED);

async function assertCluster(
  { items }: AdminPorts,
  { source: { cluster } }: Subscription,
): Promise<KafkaCluster | undefined> {
  if (cluster === undefined) return undefined;
  const clusters = await allClusters(items);
  const found = clusters.find(({ name }) => name === cluster);
  if (found) return found;
  const names = clusters.map(({ name }) => name);
  throw refused("source", `Unknown Kafka cluster '${cluster}'. Available clusters: [${names.join(", ")}]`);
}

async function assertSink({ registry }: AdminPorts, subscription: Subscription): Promise<void> {
  const sink = await resolveSink(registry, subscription.sink);
  if (typeof sink === "string") throw refused("sink", sink);
  if (!sink.isKeyed || givesKeys(subscription)) return;
  const reason = `'${sink.service}' needs a key, and records of this source have none: say where it is, with the option 'perdure.key'`;
  throw refused("sink", reason);
}

/** A map of texts, of a bounded size. Absent: empty. Throws 422, 400. */
export function textsIn(field: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const where = `request field '${field}'`;
  if (typeof value !== "object" || Array.isArray(value)) throw badShape(where, "must be an object");
  const entries = Object.entries(value);
  if (entries.length > SUBSCRIPTION_OPTIONS_MAX)
    throw badField(where, `has more than ${SUBSCRIPTION_OPTIONS_MAX} members`);
  return Object.fromEntries(
    entries.map(([name, text]: [string, unknown]) => {
      if (typeof text !== "string")
        throw badShape(`${where.slice(0, -1)}.${name.slice(0, 100)}'`, "must be text");
      if (Buffer.byteLength(text) > SUBSCRIPTION_OPTION_BYTES_MAX)
        throw badField(
          where,
          `'${name.slice(0, 100)}' is longer than ${SUBSCRIPTION_OPTION_BYTES_MAX} bytes`,
        );
      return [name, text];
    }),
  );
}
