/**
 * Virtual time. Events run one by one, in the order of their times. Between two events all microtasks are drained, and the
 * time jumps to the next event. The SDK's driver uses `setImmediate` to see that the code has come to rest. So this
 * scheduler replaces that global for as long as a run lasts.
 */
import { AsyncLocalStorage } from "node:async_hooks";

interface Event {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** The actor whose code runs. Code that a dead actor has left must not run on. */
export interface Living {
  readonly alive: boolean;
}

export const whoRuns = new AsyncLocalStorage<Living>();
const nativeSetImmediate = globalThis.setImmediate;
/** Ticks queued at once. Microtasks are still drained between them, but the event loop turns only once. */
const TICKS_AT_ONCE = 32;

export class Scheduler {
  nowMs: number;
  events = 0;
  /** Events that are still to come. */
  open = 0;
  readonly #heap: Event[] = [];
  readonly #immediates: (() => void)[] = [];
  #nextImmediate = 0;
  #order = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Returns the function that cancels it. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, run };
    push(this.#heap, event);
    this.open++;
    return () => {
      if (event.run) this.open--;
      event.run = undefined;
    };
  }

  immediate(run: () => void): void {
    const owner = whoRuns.getStore();
    this.#immediates.push(() => {
      if (owner?.alive !== false) run();
    });
  }

  /** Whether nothing but so many events is still to come. */
  isIdleBut(events: number): boolean {
    return this.#immediates.length === 0 && this.open === events;
  }

  /** Runs until nothing is left to do, `stop` says so (asked at each event), or something was thrown. */
  async run(stop: () => boolean): Promise<void> {
    const held = globalThis.setImmediate;
    globalThis.setImmediate = ((run: () => void) => this.immediate(run)) as unknown as typeof setImmediate;
    try {
      await new Promise<void>((resolve, reject) => this.#tickUntil(stop, resolve, reject));
    } finally {
      globalThis.setImmediate = held;
    }
  }

  #tickUntil(stop: () => boolean, resolve: () => void, reject: (error: unknown) => void): void {
    let over = false;
    const tick = (): void => {
      if (over) return;
      try {
        if (stop() || !this.#runNext()) {
          over = true;
          resolve();
        }
      } catch (error) {
        over = true;
        reject(error);
      }
    };
    const burst = (): void => {
      for (let count = 0; count < TICKS_AT_ONCE; count++) nativeSetImmediate(tick);
      if (!over) nativeSetImmediate(burst);
    };
    burst();
  }

  #runNext(): boolean {
    const immediate = this.#immediates[this.#nextImmediate];
    if (immediate) {
      this.#nextImmediate++;
      if (this.#nextImmediate === this.#immediates.length) {
        this.#immediates.length = 0;
        this.#nextImmediate = 0;
      }
      this.events++;
      immediate();
      return true;
    }
    for (;;) {
      const event = pop(this.#heap);
      if (!event) return false;
      if (!event.run) continue;
      this.nowMs = event.atMs;
      this.events++;
      this.open--;
      const { run } = event;
      event.run = undefined;
      run();
      return true;
    }
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] as Event;
    if (isBefore(parent, event)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (heap.length === 0 || !last) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
    if (isBefore(last, heap[child] as Event)) break;
    heap[at] = heap[child] as Event;
    at = child;
  }
  heap[at] = last;
  return first;
}
