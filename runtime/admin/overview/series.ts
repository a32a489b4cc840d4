/**
 * What has ended lately, by handler and minute: how many, how long they took, and how many attempts failed on the way.
 *
 * Durations are kept as counts of classes, each 30 % wider than the one before: a percentile is right within that.
 */
import type { Target } from "../../../lib/model/message.ts";
import { OVERVIEW_HANDLERS_MAX, OVERVIEW_MINUTES } from "../../../lib/limits/ui.ts";

const MINUTE = 60_000;
const CLASS_WIDTH = Math.log(1.3);

interface Minute {
  succeeded: number;
  failed: number;
  failedAttempts: number;
  /** By class of duration. */
  readonly durations: Map<number, number>;
}

/** A handler: the key does not count. */
export type HandlerName = Pick<Target, "service" | "handler">;

export interface HandlerSeries extends HandlerName {
  readonly succeeded: number;
  readonly failed: number;
  readonly failedAttempts: number;
  readonly p50Ms?: number;
  readonly p95Ms?: number;
}

export interface EndedMinute {
  readonly atMs: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** All times are the caller's, in ms. */
export class EndedSeries {
  readonly #handlers = new Map<string, HandlerName & { readonly minutes: Map<number, Minute> }>();
  /** Those of handlers that have no series of their own are here, too. */
  readonly #all = new Map<number, Minute>();

  ended(target: HandlerName, ok: boolean, atMs: number, tookMs: number): void {
    this.#each(target, atMs, (minute) => {
      minute[ok ? "succeeded" : "failed"]++;
      const of = classOf(tookMs);
      minute.durations.set(of, (minute.durations.get(of) ?? 0) + 1);
    });
  }

  attemptFailed(target: HandlerName, atMs: number): void {
    this.#each(target, atMs, (minute) => minute.failedAttempts++);
  }

  /** Of the last hour, one for each minute, the oldest first. */
  minutes(nowMs: number): EndedMinute[] {
    const last = Math.floor(nowMs / MINUTE);
    return Array.from({ length: OVERVIEW_MINUTES }, (_, index) => {
      const at = last - OVERVIEW_MINUTES + 1 + index;
      const { succeeded = 0, failed = 0 } = this.#all.get(at) ?? {};
      return { atMs: at * MINUTE, succeeded, failed };
    });
  }

  /** Of the last hour, those that had something to do. */
  handlers(nowMs: number): HandlerSeries[] {
    const found: HandlerSeries[] = [];
    for (const [name, { service, handler, minutes }] of this.#handlers) {
      forget(minutes, nowMs);
      if (minutes.size === 0) this.#handlers.delete(name);
      else found.push({ service, handler, ...summed([...minutes.values()]) });
    }
    return found;
  }

  #each(target: HandlerName, atMs: number, change: (minute: Minute) => void): void {
    change(minuteOf(this.#all, atMs));
    const name = JSON.stringify([target.service, target.handler]);
    let of = this.#handlers.get(name);
    if (of === undefined) {
      if (this.#handlers.size >= OVERVIEW_HANDLERS_MAX) return;
      of = { service: target.service, handler: target.handler, minutes: new Map() };
      this.#handlers.set(name, of);
    }
    change(minuteOf(of.minutes, atMs));
  }
}

function minuteOf(minutes: Map<number, Minute>, atMs: number): Minute {
  const at = Math.floor(atMs / MINUTE);
  const known = minutes.get(at);
  if (known) return known;
  forget(minutes, atMs);
  const made = { succeeded: 0, failed: 0, failedAttempts: 0, durations: new Map<number, number>() };
  minutes.set(at, made);
  return made;
}

function forget(minutes: Map<number, Minute>, nowMs: number): void {
  const first = Math.floor(nowMs / MINUTE) - OVERVIEW_MINUTES + 1;
  for (const at of minutes.keys()) if (at < first) minutes.delete(at);
}

function summed(minutes: readonly Minute[]): Omit<HandlerSeries, keyof HandlerName> {
  const durations = new Map<number, number>();
  for (const minute of minutes)
    for (const [of, count] of minute.durations) durations.set(of, (durations.get(of) ?? 0) + count);
  const sum = (field: "succeeded" | "failed" | "failedAttempts"): number =>
    minutes.reduce((all, minute) => all + minute[field], 0);
  const counts = {
    succeeded: sum("succeeded"),
    failed: sum("failed"),
    failedAttempts: sum("failedAttempts"),
  };
  if (durations.size === 0) return counts;
  return { ...counts, p50Ms: percentile(durations, 0.5), p95Ms: percentile(durations, 0.95) };
}

const classOf = (ms: number): number => (ms < 1 ? 0 : 1 + Math.floor(Math.log(ms) / CLASS_WIDTH));
/** The middle of a class. */
const durationOf = (of: number): number => (of === 0 ? 0 : Math.round(Math.exp((of - 0.5) * CLASS_WIDTH)));

function percentile(durations: ReadonlyMap<number, number>, share: number): number {
  const classes = [...durations].toSorted(([a], [b]) => a - b);
  const wanted = share * classes.reduce((all, [, count]) => all + count, 0);
  let seen = 0;
  for (const [of, count] of classes) {
    seen += count;
    if (seen >= wanted) return durationOf(of);
  }
  return 0;
}
