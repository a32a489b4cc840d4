/** Counts that options take. */
import { UsageError } from "./exit.ts";

/** `undefined` is the preset. Throws {@link UsageError} for what is no number from 1 on, or more than `most`. */
export function countIn(option: string, text: string | undefined, preset: number, most?: number): number {
  if (text === undefined) return preset;
  const count = Number(text);
  const isCount = /^\d+$/u.test(text) && Number.isSafeInteger(count) && count > 0;
  if (isCount && count <= (most ?? count)) return count;
  throw new UsageError(
    `${option} takes a number from 1 ${most === undefined ? "on" : `to ${most}`}, not "${text}"`,
  );
}
