/** What a local server reads by itself is paused, skipped and replayed. Restate has no such requests. */
import { asError } from "../../lib/errors.ts";
import { type SkippedPartition, SkipRefused, type SkipTarget } from "../events/kafka/skip.ts";
import { beginReplay, keepCourse } from "../events/subscription-store.ts";
import { isConsumed, type Subscription } from "../events/subscription.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { AdminError, badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { requireSubscription, viewSubscription } from "./subscriptions.ts";

/** `{"paused": true}` or `false`. 200; 400: nothing here reads this source; 404; 422. */
export async function changeSubscription(exchange: AdminExchange, text: string): Handling {
  const { ports, request } = exchange;
  const body = parseJsonObject(request.body);
  if (!body) throw badShape("request body", "must be a JSON object");
  const { paused } = body;
  if (typeof paused !== "boolean") throw badShape("request field 'paused'", "must be true or false");
  const subscription = await requireSubscription(ports, text);
  assertRead(exchange, subscription, "paused");
  const goesOn = subscription.isPaused && !paused;
  const course = { isPaused: paused, ...(goesOn ? { resumedAtMs: ports.clock.now() } : {}) };
  if (!(await keepCourse(ports.items, subscription, course))) throw doesNotExist(`subscription '${text}'`);
  return jsonResponse(200, { ...viewSubscription(subscription), paused });
}

/** Throws 400, which says what to do instead. */
function assertRead({ ports, options }: AdminExchange, subscription: Subscription, field: string): void {
  if (ports.sources?.reads(subscription) === true) return;
  const reason =
    options.environment?.kind === "aws"
      ? "in AWS the event source mapping of its stack reads it: `aws cloudformation describe-stack-resources` names it, and `aws lambda update-event-source-mapping --uuid UUID --no-enabled` pauses it"
      : "this server does not read the source by itself";
  throw badField(`request field '${field}'`, reason);
}

/** `{"to": T}`: what comes next. 200 `{partitions, generation}`; 400; 404; 409: others read it, or the brokers do not answer; 422. */
export async function skipSubscription(exchange: AdminExchange, text: string): Handling {
  const subscription = await requireSubscription(exchange.ports, text);
  const to = targetIn(exchange.request.body, "to");
  return await move(exchange, subscription, "to", to, false);
}

/** `{"from": T}`: all from there on is of the next generation, so what has run runs once more. Answers as above. */
export async function replaySubscription(exchange: AdminExchange, text: string): Handling {
  const subscription = await requireSubscription(exchange.ports, text);
  const from = targetIn(exchange.request.body, "from");
  return await move(exchange, subscription, "from", from, true);
}

async function move(
  exchange: AdminExchange,
  subscription: Subscription,
  field: string,
  to: SkipTarget,
  isReplay: boolean,
): Handling {
  const { ports } = exchange;
  const { sources } = ports;
  if (!isConsumed(subscription)) throw badField(`request field '${field}'`, NO_HISTORY);
  if (!sources?.reads(subscription)) throw badField(`request field '${field}'`, NOT_READ);
  let { generation } = subscription;
  const moved = async (): Promise<void> => {
    if (!isReplay) return;
    const next = await beginReplay(ports.items, subscription.name);
    if (next === undefined) throw doesNotExist(`subscription '${subscription.name}'`);
    generation = next;
  };
  try {
    // A new generation has no marks, so there is nothing to note.
    const partitions = await sources.skip(subscription, { to, notes: !isReplay, moved });
    return jsonResponse(200, { partitions: partitions.map(viewSkipped), generation });
  } catch (error) {
    if (error instanceof AdminError) throw error;
    if (error instanceof SkipRefused || error instanceof RangeError) throw new AdminError(409, error.message);
    throw new AdminError(409, `The group could not be moved: ${asError(error).message}`);
  }
}

const NO_HISTORY =
  "a source other than Kafka cannot be read again from here: deliver its events with POST /events, or make the subscription with another perdure.generation";
const NOT_READ =
  "this server does not read the topic by itself; in AWS the event source mapping begins where the stack says";

const viewSkipped = ({ partition, from, to }: SkippedPartition) => ({ partition, from: from ?? null, to });

/** `earliest`, `latest`, a time, or offsets by partition. Throws 400 and 422. */
function targetIn(bytes: Uint8Array, name: string): SkipTarget {
  const field = `request field '${name}'`;
  const value = parseJsonObject(bytes)?.[name];
  if (value === "earliest" || value === "latest") return value;
  if (typeof value === "string") {
    const timeMs = Date.parse(value);
    if (Number.isNaN(timeMs))
      throw badField(field, "must be earliest, latest, a time, or offsets by partition");
    return { timeMs };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw badShape(field, "must be a text, or an object of offsets by partition");
  const offsets = Object.entries(value).map(([partition, offset]: [string, unknown]) => {
    if (!/^\d{1,9}$/u.test(partition)) throw badField(field, `'${partition.slice(0, 100)}' is no partition`);
    const text = typeof offset === "number" ? String(offset) : offset;
    if (typeof text !== "string" || !/^\d{1,18}$/u.test(text))
      throw badField(field, `the offset of partition ${partition} is not a whole number`);
    return [Number(partition), BigInt(text)] as const;
  });
  if (offsets.length === 0) throw badField(field, "has no partitions");
  return { offsets: new Map(offsets) };
}
