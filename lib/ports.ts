/**
 * What the engine needs from outside. AWS and SQLite have a set of adapters each, the simulator a third one with faults. The
 * suites in `test/contract` say what all of them must do.
 *
 * Every method may throw an {@link OperationalError}: throttled, unavailable, answer lost. After that nobody knows whether a
 * write or a send took effect.
 */
import type { InvocationId } from "./model/ids.ts";
import type { Attributes, Delete, ItemKey, Put, Table, Update, WriteResult } from "./model/item.ts";
import type { ListedPart } from "./model/listing.ts";
import type { TransactedAppend, TransactionResult, UserWrite } from "./model/user-write.ts";
import type { Deployment, Invocable, Reached, RegisteredService } from "./model/manifest.ts";
import type { Outgoing } from "./model/message.ts";
import type { Metric } from "./metrics.ts";
import type { TurnOutcome, TurnRequest } from "./protocol.ts";

export interface StoredItem {
  readonly sk: string;
  readonly attributes: Attributes;
}
export interface Page {
  readonly items: readonly StoredItem[];
  /** Pass it as `after` to get the next page. Absent at the end. */
  readonly next?: string;
}
export interface ScannedItem extends StoredItem {
  readonly pk: string;
}

export interface ReadOptions {
  /** An older state of the item will do, for half of the price. */
  readonly mayLag?: boolean;
}

export interface WriteOptions {
  /** The item as the writer knows it. What it makes of that need not be sent to the writer. */
  readonly before?: Attributes | undefined;
  /** What the writer does next if this write is won. A store may do it with it, and then says so: {@link FollowedResult}. */
  readonly followers?: () => readonly Put[];
}

/** `followed`: the followers were all won. Absent: they are still to be done, and some of them may be done already. */
export type FollowedResult = WriteResult & { readonly followed?: true };

/** Single items. Each operation on one is atomic, and strongly consistent. Bounds: `limits/aws.ts`. */
export interface ItemStore {
  /** A strong read. */
  get(key: ItemKey, options?: ReadOptions): Promise<Attributes | undefined>;
  write(write: Put | Update | Delete, options?: WriteOptions): Promise<FollowedResult>;
  /** An append and writes to the user's own tables: all of them, or none (X1). Absent: of an engine of an earlier version. */
  transact?(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult>;
  /** Items of one partition whose sort key begins with `prefix`, in the order of their sort keys (bytewise). A strong read.
   * It starts after `after`. A page has at most `limit` items, and may have fewer. */
  query(table: Table, pk: string, prefix: string, page?: { after?: string; limit?: number }): Promise<Page>;
  /** All items of a table whose sort key is `sk`, in no order, eventually consistent. For the reconciler and for lists. */
  scan(
    table: Table,
    sk: string,
    page?: { after?: string; limit?: number },
  ): Promise<{
    readonly items: readonly ScannedItem[];
    readonly next?: string;
  }>;
}

/** Its reads, for one whose writes are others. */
export const readsOf = (items: ItemStore): Pick<ItemStore, "get" | "query" | "scan"> => ({
  get: (...asked) => items.get(...asked),
  query: (...asked) => items.query(...asked),
  scan: (...asked) => items.scan(...asked),
});

/** Lists for people. Eventually consistent. */
export interface Listing {
  /** The parts that are kept. */
  readonly parts: readonly ListedPart[];
  /** Heads of one shard (`shardsOf`) that were accepted in this time, the oldest first unless asked otherwise. `after` is the
   * `next` of the previous page, of the same shard, time and order. */
  heads(part: ListedPart, shard: string, page: ListedRange): Promise<ListedPage>;
  /** Keys of a service that have state, in no order. One may come twice. The cost grows with the whole table. */
  keys(service: string, page: { after?: string; limit: number }): Promise<KeyPage>;
}
export interface ListedRange {
  /** Inclusive. */
  readonly fromMs: number;
  /** Inclusive. */
  readonly untilMs: number;
  readonly after?: string;
  readonly limit: number;
  readonly newestFirst?: true;
}
export interface ListedPage {
  readonly entries: readonly { readonly id: InvocationId; readonly atMs: number }[];
  readonly next?: string;
}
export interface KeyPage {
  readonly keys: readonly string[];
  readonly next?: string;
}

/** The FIFO mailbox: one group's messages are handed out one after the other. */
export interface Mailbox {
  /** Takes at most `SEND_BATCH_MAX` messages, no two of one group. Answers the indexes of those that were refused and
   * should be tried again. The others are durable. */
  sendBatch(messages: readonly Outgoing[]): Promise<readonly number[]>;
}

/** A mailbox message that comes later. */
export interface Timer {
  /** When it is due, by the clock. */
  readonly atMs: number;
  readonly message: Outgoing;
}

/** Sends a message to the mailbox, not before `atMs` (T1). It may come late, and it may come twice. */
export interface Timers {
  schedule(timer: Timer): Promise<void>;
  /** Forgets a timer, if that is easy. If it fires all the same, nothing waits for it, and it changes nothing. Never throws. */
  cancel?(timer: Timer): Promise<void>;
}

/** Runs one turn in a handler's function. Throws a {@link FunctionError} if the function died (crashed, timed out, ran out
 * of memory), or was not run for a reason that the invocation should show. Throws {@link OperationalError} if nobody knows. */
export interface Invoker {
  /** `letGo`: nobody waits for the turn any more, and it goes on (R26). What is answered then counts no longer. */
  invoke(deployment: Reached, request: TurnRequest, letGo?: AbortSignal): Promise<TurnOutcome>;
  /** It answers all the same: at least that the turn has died. */
  readonly staysInTouch?: boolean;
}
/** The same for a handler's process, which knows less of the deployments of others (R28). */
export interface CallInvoker {
  invoke(deployment: Invocable, request: TurnRequest): Promise<TurnOutcome>;
}

export interface Registry {
  /** The service, with the deployment that new invocations go to. May lag by some seconds. */
  service(name: string): Promise<RegisteredService | undefined>;
  deployment(id: string): Promise<Deployment | undefined>;
  services(): Promise<readonly RegisteredService[]>;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls back once, not before `ms` have passed, however many they are. Answers what cancels it. */
  after(ms: number, callback: () => void): () => void;
}
/** The time, and how long something takes. `stopwatch`: where the clock may be said to be another time, it measures all the same. Absent:
 * the clock does. */
export interface Timed {
  readonly clock: Clock;
  readonly stopwatch?: Clock;
}
export const stopwatchOf = ({ clock, stopwatch = clock }: Timed): Clock => stopwatch;

/** Resolves when at least `ms` milliseconds have passed, by the injected clock. */
export const elapse = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

/** Lets a reader sleep until an item may have changed. Locally it is notified; in AWS it waits with growing pauses. */
export interface Watch {
  /** It only waits: nothing notifies it. So a look before its first wait finds what the caller knew already. */
  readonly polls?: true;
  /** Resolves when the item may have changed, or after at most `maxMs`. `about`: the service and handler whose result is waited
   * for, so that what polls looks when it has usually come. */
  changed(key: ItemKey, maxMs: number, about?: string): Promise<void>;
  /** A result of it had come `ms` after its request. */
  came?(about: string, ms: number): void;
}

export interface Entropy {
  bytes(count: number): Uint8Array;
}

export type LogLevel = "debug" | "info" | "warn" | "error";
export interface Logger {
  log(level: LogLevel, message: string, fields?: Record<string, unknown>): void;
}

export const silentLogger: Logger = { log: () => undefined };

/** Takes measurements. */
export interface Meter {
  /** A count is 1 unless it is given. */
  measure(metric: Metric, value?: number): void;
}
