/**
 * Which turn of which environment the running code belongs to. So what a handler prints, and what it uses outside of steps, is told to
 * its own environment, although many of them run in one process. The test's own code belongs to no turn.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { AnyFunction, Trapped } from "../../runtime/dev/hosts/trap-set.ts";

export interface RunningTurn {
  readonly id: InvocationId;
  /** It only repeats what is recorded: nothing outside may come of it. */
  readonly isRehearsal: boolean;
  /** `console` was used. Answers whether it is printed, too. */
  printed(level: ConsoleLevel, values: readonly unknown[]): boolean;
  /** Code of the handler has used something that makes attempts differ. `from`: what stands in its place. */
  sprung(what: Trapped, from: AnyFunction): void;
}

export const CONSOLE_LEVELS = ["trace", "debug", "info", "log", "warn", "error"] as const;
export type ConsoleLevel = (typeof CONSOLE_LEVELS)[number];

export const runningTurn = new AsyncLocalStorage<RunningTurn>();
