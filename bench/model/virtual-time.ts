/**
 * Virtual time: it passes only when nothing else happens. The engine runs as it is, and waiting for AWS takes no real time.
 *
 * When the process has come to rest, the clock jumps to the next event. It is at rest when no request to something real
 * (DynamoDB Local) is under way, and no `setImmediate` is pending. The SDK uses those to let handlers come to rest.
 */
import type { Clock } from "../../lib/ports.ts";

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
  cancelled: boolean;
}

/** Every run starts at this time. So ids, sizes and units are the same in each run. */
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

  /** Waits for something real. Virtual time stands still meanwhile. */
  async outside<T>(work: () => Promise<T>): Promise<T> {
    this.#outside++;
    try {
      return await work();
    } finally {
      this.#outside--;
    }
  }

  /** Runs events until `work` is done. */
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

  /** Runs everything that is under way. */
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
