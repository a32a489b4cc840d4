/**
 * Time that passes only when nothing else happens: the engine runs as it is, and what AWS takes is waited for in no time.
 *
 * An event is due when the process has come to rest: no request to something outside (DynamoDB Local) is under way and
 * no immediate is pending, by which the SDK lets handlers come to rest. Then the clock jumps to the next event.
 */
import type { Clock } from "../../lib/ports.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** The epoch of every run, so that ids and sizes, and with them the units, are the same in each. */
const START_MS = Date.UTC(2026, 0, 1);

export class VirtualTime implements Clock {
  #nowMs = START_MS;
  #order = 0;
  #outside = 0;
  readonly #events: Event[] = [];

  /** In whole milliseconds, as clocks give it. */
  now(): number {
    return Math.floor(this.#nowMs);
  }

  /** With fractions, for measuring. */
  get exactMs(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, ms);
    const event: Event = { atMs, order: this.#order++, callback, cancelled: false };
    push(this.#events, event);
    return () => {
      event.cancelled = true;
    };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  /** Something real, for which time stands still. */
  async outside<T>(work: () => Promise<T>): Promise<T> {
    this.#outside++;
    try {
      return await work();
    } finally {
      this.#outside--;
    }
  }

  /** Lets events happen until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const watched = work.finally(() => (settled = true));
    watched.catch(() => undefined);
    for (;;) {
      await this.#atRest();
      if (settled) return await watched;
      if (!this.#next()) throw new Error("nothing is left to happen, and the work is not done");
    }
  }

  /** Lets everything happen that is under way. */
  async drain(): Promise<void> {
    do await this.#atRest();
    while (this.#next());
  }

  #next(): boolean {
    for (let event = pop(this.#events); event; event = pop(this.#events)) {
      if (event.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      event.callback();
      return true;
    }
    return false;
  }

  async #atRest(): Promise<void> {
    do await new Promise((resolve) => void setImmediate(resolve));
    while (this.#outside > 0 || process.getActiveResourcesInfo().includes("Immediate"));
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** A binary heap, the earliest event first. */
function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above] as Event;
    if (!isBefore(event, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (!left) break;
    if (right && isBefore(right, left)) child++;
    const smaller = heap[child] as Event;
    if (!isBefore(smaller, last)) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
  return first;
}
