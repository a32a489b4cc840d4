/**
 * How one turn of an invocation went, for people (docs/decisions/0031-times.md), as the head keeps it: some bytes behind those of
 * the turns before it. lib/model/turns.ts reads and bounds them. This is what a handler's process needs of it.
 *
 * A record is a few numbers: its kind, and how long after the acceptance it began; how long it took, unless it runs; of a failure
 * the number of its code, and its message.
 */
import { DELAY_MS_MAX } from "../limits.ts";
import { putNumber } from "./varint.ts";

/** Their numbers are stored. `running`, with another turn behind it: it has died. */
export const TURN_ENDS = [
  ...(["running", "suspended", "completed", "failed", "died", "yielded", "paused"] as const),
] as const;
export type TurnEnd = (typeof TURN_ENDS)[number];

/** What comes behind them in the same place: turns that are left out. */
export const LEFT_OUT = TURN_ENDS.length;
export const KINDS = 8;

export interface TurnRecord {
  readonly end: TurnEnd;
  readonly fromMs: number;
  /** None: it runs, or nobody knows when it died. */
  readonly untilMs?: number;
  /** Of one that has failed, or has died with words: the number of its code, and why. */
  readonly code?: number;
  readonly message?: string;
}

export const hasFailed = ({ end }: Pick<TurnRecord, "end">): boolean => end === "failed" || end === "died";

const utf8 = new TextEncoder();
/** Times the number of kinds it is a safe number. */
const whole = (ms: number): number => (ms > 0 ? Math.min(Math.round(ms), DELAY_MS_MAX) : 0);

export function putTurn(bytes: number[], acceptedAtMs: number, turn: TurnRecord): void {
  const { end, fromMs, untilMs, code = 0, message = "" } = turn;
  const kind = untilMs === undefined ? "running" : end;
  putNumber(bytes, KINDS * whole(fromMs - acceptedAtMs) + TURN_ENDS.indexOf(kind));
  if (untilMs === undefined) return;
  putNumber(bytes, untilMs - fromMs);
  if (!hasFailed(turn)) return;
  const text = utf8.encode(message);
  putNumber(bytes, code);
  putNumber(bytes, text.length);
  bytes.push(...text);
}

/** The turns that a head has, and this one. */
export function withTurn(before: Uint8Array, acceptedAtMs: number, turn: TurnRecord): Uint8Array {
  const bytes = [...before];
  putTurn(bytes, acceptedAtMs, turn);
  return Uint8Array.from(bytes);
}
