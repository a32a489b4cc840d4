/**
 * Durable promises of a workflow: one item each.
 *
 *   x, by     the outcome, and who completed it
 *   w:…       an invocation that waits for it
 *   i, c      the life that it belongs to, and when it was made in it
 *   ttl       when DynamoDB may delete it
 *
 * - A promise is completed once, by one conditional write that remembers who did it. So a repetition of that write is not
 *   taken for "already completed".
 * - Those who wait are registered in the same item. A completion and a registration meet on it, and no wake-up is lost.
 * - An item of an earlier life counts as absent. The next write takes it over (workflow-life.ts). Waiters of an earlier life
 *   stay registered. The life that completes the promise answers them.
 * - A long outcome is stored beside all promises of the key, under a name from its content, before the promise is
 *   completed (P1). A writer that loses the race for the promise leaves chunks that nothing refers to.
 */
import { invariant, OperationalError } from "../errors.ts";
import { type Incarnation, promisePartition, promiseValuePartition } from "../model/ids.ts";
import {
  all,
  type Attributes,
  type Change,
  type Condition,
  type ItemKey,
  keptFor,
  oneOf,
  sizeOfValue,
} from "../model/item.ts";
import { CONFLICT_ATTEMPTS_MAX, KEEP_MS, VALUE_ITEM_BYTES_MAX, WAITERS_MAX } from "../limits.ts";
import type { ReplyTo, Target } from "../model/message.ts";
import { decodeOutcome, encodeOutcome, failure, type Outcome, success } from "../model/outcome.ts";
import type { Value } from "../model/value.ts";
import { refOf } from "../model/value-ref.ts";
import { type Place, readValue, writeValue } from "./value-store.ts";
import { type Asker, isRun, type Life, type LifePorts, lifeOf, NO_LIFE } from "./workflow-life.ts";

const WAITER = "w:";

/** Where the values of a key's promises lie. */
const valuesOf = ({ service, key }: Target): Place => ({
  table: "state",
  pk: promiseValuePartition(service, key ?? ""),
});

const keyOf = ({ service, key }: Target, name: string): ItemKey => ({
  table: "state",
  pk: promisePartition(service, key ?? ""),
  sk: name,
});

/** A promise as `asker` sees it. */
interface Seen {
  /** The item as it stands; absent: there is none. */
  readonly item?: Attributes;
  /** It is of the asker's life. */
  readonly isOurs: boolean;
  /** `undefined`: the asker's life is over. */
  readonly life: Incarnation | undefined;
}

async function look(ports: LifePorts, asker: Asker, name: string): Promise<Seen> {
  const item = await ports.items.get(keyOf(asker.target, name));
  // A run knows its own promises; it need not look whether it is over, since what it makes is its own life's.
  if (isRun(asker) && (item === undefined || item["i"] === asker.incarnation)) {
    return { ...(item ? { item } : {}), isOurs: item !== undefined, life: asker.incarnation };
  }
  const life = await lifeOf(ports, asker);
  const isOurs = item !== undefined && life !== undefined && belongsTo(item, life);
  return { ...(item ? { item } : {}), isOurs, life: life?.incarnation };
}

export const belongsTo = ({ i, c }: Attributes, life: Life): boolean =>
  (i === life.incarnation && i !== NO_LIFE) || (i === NO_LIFE && Number(c) >= life.fromMs);

/** The promise's outcome; `undefined` while it is not completed. One strong read, or two. */
export async function peekPromise(
  ports: LifePorts,
  asker: Asker,
  name: string,
): Promise<Outcome | undefined> {
  const { item, isOurs } = await look(ports, asker, name);
  return isOurs && item?.["x"] !== undefined ? await outcomeIn(ports, asker, item) : undefined;
}

async function outcomeIn({ items }: LifePorts, { target }: Asker, item: Attributes): Promise<Outcome> {
  const outcome = decodeOutcome(item["x"]);
  if (!("ref" in outcome)) return outcome;
  const bytes = await readValue({ items }, valuesOf(target), outcome.ref);
  invariant(bytes, "R8", `value ${outcome.ref} of a promise of ${target.service}/${target.key} is missing`);
  return success(bytes);
}

/** What the item says of the outcome: itself, or a long one's name. `undefined` while the promise is not completed. */
export const promiseOutcomeIn = ({ x }: Attributes): ReturnType<typeof decodeOutcome> | undefined =>
  x === undefined ? undefined : decodeOutcome(x);

/** A long outcome, by its name. */
export const promiseValueAt = (
  { items }: Pick<LifePorts, "items">,
  { service, key }: { readonly service: string; readonly key: string },
  ref: string,
): Promise<Uint8Array | undefined> => readValue({ items }, valuesOf({ service, handler: "", key }), ref);

/** What the item holds of the outcome: itself, or its name. */
async function storeOutcome(ports: LifePorts, { target }: Asker, outcome: Outcome): Promise<Value> {
  const value = encodeOutcome(outcome);
  if (!(value instanceof Uint8Array) || value.byteLength <= VALUE_ITEM_BYTES_MAX) return value;
  const ref = refOf(value);
  await writeValue(ports, valuesOf(target), ref, value, {
    ttl: Math.ceil((ports.clock.now() + KEEP_MS) / 1000),
  });
  return ref;
}

export interface Completed {
  /** `false`: somebody else had completed it before. */
  readonly mine: boolean;
  readonly waiters: readonly ReplyTo[];
}

/** `by` names the completing operation. Harmless to repeat. */
export async function completePromise(
  ports: LifePorts,
  asker: Asker,
  { name, outcome, by }: { readonly name: string; readonly outcome: Outcome; readonly by: string },
): Promise<Completed> {
  const small = sizeOfValue(encodeOutcome(outcome)) <= VALUE_ITEM_BYTES_MAX;
  const first = small
    ? await writeUnseen(ports, asker, name, completing(encodeOutcome(outcome), by))
    : undefined;
  if (first) return { mine: true, waiters: waitersOf(first) };
  let held: Value | undefined;
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const seen = await look(ports, asker, name);
    const { item = {}, isOurs, life } = seen;
    // Nobody is left to see what a life that is over completes.
    if (life === undefined) return { mine: true, waiters: [] };
    if (isOurs && item["x"] !== undefined) {
      return { mine: item["by"] === by, waiters: waitersOf(item) };
    }
    held ??= await storeOutcome(ports, asker, outcome);
    const written = await write(ports, asker, name, seen, completing(held, by));
    if (written) return { mine: true, waiters: waitersOf(written) };
  }
  throw contended(name);
}

const completing = (outcome: Value, by: string): Change[] => [
  { do: "set", attribute: "x", value: outcome },
  { do: "set", attribute: "by", value: by },
];

/** Registers who is to be told; answers the outcome if it is completed already. Harmless to repeat. */
export async function awaitPromise(
  ports: LifePorts,
  asker: Asker,
  name: string,
  waiter: ReplyTo,
): Promise<Outcome | undefined> {
  const attribute = `${WAITER}${waiter.id}|${waiter.incarnation}|${waiter.command}`;
  const wait: Change = { do: "set", attribute, value: true };
  const first = await writeUnseen(ports, asker, name, [wait]);
  if (first) return await heldOrRefused(ports, asker, name, attribute, first);
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const seen = await look(ports, asker, name);
    const { item = {}, isOurs, life } = seen;
    if (life === undefined) return undefined;
    if (isOurs && item["x"] !== undefined) return await outcomeIn(ports, asker, item);
    const isStale = item["x"] !== undefined;
    const changes: Change[] = [
      wait,
      ...(isStale ? (["x", "by"] as const).map((gone): Change => ({ do: "remove", attribute: gone })) : []),
    ];
    const written = await write(ports, asker, name, seen, changes);
    if (written) return await heldOrRefused(ports, asker, name, attribute, written);
  }
  throw contended(name);
}

/** P1: whom the item has no room for is told, instead of waiting for ever. `undefined`: it is registered. */
async function heldOrRefused(
  { items }: LifePorts,
  { target }: Asker,
  name: string,
  attribute: string,
  item: Attributes,
): Promise<Outcome | undefined> {
  if (waitersOf(item).length <= WAITERS_MAX) return undefined;
  const changes: Change[] = [{ do: "remove", attribute }];
  await items.write({ op: "update", key: keyOf(target, name), changes, when: { is: "present" } });
  return failure(429, `${WAITERS_MAX} callers wait for promise "${name}" already`);
}

/** A run need not look first whether there is a promise of its own that is not completed. `undefined`: look. */
async function writeUnseen(
  ports: LifePorts,
  asker: Asker,
  name: string,
  changes: readonly Change[],
): Promise<Attributes | undefined> {
  if (!isRun(asker)) return undefined;
  const when = oneOf(isNew, all(isOfLife(asker.incarnation), isNotCompleted));
  return await put(ports, asker, name, { life: asker.incarnation, isOurs: true, when, changes });
}

/** Refused if the promise is not as it was seen. */
async function write(
  ports: LifePorts,
  asker: Asker,
  name: string,
  { item, isOurs, life = NO_LIFE }: Seen,
  changes: readonly Change[],
): Promise<Attributes | undefined> {
  const when: Condition = item === undefined ? isNew : isAsSeen(item);
  return await put(ports, asker, name, { life, isOurs, when, changes });
}

/** `isOurs`: if it is there, it stays as old as it is. */
async function put(
  { items, clock }: LifePorts,
  { target }: Asker,
  name: string,
  {
    life,
    isOurs,
    when,
    changes,
  }: {
    readonly life: Incarnation;
    readonly isOurs: boolean;
    readonly when: Condition;
    readonly changes: readonly Change[];
  },
): Promise<Attributes | undefined> {
  const nowMs = clock.now();
  const own: Change[] = [
    { do: "set", attribute: "i", value: life },
    { do: isOurs ? "init" : "set", attribute: "c", value: nowMs },
    { do: "set", attribute: "ttl", value: keptFor(KEEP_MS, nowMs)["ttl"] ?? 0 },
  ];
  const key = keyOf(target, name);
  const result = await items.write({ op: "update", key, changes: [...changes, ...own], when });
  return result.won ? result.item : undefined;
}

// The clauses of the conditions. Each is named for the case that it lets through.
const isNew: Condition = { is: "absent" };
const isNotCompleted: Condition = { is: "missing", attribute: "x" };
const isOfLife = (incarnation: Incarnation): Condition => ({ is: "eq", attribute: "i", value: incarnation });
/** As an item says that was read: it has the same value, or lacks it. */
const has = (attribute: string, value: unknown): Condition =>
  typeof value === "string" || typeof value === "number"
    ? { is: "eq", attribute, value }
    : { is: "missing", attribute };
/** Nobody has completed it, or taken it over, since. */
const isAsSeen = ({ i, c, x, by }: Attributes): Condition =>
  all({ is: "present" }, has("i", i), has("c", c), x === undefined ? isNotCompleted : has("by", by));

const contended = (name: string): OperationalError =>
  new OperationalError("unavailable", `promise "${name}" is contended; try again`);

export function waitersOf(item: Attributes): ReplyTo[] {
  return Object.keys(item)
    .filter((name) => name.startsWith(WAITER))
    .map((name) => {
      const [id = "", incarnation, command] = name.slice(WAITER.length).split("|");
      return { id, incarnation: Number(incarnation), command: Number(command) };
    });
}
