/**
 * `/subscriptions`, with Restate's statuses and bodies. Unlike in Restate, a subscription is checked when it is made: its cluster, its
 * options, its handler, and whether its records have the keys that the handler needs.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import {
  STATUSES_AT_ONCE,
  SUBSCRIPTION_OPTION_BYTES_MAX,
  SUBSCRIPTION_OPTIONS_MAX,
} from "../../lib/limits/events.ts";
import { resolveSink } from "../events/sink.ts";
import {
  allClusters,
  allSubscriptions,
  findSubscription,
  forgetSubscription,
  type KafkaCluster,
  replayed,
  replaysOf,
  storeSubscription,
} from "../events/subscription-store.ts";
import {
  givesKeys,
  isSameSubscription,
  parseSubscription,
  type Subscription,
} from "../events/subscription.ts";
import { emptyResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { viewCourse, viewSubscriptionStatus } from "./subscription-status.ts";
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

/** `?source=&sink=`: exactly these. `&status=true`: with how each is doing, which may ask brokers. */
export async function viewSubscriptions({ ports, request: { query } }: AdminExchange): Handling {
  const [source, sink] = [query.get("source"), query.get("sink")];
  const found = (await allSubscriptions(ports.items)).filter(
    ({ sourceText, sinkText }) =>
      (source === null || source === sourceText) && (sink === null || sink === sinkText),
  );
  if (query.get("status") !== "true")
    return jsonResponse(200, { subscriptions: found.map(viewSubscription) });
  const statuses = new Map<string, object>();
  await eachAtOnce(found, STATUSES_AT_ONCE, async (each) => {
    statuses.set(each.id, await viewSubscriptionStatus(ports, each));
  });
  return jsonResponse(200, {
    subscriptions: found.map((each) => ({ ...viewSubscription(each), status: statuses.get(each.id) })),
  });
}

/** With its course: how far it is, and what was last wrong. */
export async function showSubscription({ ports }: AdminExchange, text: string): Handling {
  const subscription = await requireSubscription(ports, text);
  return jsonResponse(200, {
    ...viewSubscription(subscription),
    ...(await viewCourse(ports, subscription)),
  });
}

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
  const read = parseSubscription(named, ports.clock.now());
  if ("reason" in read) throw refused(read.field, read.reason);
  // One that is made again goes on in its generation.
  const parsed = replayed(read, await replaysOf(ports.items, read.name));
  if (RESERVED_NAMES.includes(parsed.name)) throw refused("name", "is reserved");
  const cluster = await assertCluster(ports, parsed);
  await assertSink(ports, parsed);
  const wrong = cluster && (await ports.sources?.check(parsed, cluster));
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
