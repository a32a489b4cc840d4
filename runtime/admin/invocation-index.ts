/**
 * Finding invocations: by the store's listing where there is one, else by looking at every head. The first costs what
 * it finds, the second what the table holds: see docs/decisions/0004-invocation-index.md.
 */
import { type Head, isStub, parseHead } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { HEAD } from "../../lib/model/head-keys.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { idIn, type ListedPart } from "../../lib/model/listing.ts";
import { type ItemStore, type Logger, type ScannedItem, stopwatchOf, type Timed } from "../../lib/ports.ts";
import { globMatches } from "../../lib/glob.ts";
import { callingInvocation, type StatusView, viewStatus } from "./invocation-view.ts";
import { HEAD_SCANS_MAX, LIST_HEADS_MAX, LIST_MS_MAX } from "../../lib/limits/http.ts";

export interface InvocationFilter {
  readonly service?: string;
  readonly handler?: string;
  readonly key?: string;
  /** A pattern of the key, with `*` and `?`. */
  readonly keyGlob?: string;
  /** Which it is pinned to. */
  readonly deployment?: string;
  /** Any of them; absent: all. */
  readonly statuses?: readonly StatusView[];
  readonly created?: TimeRange;
  readonly modified?: TimeRange;
  /** How it has ended. */
  readonly result?: "success" | "failure";
  /** A part of the message that it failed with, or that its last attempt failed with, in any case. */
  readonly error?: string;
  /** A part of its service, key, handler or error, in any case. */
  readonly text?: string;
  /** The invocation that called it. */
  readonly caller?: string;
  readonly idempotencyKey?: string;
}

/** Both ends inclusive, epoch milliseconds. */
export interface TimeRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface FoundInvocation {
  readonly id: InvocationId;
  readonly head: Head;
}

export interface FoundPage {
  readonly found: readonly FoundInvocation[];
  /** Pass it as `after` to go on; with it a page may hold fewer than `limit`, or none. */
  readonly next?: string;
  /** How they were found, and which of them can be found so. */
  readonly source: "index" | "scan";
  readonly covers: readonly ListedPart[];
}

export interface ListRequest {
  readonly limit: number;
  readonly after?: string;
  /** By an index. @default "oldest" */
  readonly order?: "oldest" | "newest";
}

export interface InvocationIndex {
  /** Invocations that match: by an index in the order of time, by a scan in no order. Not strongly consistent. Throws
   * `RangeError` for an `after` that no list has answered. */
  list(filter: InvocationFilter, page: ListRequest): Promise<FoundPage>;
}

export interface IndexPorts extends Timed {
  readonly items: ItemStore;
  readonly logger: Logger;
}

/** Whether so many heads looked at, of which so many match, are enough for one page. As long as none matches it goes on, for
 * some seconds: an empty page that is not the last one is read as "there is none". */
export function boundOf(ports: Timed): (looked: number, found: number) => boolean {
  const stopwatch = stopwatchOf(ports);
  const endMs = stopwatch.now() + LIST_MS_MAX;
  return (looked, found) => (found > 0 && looked >= LIST_HEADS_MAX) || stopwatch.now() >= endMs;
}

/** Looks at every head. The only way to find what has been running ever since it began, where that is not indexed. */
export class ScanningIndex implements InvocationIndex {
  readonly #ports: IndexPorts;

  constructor(ports: IndexPorts) {
    this.#ports = ports;
  }

  async list(filter: InvocationFilter, { limit, after }: ListRequest): Promise<FoundPage> {
    const { items } = this.#ports;
    const found: FoundInvocation[] = [];
    const page = { found, source: "scan", covers: ["open", "ended"] } as const;
    const isEnough = boundOf(this.#ports);
    let next = after;
    let isWide = false;
    for (let looked = 0, scans = 0; found.length < limit && !isEnough(looked, found.length); scans++) {
      if (found.length > 0 && scans >= HEAD_SCANS_MAX) break;
      // Never more than are wanted, so that the cursor is behind the last one that was answered. If nothing matches for long,
      // whole pages are looked at; one that matches too often is then looked at again in part.
      const left = limit - found.length;
      const scanned = await items.scan("journal", HEAD, {
        ...(isWide ? {} : { limit: left }),
        ...(next === undefined ? {} : { after: next }),
      });
      const matching = this.#matching(scanned.items, filter);
      const isTooMuch = matching.length > left;
      isWide = !isTooMuch && found.length + matching.length === 0 && scans >= HEAD_SCANS_MAX - 1;
      if (isTooMuch) continue;
      found.push(...matching);
      looked += scanned.items.length;
      next = scanned.next;
      if (next === undefined) return page;
    }
    return next === undefined ? page : { ...page, next };
  }

  #matching(scanned: readonly ScannedItem[], filter: InvocationFilter): FoundInvocation[] {
    const { clock, logger } = this.#ports;
    return scanned.flatMap(({ pk, attributes }) => {
      const id = idIn(pk);
      const head = id === undefined ? undefined : readable(logger, id, attributes);
      return id !== undefined && head && matches(head, filter, clock.now()) ? [{ id, head }] : [];
    });
  }
}

/** One head that this version cannot read must not hide all others. */
export function readable(logger: Logger, id: InvocationId, item: Attributes): Head | undefined {
  if (isStub(item)) return undefined;
  try {
    return parseHead(item);
  } catch (error) {
    logger.log("warn", "admin: a head cannot be read", { id, error });
    return undefined;
  }
}

/** Whether it is still there, and what was asked for. */
export function matches(head: Head, filter: InvocationFilter, nowMs: number): boolean {
  const { service, handler, key, deployment, statuses, created, modified } = filter;
  const { target, status } = head;
  return (
    !isExpired(head, nowMs) &&
    (deployment === undefined || head.deployment === deployment) &&
    (service === undefined || target.service === service) &&
    (handler === undefined || target.handler === handler) &&
    (key === undefined || target.key === key) &&
    (statuses === undefined || statuses.includes(viewStatus(status))) &&
    isWithin(head.acceptedAtMs, created) &&
    isWithin(head.modifiedAtMs, modified) &&
    matchesMore(head, filter)
  );
}

function matchesMore(
  head: Head,
  { keyGlob, result, error, text, caller, idempotencyKey }: InvocationFilter,
): boolean {
  const { target, outcome } = head;
  const { service, handler, key = "" } = target;
  return (
    (keyGlob === undefined || (target.key !== undefined && globMatches(keyGlob, target.key))) &&
    (result === undefined || (outcome !== undefined && outcome.ok === (result === "success"))) &&
    (idempotencyKey === undefined || head.idempotencyKey === idempotencyKey) &&
    (caller === undefined || callingInvocation(head.origin) === caller) &&
    isPartOf(error, errorsOf(head)) &&
    isPartOf(text, [service, key, handler, ...errorsOf(head)])
  );
}

/** In any case of its letters; a part that was not asked for is in all. */
const isPartOf = (part: string | undefined, texts: readonly string[]): boolean =>
  part === undefined || texts.some((text) => text.toLowerCase().includes(part.toLowerCase()));

const errorsOf = ({ outcome, failure }: Head): string[] => [
  ...(outcome?.ok === false ? [outcome.failure.message] : []),
  ...(failure === undefined ? [] : [failure.message]),
];

const isWithin = (ms: number, range: TimeRange | undefined): boolean =>
  range === undefined || (ms >= range.fromMs && ms <= range.untilMs);
