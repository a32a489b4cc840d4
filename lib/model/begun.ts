/**
 * What a failed attempt had begun that is not in the log: the number, kind and name of each operation. It rides in the write that
 * the attempt's back-off makes anyway, so that a next attempt that begins something else is found out
 * (docs/decisions/0019-what-a-failed-attempt-had-begun.md).
 */
import { cutText } from "../errors.ts";
import { BEGUN_CHARS_MAX, BEGUN_MAX } from "../limits.ts";

export interface Begun {
  /** Other code may begin something else. */
  readonly deployment: string;
  /** In the order of their numbers. */
  readonly commands: readonly BegunCommand[];
}
/** Its number, and what it is, as people read it. */
export type BegunCommand = readonly [command: number, what: string];

/** What an attempt on that deployment must begin. */
export const begunOn = (deployment: string, begun: Begun | undefined): readonly BegunCommand[] =>
  begun?.deployment === deployment ? begun.commands : [];

/** The first ones, each cut. */
export const bounded = (commands: readonly BegunCommand[]): readonly BegunCommand[] =>
  commands.slice(0, BEGUN_MAX).map(([command, what]) => [command, cutText(what, BEGUN_CHARS_MAX)]);

/** What was stored, or what a handler's process has sent. `undefined` for anything else: then nothing is known. */
export function begunIn(value: unknown): Begun | undefined {
  if (typeof value !== "object" || value === null || !("deployment" in value) || !("commands" in value))
    return undefined;
  const { deployment, commands } = value;
  if (typeof deployment !== "string" || !Array.isArray(commands) || !commands.every(isCommand))
    return undefined;
  return { deployment: cutText(deployment, BEGUN_CHARS_MAX), commands: bounded(commands) };
}

const isCommand = (value: unknown): value is BegunCommand =>
  Array.isArray(value) &&
  value.length === 2 &&
  Number.isSafeInteger(value[0]) &&
  typeof value[1] === "string";
