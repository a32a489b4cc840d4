/**
 * Guards: messages that come out of the timers in a while. What they find then is in doubt.
 *
 * - Of a turn that runs where its call was accepted (R25, R27): the Start. docs/decisions/0020-turns-at-the-door.md has the crash points.
 * - Of a turn that came by the queue and runs long (R26): a look at its head, in its note lane. docs/decisions/0025-long-turns-are-let-go.md
 *   has them. The guards of one such turn have one name, with numbers: so a head that names a later one says for good that the
 *   earlier ones are needless, and a head that was read late is not taken for another turn's.
 */
import { encodeEnded, type FailedTurn } from "../death.ts";
import { digest } from "../hash.ts";
import { GUARD_MS } from "../limits.ts";
import type { Incarnation, InvocationId } from "../model/ids.ts";
import type { Outgoing, Resume, Start } from "../model/message.ts";
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

/** Only the bodies of guards, and a few others, contain it: these alone are parsed. */
export const mayBeGuard = (body: string): boolean => body.includes('"guard":');

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

// --- of turns that came by the queue --------------------------------------------------------------------------------

interface Guarded {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
}

/** The name of the guard with this number, of a turn whose first is `first`. */
export const relayName = (first: string, number: number): string =>
  number === 1 ? first : `${first}${NUMBERED}${number}`;
const NUMBERED = "~";

/** Whether it is a guard of the turn whose first one is `first`. */
export const isOfRelay = (guard: string | undefined, first: string): boolean =>
  guard !== undefined && (guard === first || guard.startsWith(first + NUMBERED));

/** Whether it is a later guard of the same turn. */
export function isLaterGuard(guard: string, than: string): boolean {
  const [[first, number = "1"], [other, before = "1"]] = [guard.split(NUMBERED), than.split(NUMBERED)];
  return first === other && Number(number) > Number(before);
}

export const relayTimer = (
  { id, incarnation }: Guarded,
  { name, atMs }: Guard,
): { readonly atMs: number; readonly message: Outgoing } => ({
  atMs,
  message: outgoing({ kind: "resume", id, incarnation, guard: name, dueAtMs: atMs }, `guard.${name}`),
});

/** What a guard that comes early tells. */
interface Told {
  readonly ended?: FailedTurn | undefined;
  readonly settled?: string | undefined;
}

/** The guard before its time: its turn is over. */
export function earlyRelay({ id, incarnation }: Guarded, name: string, { ended, settled }: Told): Outgoing {
  const resume: Resume = {
    ...{ kind: "resume", id, incarnation, guard: name },
    ...(ended === undefined ? {} : { ended: encodeEnded(ended) }),
    ...(settled === undefined ? {} : { settled }),
  };
  return outgoing(resume, `early.${name}`);
}
