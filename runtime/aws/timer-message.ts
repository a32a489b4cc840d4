/**
 * The body of a timer on its way through the delay queue: the mailbox message it will become, and when it is due.
 * Whoever forwards it compares `atMs` with the clock first and schedules it again if it came early (T1).
 */
import type { Outgoing } from "../../lib/model/message.ts";

export interface Timer {
  readonly atMs: number;
  readonly message: Outgoing;
}

export function encodeTimer({ atMs, message: { group, dedup, body } }: Timer): string {
  return JSON.stringify({ group, dedup, body, atMs });
}

/** The inverse of {@link encodeTimer}. Throws `TypeError` for what is no timer, `SyntaxError` for what is no JSON. */
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
