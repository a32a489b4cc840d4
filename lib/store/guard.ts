/**
 * Guards of turns that run where their call was accepted (R25, R27): the Start, which comes out of the timers in a while. What it
 * finds then is in doubt. docs/decisions/0020-turns-at-the-door.md has the crash points.
 */
import { encodeEnded, type FailedTurn } from "../death.ts";
import { digest } from "../hash.ts";
import { GUARD_MS } from "../limits.ts";
import type { InvocationId } from "../model/ids.ts";
import type { Outgoing, Start } from "../model/message.ts";
import type { Guard } from "../protocol.ts";
import type { Entropy } from "../ports.ts";
import { nonce } from "../entropy.ts";
import { outgoing } from "./send.ts";

const GUARD_NAME_BYTES = 6;
export const guardName = ({ entropy }: { readonly entropy: Entropy }): string =>
  nonce(entropy, GUARD_NAME_BYTES);

/** The guard of a call that its caller has invoked itself (R28), by the callee's id. So the caller, and whoever goes on with the caller, can
 * act for that guard without having heard of it. */
export const callGuardName = (id: InvocationId): string =>
  Buffer.from(digest(GUARD_NAME_BYTES, "call", id)).toString("base64url");

/** How long the guard has, of those of one turn: the first is number 1. */
export const guardMs = (number: number): number => GUARD_MS[Math.min(number, GUARD_MS.length) - 1] ?? 0;

export const guardTimer = (
  start: Start,
  { name, atMs }: Guard,
): { readonly atMs: number; readonly message: Outgoing } => ({
  atMs,
  message: outgoing({ ...start, resent: true, guard: name, guardAtMs: atMs }, `guard.${name}`),
});

/** The guard before its time: its turn is over. Twice by the same is one message. */
export function earlyGuard(start: Start, name: string, ended?: FailedTurn, by = "early"): Outgoing {
  const how = ended === undefined ? {} : { ended: encodeEnded(ended) };
  return outgoing({ ...start, resent: true, guard: name, ...how }, `${by}.${name}`);
}
