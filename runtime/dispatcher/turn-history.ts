/**
 * What the dispatcher says of turns, for people (docs/decisions/0031-times.md): it begins them, learns how they fail, and meets those
 * that have died. It writes that with what it writes anyway. What it holds between two attempts under one message goes with the
 * request of the next.
 */
import type { FailedTurn } from "../../lib/death.ts";
import type { TurnFailure } from "../../lib/protocol.ts";
import { type TurnRecord, withTurn } from "../../lib/model/turn-record.ts";
import {
  lastTurn,
  storedTurns,
  turnsEndingWith,
  turnsIn,
  type Turns,
  turnsWith,
} from "../../lib/model/turns.ts";
import type { Delivery } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";

/** The turns of an invocation before the next one, or before the one that has ended without a message. */
export interface TurnHistory {
  readonly turns: Turns;
  /** When the one began that has ended. */
  readonly fromMs?: number;
}

/** One that a head shows as running has ended otherwise. Its last append, or the pause, is the last that was heard of it. */
export function historyOf({ head, acceptedAtMs }: Invocation, { ended }: Partial<Delivery>): TurnHistory {
  const turns = turnsIn(head?.turns, acceptedAtMs);
  const last = lastTurn(turns);
  const isOpen = last?.end === "running";
  if (ended) {
    const fromMs = isOpen ? last.fromMs : acceptedAtMs;
    return { turns: isOpen ? { ...turns, last: turns.last.slice(0, -1) } : turns, fromMs };
  }
  if (!isOpen || !head) return { turns };
  const end = head.status === "backing-off" || head.status === "paused" ? "paused" : "died";
  const untilMs = Math.max(last.fromMs, end === "died" ? head.appendedAtMs : head.modifiedAtMs);
  return { turns: turnsEndingWith(turns, { ...last, end, untilMs }) };
}

/** A turn has failed, has died, or has run out of time between two steps. A throttled one was none. */
export function withEnded(
  turns: Turns,
  ended: FailedTurn | { readonly kind: "yielded" },
  fromMs: number,
  untilMs: number,
): Turns {
  if (ended.kind === "yielded") return turnsWith(turns, { end: "yielded", fromMs, untilMs });
  if (ended.kind === "died" && ended.throttled) return turns;
  const ran = (ended.kind === "failed" && ended.ran) || { fromMs, untilMs };
  return turnsWith(turns, failure(ended.kind, ran, ended.failure));
}

/** It could not be handled at all. */
export const withRefused = (turns: Turns, failed: TurnFailure, nowMs: number): Turns =>
  turnsWith(turns, failure("failed", { fromMs: nowMs, untilMs: nowMs }, failed));

/** As lib/error-codes.ts writes them, without its list of all codes. What has none is RT0007. */
const CODE = /\(RT(\d{4})\)/;
const NO_CODE = 7;

const failure = (
  end: "failed" | "died",
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { message }: TurnFailure,
): TurnRecord => ({
  ...{ end, fromMs, untilMs: Math.max(fromMs, untilMs) },
  ...{ code: Number(CODE.exec(message)?.[1] ?? NO_CODE), message },
});

/** As the head keeps them. `undefined`: there are none. */
export const storedIn = (turns: Turns, { acceptedAtMs }: Invocation): Uint8Array | undefined =>
  turns.first.length + turns.last.length === 0 ? undefined : storedTurns(turns, acceptedAtMs);

/** For a request: nothing if the head has them so. */
export function turnsForRequest(turns: Turns, invocation: Invocation): { readonly turns?: Uint8Array } {
  const stored = storedIn(turns, invocation);
  const held = invocation.head?.turns;
  const isHeld =
    held === undefined ? stored === undefined : stored !== undefined && Buffer.compare(held, stored) === 0;
  return isHeld ? {} : { turns: stored ?? new Uint8Array(0) };
}

/** With the one that runs. */
export const storedWithRunning = (turns: Turns, invocation: Invocation, fromMs: number): Uint8Array =>
  withTurn(storedIn(turns, invocation) ?? new Uint8Array(0), invocation.acceptedAtMs, {
    end: "running",
    fromMs,
  });
