/**
 * Cancel, kill, pause, resume. The message goes first (R12): it is the durable trigger for everything that follows, in the
 * invocation's note lane, and enough by itself. The write on the head, or on the stub of what has none yet (R21), comes after
 * it, so that a turn that runs now learns of it at its next append or look. It may be refused, because the invocation has moved
 * on. Of a cancellation it may fail, which is then heard late. Of a kill it must be answered, since an acknowledged kill is never
 * followed by a success. Else the request fails as a port does (503). A cancellation that arrives both ways has one delivery id, so that the turn takes it once. A pause is the write alone: a
 * paused head refuses every append.
 */
import { isDeepStrictEqual } from "node:util";
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import { pause, repin } from "../../lib/store/head/rest.ts";
import { addCancellation, addToStub, end, killStub } from "../../lib/store/head/transitions.ts";
import { readHead, type StoredHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import type { CancellationNote } from "../../lib/model/entry.ts";
import { asError, OperationalError } from "../../lib/errors.ts";
import { type Head } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { Message } from "../../lib/model/message.ts";
import { storedDeploymentId } from "../../lib/model/shown-id.ts";
import { ON } from "../../lib/model/status-table.ts";
import { failure } from "../../lib/model/outcome.ts";
import { emptyResponse } from "../http/message.ts";
import { AdminError, badField, conflict, doesNotExist, unknownInvocation } from "./error.ts";
import { parseId, requireHead } from "./invocation.ts";
import type { AdminPorts, AdminExchange, Handling } from "./ports.ts";
import { nonce } from "../../lib/entropy.ts";
import { NONCE_BYTES } from "../../lib/limits.ts";

/** 202: it is delivered at the invocation's next await. 404 unknown, 409 completed. */
export async function cancelInvocation({ ports }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation, stored } = await openInvocation(ports, id);
  const note: CancellationNote = { kind: "cancellation", delivery: newUid(ports) };
  await send(ports, { kind: "notify", id, incarnation, note }, note.delivery);
  await listNow(ports, id, incarnation, { note, isNew: stored === undefined });
  return emptyResponse(202);
}

/** 200: it has ended, without running any more code, and its calls will. 202: so it will. 404 unknown, 409 completed. */
export async function killInvocation({ ports }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation, stored } = await openInvocation(ports, id);
  await send(ports, { kind: "kill", id, incarnation }, newUid(ports));
  return emptyResponse((await endNow(ports, id, incarnation, stored)) ? 200 : 202);
}

/** Ends it, or leaves a stub that ends it when it writes its first head. Answers whether it has ended. Throws 409 if it has ended
 * otherwise since it was read: an acknowledged kill is never followed by a success, and no caller sees which of the two came first. */
async function endNow(
  ports: AdminPorts,
  id: InvocationId,
  incarnation: Incarnation,
  known: StoredHead | undefined,
): Promise<boolean> {
  if (!known && (await killStub(ports, id, incarnation))) return false;
  const stored = known ?? (await readHead(ports.items, id));
  if (!stored) return false;
  const retention = await handlerPolicyOf(ports.registry, stored.head);
  const ended = await end(ports, id, { incarnation }, KILLED, retention);
  if (ended) ports.traces?.ended(id, ended, KILLED);
  if (ended) return true;
  const now = (await readHead(ports.items, id))?.head;
  const isCompleted = now?.incarnation === incarnation && ON.command[now.status] === "refuse";
  if (isCompleted && !isDeepStrictEqual(now.outcome, KILLED)) throw conflict(id, "was already completed.");
  return isCompleted;
}

const KILLED = failure(409, "killed");

/** 202 paused; 200 it was; 404 unknown; 409 completed or not begun. */
export async function pauseInvocation({ ports }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation } = await requireHead(ports, id, cannotBePaused);
  const { won, head: now } = await pause(ports, id, incarnation);
  if (won) return emptyResponse(202);
  if (!now || now.incarnation !== incarnation) throw unknownInvocation(id);
  if (ON.pause[now.status] === "is-paused") return emptyResponse(200);
  throw cannotBePaused(id);
}

const cannotBePaused = (id: InvocationId): AdminError => conflict(id, "is not running, cannot be paused.");

/**
 * Leaves a pause, skips a back-off. `?deployment=keep|latest|{id}`: where a paused one goes on.
 * 200: it will go on. 404 unknown; 409 running or completed; 425 not begun; 400 bad deployment.
 */
export async function resumeInvocation({ ports, request }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const head = await requireHead(ports, id, notBegun);
  assertResumable(id, head);
  const deployment = await deploymentOf(ports, head, request.query.get("deployment") ?? "keep");
  if (deployment !== undefined && deployment !== head.deployment) {
    const isRepinned = await repin(ports, id, head, deployment);
    if (!isRepinned) throw conflict(id, "is not paused, cannot be resumed on another deployment.");
  }
  await send(ports, { kind: "resume", id, incarnation: head.incarnation, byOperator: true }, newUid(ports));
  return emptyResponse(200);
}

function assertResumable(id: InvocationId, { status }: Head): void {
  const action = ON.resume[status];
  if (action === "refuse") throw conflict(id, `is ${status}, cannot be resumed.`);
  if (action === "not-begun") throw notBegun(id);
}

const notBegun = (id: InvocationId): AdminError =>
  new AdminError(425, `The invocation '${id}' is either inboxed or scheduled, cannot be resumed.`);

/** `undefined`: as it is. Throws 404 for one that there is not, 400 for one that does not serve the service. */
export async function deploymentOf(
  { registry }: AdminPorts,
  { target }: Head,
  wanted: string,
): Promise<string | undefined> {
  if (wanted === "keep") return undefined;
  if (wanted !== "latest") {
    const deployment = await registry.deployment(storedDeploymentId(wanted));
    if (!deployment) throw doesNotExist(`deployment '${wanted}'`);
    if (!deployment.services.some(({ name }) => name === target.service)) {
      throw badField("query parameter 'deployment'", `'${wanted}' does not serve '${target.service}'`);
    }
    return deployment.id;
  }
  const service = await registry.service(target.service);
  if (!service) throw doesNotExist(`service '${target.service}'`);
  return service.deployment;
}

/** What a command is for. Throws 404 for an unknown invocation, 409 for a completed one. A random id that has no head
 * yet lives once, as incarnation 0. */
async function openInvocation(
  { items, clock }: AdminPorts,
  id: InvocationId,
): Promise<{ readonly incarnation: Incarnation; readonly stored?: StoredHead }> {
  const stored = await readHead(items, id);
  const nowMs = clock.now();
  if (!stored && isPerhapsUnseen(id, nowMs)) return { incarnation: 0 };
  if (!stored || isExpired(stored.head, nowMs)) throw unknownInvocation(id);
  if (ON.command[stored.head.status] === "refuse") throw conflict(id, "was already completed.");
  return { incarnation: stored.head.incarnation, stored };
}

const newUid = ({ entropy }: AdminPorts): string => nonce(entropy, NONCE_BYTES);

const send = ({ mailbox }: AdminPorts, message: Message, uid: string): Promise<void> =>
  sendAll(mailbox, [outgoing(message, uid)]);

/** For a turn that runs now. If this fails the message brings it, later. */
async function listNow(
  ports: AdminPorts,
  id: InvocationId,
  incarnation: Incarnation,
  { note, isNew }: { readonly note: CancellationNote; readonly isNew: boolean },
): Promise<void> {
  try {
    if (isNew && (await addToStub(ports, id, incarnation, note)) !== "there is a head") return;
    await addCancellation(ports, id, incarnation, note);
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    ports.logger.log("warn", "admin: a running turn may learn of it late", { error: asError(error) });
  }
}
