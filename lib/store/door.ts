/**
 * Admission of a call whose first turn runs where it is accepted (R27).
 *
 * A random id is known to nobody: its turn sees to its guard, and makes the head. An id that can be asked for again gets, in
 * this order: its guard, and its head, which is `running` and names the guard. So a repeat, at whatever time, finds the head and
 * waits, and runs nothing.
 */
import { isExpired } from "../model/head-age.ts";
import type { Head } from "../model/head.ts";
import type { InvocationId } from "../model/ids.ts";
import type { Start } from "../model/message.ts";
import type { AskedGuard } from "../protocol.ts";
import type { Timers } from "../ports.ts";
import { type Acceptance, type AcceptRequest, type DoorPorts, repeat, startOf } from "./admission.ts";
import { guardMs, guardName, guardTimer } from "./guard.ts";
import { runHead } from "./head/births.ts";
import { freshMark } from "./head/transitions.ts";
import { isStoredApart, readHeadOrStub, removeInput, type StoredHead, storeInput } from "./head-store.ts";

/** `repeats`: it was made before. `queue`: something has come before it, so it goes by the queue (R21). */
export type AtDoor =
  | { readonly kind: "runs"; readonly start: Start; readonly guard: AskedGuard; readonly stored?: StoredHead }
  | { readonly kind: "repeats"; readonly acceptance: Acceptance; readonly head: Head }
  | { readonly kind: "queue" };

export interface GuardedPorts extends DoorPorts {
  readonly timers: Timers;
}

/** Throws {@link OperationalError}, as `accept` does. `deployment`: what it runs on. `begins`: called before its guard is set. */
export async function acceptAtDoor(
  ports: GuardedPorts,
  request: AcceptRequest,
  deployment: string,
  begins: (id: InvocationId) => void = () => undefined,
): Promise<AtDoor> {
  const start = startOf(ports, request);
  const name = guardName(ports);
  return start.incarnation === 0
    ? { kind: "runs", start, guard: { name } }
    : await acceptNamed(ports, { ...start, accepted: true }, { name, deployment, begins });
}

interface Named {
  readonly name: string;
  readonly deployment: string;
  readonly begins: (id: InvocationId) => void;
}

async function acceptNamed(
  ports: GuardedPorts,
  start: Start,
  { name, deployment, begins }: Named,
): Promise<AtDoor> {
  const { items, clock, timers } = ports;
  // A look costs less than a guard in vain. If it lags, the head is refused below; unless something is stored on account of it.
  const isApart = isStoredApart(start);
  const { stored: found, stub } = await readHeadOrStub(items, start.id, { mayLag: !isApart });
  if (stub) return { kind: "queue" };
  if (found && !isExpired(found.head, clock.now())) return await repeated(ports, start, found.head);
  const guard = { name, atMs: clock.now() + guardMs(1) };
  const timer = guardTimer(start, guard);
  begins(start.id);
  await timers.schedule(timer);
  const sent = await storeInput(ports, start);
  const running = { guard: name, writer: freshMark(ports), deployment };
  const made = await runHead(ports, sent, running, isApart ? { head: found?.head } : undefined);
  if ("stored" in made) return { kind: "runs", start, guard, stored: made.stored };
  await timers.cancel?.(timer);
  const isOwn = "other" in made && made.other.origin === start.origin;
  // For nobody will look it up; if this fails it stays as garbage.
  if (!isOwn) await removeInput(ports, start).catch(() => undefined);
  if ("stub" in made) return { kind: "queue" };
  // Another life has come and gone, and what was stored may have gone with it: the queue's admission stores it again.
  return isExpired(made.other, clock.now()) ? { kind: "queue" } : await repeated(ports, start, made.other);
}

const repeated = async (ports: GuardedPorts, { id }: Start, head: Head): Promise<AtDoor> => ({
  kind: "repeats",
  acceptance: await repeat(ports, id, head),
  head,
});
