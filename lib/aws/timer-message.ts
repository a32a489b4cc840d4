/**
 * The body of a timer in the delay queue: the mailbox message that it becomes, and when it is due. runtime/timers compares
 * `atMs` with the clock, and schedules the timer again if it came early (T1).
 */
import type { Timer } from "../ports.ts";

export function encodeTimer({ atMs, message: { group, dedup, body } }: Timer): string {
  return JSON.stringify({ group, dedup, body, atMs });
}

/** The inverse of {@link encodeTimer}. Throws `TypeError` if it is not a timer, `SyntaxError` if it is not JSON. */
export function parseTimer(text: string): Timer {
  const json = JSON.parse(text) as unknown;
  if (typeof json !== "object" || json === null) throw new TypeError("not a timer: no object");
  const { group, dedup, body, atMs } = json as Record<string, unknown>;
  if (typeof group !== "string" || typeof dedup !== "string" || typeof body !== "string") {
    throw new TypeError("not a timer: group, dedup or body is missing");
  }
  if (typeof atMs !== "number" || !Number.isFinite(atMs)) {
    throw new TypeError("not a timer: atMs is missing");
  }
  return { atMs, message: { group, dedup, body } };
}
