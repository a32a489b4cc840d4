/**
 * What names a record of an event source here, and where the door keeps what it knows of a subscription.
 *
 * M2 holds for records as it does for handlers' calls: the invocation that a record starts has an id which derives from the
 * subscription's name and from what names the record in its source. So the same record, delivered however often, is the same
 * invocation, and lives once. Invariants: docs/decisions/0042-events.md.
 */
import { digest } from "../hash.ts";
import { UNIQUE_SIZE } from "./ids.ts";
import type { ItemKey } from "./item.ts";

/** A subscription's name, and how often an operator has asked to have all of it once more. */
export interface SourceName {
  /** `sub_1…`, which says the same as the name. */
  readonly id: string;
  readonly name: string;
  readonly generation: number;
}

const partsOf = ({ name, generation }: SourceName, identity: readonly string[]): readonly string[] => [
  "record",
  name,
  String(generation),
  ...identity,
];

/** `unique` of an invocation's id. `identity`: what names the record in its source. */
export const recordUnique = (source: SourceName, identity: readonly string[]): Uint8Array =>
  digest(UNIQUE_SIZE, ...partsOf(source, identity));

const ORIGIN_BYTES = 18;
const ORIGIN = "record~";
/** The request that has made the invocation: the record, however often it comes. */
export const recordOrigin = (source: SourceName, identity: readonly string[]): string =>
  `${ORIGIN}${source.id}~${Buffer.from(digest(ORIGIN_BYTES, ...partsOf(source, identity))).toString("base64url")}`;

/** The subscription whose record has made the invocation. `undefined`: none has. */
export const subscriptionOf = (origin: string): string | undefined =>
  origin.startsWith(ORIGIN) ? origin.split("~")[1] : undefined;

/** No service's partition begins so: a tag has no dot. A handler's role names tags, and reads nothing of this. */
const OF_SOURCE = "source.";
const OF_REJECTED = "rejected.";

const MARK = "mark.";
/** How far a lane was accepted. Marks outlive their subscription, so that one of the same name goes on from there. */
export const markKey = ({ name, generation }: SourceName, lane: string): ItemKey => ({
  table: "journal",
  pk: OF_SOURCE + name,
  sk: `${MARK}${generation}.${lane}`,
});
/** All marks of a subscription: a partition and how their sort keys begin. */
export const marksOf = ({ name, generation }: SourceName): Omit<ItemKey, "table"> => ({
  pk: OF_SOURCE + name,
  sk: `${MARK}${generation}.`,
});
/** How often all of it was asked for once more. It outlives the subscription, as marks do. */
export const replaysKey = (name: string): ItemKey => ({
  table: "journal",
  pk: OF_SOURCE + name,
  sk: "replays",
});
/** What was last wrong with it. */
export const sourceStatusKey = (name: string): ItemKey => ({
  table: "journal",
  pk: OF_SOURCE + name,
  sk: "status",
});

/** A record that has started a workflow's run, by the origin that it has given it. `subscription`: its id. A purge of the run takes this
 * not away. */
export const pastRunKey = (subscription: string, origin: string): ItemKey => ({
  table: "journal",
  pk: OF_SOURCE + subscription,
  sk: `ran.${origin.split("~").at(-1) ?? ""}`,
});

const REJECTED_BYTES = 16;
const REJECTED = "rej_";
/** Derives from the record: one that comes again is set aside once. */
export const rejectedId = (source: SourceName, identity: readonly string[]): string =>
  REJECTED +
  Buffer.from(digest(REJECTED_BYTES, "rejected", ...partsOf(source, identity))).toString("base64url");
/** How the sort keys of all rejected records begin. The values that are too long for them lie beside them. */
export const REJECTED_PREFIX = REJECTED;
export const rejectedPartition = (subscription: string): string => OF_REJECTED + subscription;
export const rejectedKey = (subscription: string, id: string): ItemKey => ({
  table: "journal",
  pk: rejectedPartition(subscription),
  sk: id,
});

/** More than any source's positions have: Kinesis's have 56 digits. */
const POSITION_DIGITS = 64;
/** A decimal position as a text that sorts as the number does. Throws `RangeError` for anything else. */
export function sortablePosition(position: string): string {
  const digits = /^0*(\d+)$/u.exec(position)?.[1];
  if (digits === undefined || digits.length > POSITION_DIGITS)
    throw new RangeError(`not a position in a source: ${position.slice(0, 100)}`);
  return digits.padStart(POSITION_DIGITS, "0");
}
/** The inverse. */
export const shownPosition = (sortable: string): string => sortable.replace(/^0+(?=\d)/u, "");
