/**
 * What became of each subscription's records, since this server has started. Every door of the server counts here.
 *
 * It is not kept. A count that were would cost a write for each batch; what must not be lost is in the marks and in the rejected
 * records.
 */
import { RECORD_RATE_MS, SUBSCRIPTIONS_TALLIED_MAX } from "../../lib/limits/events.ts";
import type { Clock } from "../../lib/ports.ts";

/** Records of one batch, by what became of them. */
export interface RecordCounts {
  /** Sent to the mailbox. One that had been sent before is among them: the dispatcher finds out. */
  accepted: number;
  /** Below the mark of its lane: accepted before. */
  skipped: number;
  /** Set aside. */
  rejected: number;
  /** Of a workflow that another record or request has started: it runs once for each key. */
  alreadyStarted: number;
  /** To be delivered again. */
  failed: number;
  /** No records, such as what a source sends to test its target. */
  ignored: number;
}

export interface RecordTotals {
  readonly accepted: number;
  /** Accepted before, or of a workflow that has run. */
  readonly repeated: number;
  readonly rejected: number;
  /** To be delivered again. One that fails five times counts five times. */
  readonly failed: number;
  /** Of the accepted ones. */
  readonly acceptedLastMinute: number;
}

interface Second {
  readonly at: number;
  accepted: number;
}

interface Totals {
  accepted: number;
  repeated: number;
  rejected: number;
  failed: number;
  /** Of the last minute, the oldest first. */
  seconds: Second[];
}

const SECOND = 1000;
const nothing = (): Totals => ({ accepted: 0, repeated: 0, rejected: 0, failed: 0, seconds: [] });

export class RecordTally {
  readonly #clock: Pick<Clock, "now">;
  readonly #totals = new Map<string, Totals>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** `subscription`: its name. */
  note(subscription: string, counts: Readonly<RecordCounts>): void {
    const totals = this.#totals.get(subscription) ?? nothing();
    // The one that was counted last stands last; the first one makes room.
    this.#totals.delete(subscription);
    this.#totals.set(subscription, totals);
    const [oldest] = this.#totals.keys();
    if (this.#totals.size > SUBSCRIPTIONS_TALLIED_MAX && oldest !== undefined) this.#totals.delete(oldest);
    totals.accepted += counts.accepted;
    totals.repeated += counts.skipped + counts.alreadyStarted;
    totals.rejected += counts.rejected;
    totals.failed += counts.failed;
    if (counts.accepted > 0) this.#noteSecond(totals, counts.accepted);
  }

  of(subscription: string): RecordTotals {
    const { seconds, ...counts } = this.#totals.get(subscription) ?? nothing();
    const last = this.#recent(seconds).reduce((sum, { accepted }) => sum + accepted, 0);
    return { ...counts, acceptedLastMinute: last };
  }

  #noteSecond(totals: Totals, accepted: number): void {
    const at = Math.floor(this.#clock.now() / SECOND) * SECOND;
    totals.seconds = this.#recent(totals.seconds);
    const last = totals.seconds.at(-1);
    if (last?.at === at) last.accepted += accepted;
    else totals.seconds.push({ at, accepted });
  }

  /** A clock that was set back leaves nothing of the time that it has taken back. */
  #recent(seconds: readonly Second[]): Second[] {
    const now = this.#clock.now();
    return seconds.filter(({ at }) => at > now - RECORD_RATE_MS && at <= now);
  }
}
