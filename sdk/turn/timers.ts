/**
 * What the clock does in a turn. Its sleeps end in it while it runs; a suspended invocation has durable timers. Its time is
 * limited: when it is up the turn says so, while it still can, and shortly before that it starts nothing more.
 */
import type { Future } from "../../lib/turn/future.ts";
import type { Clock } from "../../lib/ports.ts";
import { leavesOf, type SleepLeaf, type Wait } from "../../lib/model/wait.ts";
import { TURN_MARGIN_MS, TURN_WIND_DOWN_MS_MAX } from "../../lib/limits.ts";
import type { Relay } from "./relay.ts";

interface Told {
  timeIsUp(): void;
  sleepIsOver(command: number): void;
}

export class TurnTimers {
  /** The turn's time is up. */
  isUp = false;
  /** How long the turn may take in all. */
  limitMs = 0;
  readonly #clock: Clock;
  readonly #stopwatch: Clock;
  readonly #tell: Told;
  /** Sleeps that are not over. */
  readonly #open = new Map<SleepLeaf, Future>();
  #unarmed: SleepLeaf[] = [];
  readonly #timers = new Map<number, () => void>();
  #beganMs: number | undefined;
  #lastStartMs = 0;
  #stopLimit: (() => void) | undefined;

  /** Sleeps end by `clock`; `stopwatch` limits the turn. */
  constructor(clock: Clock, stopwatch: Clock, tell: Told) {
    this.#clock = clock;
    this.#stopwatch = stopwatch;
    this.#tell = tell;
  }

  /** The turn may take so long from its beginning, whatever was said before; and as long as `relay` says when it is let go of. */
  limit(limitMs: number, relay?: Pick<Relay, "whenNamed">): void {
    relay?.whenNamed((longerMs) => this.limit(longerMs));
    this.#stopLimit?.();
    this.limitMs = limitMs;
    const nowMs = this.#stopwatch.now();
    this.#beganMs ??= nowMs;
    const ownMs = Math.max(0, limitMs - TURN_MARGIN_MS);
    const endMs = this.#beganMs + ownMs;
    this.#lastStartMs = endMs - Math.min(TURN_WIND_DOWN_MS_MAX, ownMs / 5);
    this.#stopLimit = this.#stopwatch.after(Math.max(0, endMs - nowMs), () => {
      this.isUp = true;
      this.#tell.timeIsUp();
    });
  }

  /** Nothing more is to be started. */
  get isEnding(): boolean {
    return this.#stopwatch.now() >= this.#lastStartMs;
  }

  /** A sleep runs from its command on, awaited or not. */
  add(sleep: SleepLeaf, future: Future): void {
    this.#open.set(sleep, future);
    this.#unarmed.push(sleep);
    future.onSettled(() => this.#open.delete(sleep));
  }

  /** The first thing that happens of what the code awaits wakes it. Sleeps that it does not await yet run as well. */
  beside(awaited: Wait): Wait {
    const named = new Set(
      leavesOf(awaited).map((leaf) => (leaf.kind === "sleep" ? leaf.command : undefined)),
    );
    const others = [...this.#open.keys()].filter(({ command }) => !named.has(command));
    return others.length === 0 ? awaited : { kind: "also", parts: [awaited, ...others] };
  }

  /** The code awaits a sleep that is over within this time, and before the turn has to end. */
  isAwaitedWithin(ms: number): boolean {
    const leftMs = this.#lastStartMs - this.#stopwatch.now();
    const untilMs = this.#clock.now() + Math.min(ms, leftMs);
    for (const [{ dueAtMs }, future] of this.#open) if (dueAtMs <= untilMs && future.isWanted) return true;
    return false;
  }

  /** Sets a timer for each that has none. Those that are over already, after a crash, end in the order in which they were
   * due: a time limit of seconds must not lose against a sleep of hours because both have passed. */
  arm(): void {
    const unarmed = this.#unarmed.filter((sleep) => this.#open.has(sleep));
    this.#unarmed = [];
    for (const sleep of unarmed.toSorted((a, b) => a.dueAtMs - b.dueAtMs)) this.#set(sleep);
  }

  stop(): void {
    this.#stopLimit?.();
    for (const cancel of this.#timers.values()) cancel();
  }

  #set(sleep: SleepLeaf): void {
    const { command, dueAtMs } = sleep;
    const delayMs = Math.max(0, dueAtMs - this.#clock.now());
    this.#timers.set(
      command,
      this.#clock.after(delayMs, () => this.#ring(sleep)),
    );
  }

  /** The end of a sleep goes into the log for good. So it is checked against the time, whatever rang (T1): a clock that
   * was set back, or one that rang early, means waiting for what is left. */
  #ring(sleep: SleepLeaf): void {
    const { command, dueAtMs } = sleep;
    if (dueAtMs > this.#clock.now()) this.#set(sleep);
    else this.#tell.sleepIsOver(command);
  }
}
