/** Ends an invocation without its own code, and kills the calls that it awaited (R12). */
import { endAsItIs, endUnbegun } from "../../lib/store/head/transitions.ts";
import { readHead, readLog } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { failure } from "../../lib/model/outcome.ts";
import type { DispatcherPorts } from "./delivery.ts";
import { handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import type { StoredInvocation } from "./invocation.ts";
import { forgetTimers } from "../../lib/store/last-outputs.ts";
import { reply } from "../../lib/store/outputs.ts";

/** Ends what has not started, or shall not go on, without its code. Those who await it are told how it ended. */
export async function endWithoutCode(
  ports: DispatcherPorts,
  invocation: StoredInvocation,
  message: "killed",
): Promise<void> {
  const { id, head } = invocation;
  const retention = await handlerPolicyOf(ports.registry, head);
  const outcome = failure(409, message);
  const ended = await endAsItIs(ports, invocation, outcome, retention);
  if (ended) ports.traces?.ended(id, ended, outcome);
  await forgetTimers(ports, invocation, head);
  // It may have ended otherwise in between.
  const stored = await readHead(ports.items, id);
  if (stored?.head.outcome) await reply(ports, id, stored.head.replies, stored.head.outcome);
}

/** Ends what is cancelled and has not begun. `false`: it has begun. */
export async function endUnbegunCancelled(
  ports: DispatcherPorts,
  { id, head }: StoredInvocation,
): Promise<boolean> {
  const retention = await handlerPolicyOf(ports.registry, head);
  const outcome = failure(409, head.killed ? "killed" : "cancelled");
  const ended = await endUnbegun(ports, id, head, outcome, retention);
  if (!ended) return false;
  ports.traces?.ended(id, ended, outcome);
  await forgetTimers(ports, { id, incarnation: head.incarnation }, head);
  await reply(ports, id, ended.replies, outcome);
  return true;
}

/** Kills the calls whose results the invocation was missing, and theirs in turn. What it has sent goes on. */
export async function killCallees(ports: DispatcherPorts, id: InvocationId): Promise<void> {
  const stored = await readHead(ports.items, id);
  if (!stored) return;
  const callees = openCallees(await readLog(ports.items, id, stored.head));
  await sendAll(
    ports.mailbox,
    callees.map((callee) => outgoing({ kind: "kill", id: callee }, id)),
  );
}

function openCallees(log: readonly Entry[]): InvocationId[] {
  const open = new Map<number, InvocationId>();
  for (const entry of log) {
    if (entry.kind === "call") open.set(entry.command, entry.callee);
    if (entry.kind === "completion") open.delete(entry.command);
  }
  return [...open.values()];
}
