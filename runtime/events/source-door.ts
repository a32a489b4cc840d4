/**
 * The source door: accepts a batch of records, and says which of them the source shall deliver again.
 *
 * It does not wait for what it starts. So a slow handler holds up no source, and no source's time limit bounds a handler.
 *
 * For each lane, in this order:
 * 1. The mark is read. What lies below it was accepted.
 * 2. Records become invocations, or are set aside. Both in the order of the lane.
 * 3. The mark is raised to the last one of which that is certain.
 *
 * The first record of a lane that could not be accepted stops the lane, and no other. Invariants and crash points:
 * docs/decisions/0042-events.md.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { asError, OperationalError } from "../../lib/errors.ts";
import { DOOR_SPARE_MS, LANES_AT_ONCE, RECORD_KNOWN_MS } from "../../lib/limits/events.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Start } from "../../lib/model/message.ts";
import { sortablePosition } from "../../lib/model/source-record.ts";
import { type Logger, type Registry, stopwatchOf } from "../../lib/ports.ts";
import type { DoorPorts } from "../../lib/store/admission.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { admitRecords } from "../../lib/store/record-admission.ts";
import { type BatchItemFailure, failuresOf } from "./failures.ts";
import { invocationOf, isRejection, type Rejection } from "./invocation-of.ts";
import { isYetToCome, raiseMark, readMark } from "./marks.ts";
import type { RecordCounts, RecordTally } from "./record-tally.ts";
import { whyNotAgain } from "./refused.ts";
import { setAside } from "./rejected.ts";
import { readEvent } from "./shapes/event.ts";
import { type ResolvedSink, resolveSink } from "./sink.ts";
import { noteFailure } from "./source-status.ts";
import type { FailureForm, SourceBatch, SourceRecord } from "./source-record.ts";
import type { Subscription } from "./subscription.ts";

export interface SourceDoorPorts extends DoorPorts {
  readonly registry: Pick<Registry, "service">;
  readonly logger: Logger;
  /** Of a server that counts for itself. Absent: nobody counts here. */
  readonly recordTally?: RecordTally;
}

export interface BatchOutcome {
  /** What the source shall deliver again, in its own form. */
  readonly batchItemFailures: readonly BatchItemFailure[];
  /** Records, by what became of them. */
  readonly counts: Readonly<RecordCounts>;
  /** Why the first of the failed ones failed. */
  readonly error?: string;
  /** The source takes no list of failures: its event has failed as a whole. */
  readonly failsWhole: boolean;
}

const noRecords = (): RecordCounts => ({
  accepted: 0,
  skipped: 0,
  rejected: 0,
  alreadyStarted: 0,
  failed: 0,
  ignored: 0,
});

/** A batch on its way through the door. */
interface Passage {
  readonly subscription: Subscription;
  readonly sink: ResolvedSink;
  readonly counts: RecordCounts;
  readonly failed: Set<SourceRecord>;
  readonly mayGoOn: () => boolean;
  readonly started: (ids: readonly InvocationId[]) => void;
  error: string | undefined;
}

export class SourceDoor {
  readonly #ports: SourceDoorPorts;

  constructor(ports: SourceDoorPorts) {
    this.#ports = ports;
  }

  /** `event`: as AWS delivers it. Throws {@link EventShapeError} for one that is none of the subscription's source. */
  async deliver(
    subscription: Subscription,
    event: unknown,
    remainingMs: number,
    started?: Passage["started"],
  ): Promise<BatchOutcome> {
    const batch = readEvent(event, subscription.source, subscription);
    return await this.accept(subscription, batch, remainingMs, started);
  }

  /** Never throws for what a store or the mailbox does: the source delivers it again. */
  async accept(
    subscription: Subscription,
    { form, records, ignored }: SourceBatch,
    remainingMs: number,
    started: Passage["started"] = () => undefined,
  ): Promise<BatchOutcome> {
    const stopwatch = stopwatchOf(this.#ports);
    const untilMs = stopwatch.now() + remainingMs - DOOR_SPARE_MS;
    const counts = { ...noRecords(), ignored };
    const sink = await this.#sink(subscription);
    if (typeof sink === "string") return await this.#allFailed(subscription, form, records, counts, sink);
    const passage: Passage = {
      ...{ subscription, sink, counts, failed: new Set<SourceRecord>(), error: undefined, started },
      mayGoOn: () => stopwatch.now() < untilMs,
    };
    await eachAtOnce(lanesOf(records), LANES_AT_ONCE, (lane) => this.#lane(passage, lane));
    const failed = records.filter((record) => passage.failed.has(record));
    counts.failed = failed.length;
    return await this.#outcome(subscription, form, failed, counts, passage.error);
  }

  /** A record that was set aside, once more: with a handler that takes it now, or with a key that was given. Answers why not.
   * `claim`: whether it may become an invocation of this key. It must not become two. */
  async retry(
    subscription: Subscription,
    record: SourceRecord,
    claim: (key: string) => Promise<boolean>,
  ): Promise<string | undefined> {
    const why = await whyNotAgain(this.#ports.items, record);
    if (why !== undefined) return why;
    const sink = await resolveSink(this.#ports.registry, subscription.sink);
    if (typeof sink === "string") throw new OperationalError("unavailable", sink);
    const mapped = invocationOf(subscription, sink, record, this.#ports.clock.now());
    if (isRejection(mapped)) return mapped.message;
    if (!(await claim(mapped.target.key ?? ""))) return "it was decided, or tried again with another key";
    const { admitted, error } = await admitRecords(this.#ports, [mapped], () => true);
    if (error !== undefined) throw error;
    return admitted.includes("already-started") ? "a workflow of its key was started before" : undefined;
  }

  async #sink({ sink }: Subscription): Promise<ResolvedSink | string> {
    try {
      return await resolveSink(this.#ports.registry, sink);
    } catch (error) {
      if (error instanceof OperationalError) return error.message;
      throw error;
    }
  }

  /** A handler that is not there is no fault of the record's: a deployment may be under way. The source keeps its records. */
  async #allFailed(
    subscription: Subscription,
    form: FailureForm,
    records: readonly SourceRecord[],
    counts: RecordCounts,
    error: string,
  ): Promise<BatchOutcome> {
    counts.failed = records.length;
    return await this.#outcome(subscription, form, records, counts, error);
  }

  async #outcome(
    { name }: Subscription,
    form: FailureForm,
    failed: readonly SourceRecord[],
    counts: RecordCounts,
    error: string | undefined,
  ): Promise<BatchOutcome> {
    const [first] = failed;
    this.#ports.recordTally?.note(name, counts);
    if (first) {
      const { items, clock, logger } = this.#ports;
      const about = { records: failed.length, record: first.coordinates };
      logger.log("warn", "records are to be delivered again", {
        subscription: name,
        ...about,
        reason: error,
      });
      await noteFailure(items, name, { ...about, message: error ?? "", atMs: clock.now() });
    }
    return {
      batchItemFailures: failuresOf(form, failed),
      counts,
      ...(error === undefined ? {} : { error }),
      failsWhole: form === "push" && failed.length > 0,
    };
  }

  /** `records`: all that the batch has of one lane, or all that have none. */
  async #lane(passage: Passage, records: readonly SourceRecord[]): Promise<void> {
    const { subscription, counts } = passage;
    const { items, clock } = this.#ports;
    const [first] = records;
    const mark = first?.mark;
    let left = records;
    try {
      const known = mark === undefined ? undefined : await readMark(items, subscription, mark);
      if (known) {
        left = records.filter(({ position }) => position === undefined || isYetToCome(known, position));
        counts.skipped += records.length - left.length;
      }
      const fresh = left;
      const done = await this.#acceptInOrder(passage, fresh);
      const [from, last] = [fresh[0]?.position, fresh[done - 1]?.position];
      if (mark !== undefined && from !== undefined && last !== undefined) {
        const accepted = { from, position: last, nowMs: clock.now() };
        await raiseMark(items, subscription, mark, accepted, known);
      }
      left = fresh.slice(done);
    } catch (error) {
      // What is not below a mark that is durable comes again.
      this.#failing(passage, error);
    }
    for (const record of left) passage.failed.add(record);
  }

  #failing(passage: Passage, error: unknown): void {
    const { name, message, stack } = asError(error);
    passage.error ??= message;
    if (error instanceof OperationalError || name === "Error") return;
    this.#ports.logger.log("error", "the source door failed", {
      subscription: passage.subscription.name,
      ...{ reason: message, stack },
    });
  }

  /** Answers how many of the first ones are accepted or set aside. */
  async #acceptInOrder(passage: Passage, records: readonly SourceRecord[]): Promise<number> {
    const { subscription, sink, counts } = passage;
    const nowMs = this.#ports.clock.now();
    let done = 0;
    while (done < records.length) {
      const starts: Start[] = [];
      let rejection: Rejection | undefined;
      for (let at = done; at < records.length && !rejection; at++) {
        const record = records[at];
        if (!record) break;
        const mapped = await this.#looked(record, invocationOf(subscription, sink, record, nowMs));
        if (isRejection(mapped)) rejection = mapped;
        else starts.push(mapped);
      }
      const { admitted, error } = await admitRecords(this.#ports, starts, passage.mayGoOn);
      for (const what of admitted) counts[what === "accepted" ? "accepted" : "alreadyStarted"]++;
      passage.started(starts.flatMap(({ id }, at) => (admitted[at] === "accepted" ? [id] : [])));
      done += admitted.length;
      if (error !== undefined) {
        this.#failing(passage, error);
        return done;
      }
      const rejected = records[done];
      if (!rejection || !rejected) return done;
      if (!(await this.#setAside(passage, rejected, rejection))) return done;
      counts.rejected++;
      done++;
    }
    return done;
  }

  /** What may have been delivered before, and longer ago than its head is kept, runs only if it is certain that it has not run. */
  async #looked(record: SourceRecord, mapped: Start | Rejection): Promise<Start | Rejection> {
    const { items, clock } = this.#ports;
    const isOld = record.sentAtMs !== undefined && clock.now() - record.sentAtMs >= RECORD_KNOWN_MS;
    if (isRejection(mapped) || record.seenBefore !== true || !isOld) return mapped;
    if (await readHead(items, mapped.id)) return mapped;
    const message = "it was delivered before, too long ago to tell whether it has run";
    return { reason: "in-doubt", message };
  }

  async #setAside(passage: Passage, record: SourceRecord, rejection: Rejection): Promise<boolean> {
    const { subscription } = passage;
    try {
      await setAside(this.#ports, subscription, record, rejection);
    } catch (error) {
      this.#failing(passage, error);
      return false;
    }
    this.#ports.logger.log("error", "a record is set aside", {
      ...{ subscription: subscription.name, record: record.coordinates },
      ...{ reason: rejection.reason, message: rejection.message },
    });
    return true;
  }
}

/** Those of each lane in the order of their positions. Those without a lane are one list. */
function lanesOf(records: readonly SourceRecord[]): readonly (readonly SourceRecord[])[] {
  return [...Map.groupBy(records, ({ lane }) => lane).values()].map((lane) =>
    lane[0]?.lane === undefined ? lane : lane.toSorted(byPosition),
  );
}

/** Sources deliver in order. It is made certain, since a mark below one that comes later would skip it. */
function byPosition(a: SourceRecord, b: SourceRecord): number {
  if (a.position === undefined || b.position === undefined) return 0;
  const [left, right] = [sortablePosition(a.position), sortablePosition(b.position)];
  return left < right ? -1 : left > right ? 1 : 0;
}
