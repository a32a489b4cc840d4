/**
 * Cancel, kill, pause, resume. The message goes first (R12): it is the durable trigger for everything that follows,
 * in the invocation's own group, and enough by itself. The write on the head after it only makes a turn that runs
 * now learn of it at its next append, rather than when its group is free; it may fail, or be refused because the
 * invocation has moved on, without harm. A cancellation that arrives both ways has one delivery id, so that the turn
 * takes it once. A pause is the write alone: a paused head refuses every append.
 */
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { readHead, type StoredHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { asError, OperationalError } from "../../lib/errors.ts";
import {
  type Head,
  headKey,
  isExpired,
  parseHead,
  retentionAttributes,
  whileOpen,
} from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { Condition, Update } from "../../lib/model/item.ts";
import type { Message } from "../../lib/model/message.ts";
import { encodeOutcome, failure } from "../../lib/model/outcome.ts";
import { handlerOptionsOf } from "../dispatcher/handler-options.ts";
import { fromHead } from "../dispatcher/known.ts";
import { emptyResponse } from "../http/message.ts";
import { AdminError, badField, conflict, doesNotExist, unknownInvocation } from "./error.ts";
import { parseId, requireHead } from "./invocation.ts";
import type { AdminPorts, Exchange, Handling } from "./ports.ts";
import { nonce } from "../../lib/nonce.ts";

const DELIVERY_ID_BYTES = 12;
const PAUSABLE = ["running", "suspended", "backing-off"] as const;

/** 202: it is delivered at the invocation's next await. 404 unknown, 409 completed. */
export async function cancelInvocation({ ports }: Exchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation } = await openInvocation(ports, id);
  const uid = newUid(ports);
  await send(ports, { kind: "notify", id, incarnation, note: ["x", uid] }, uid);
  const changes: Update["changes"] = [
    { do: "append", attribute: "m", values: [["x", uid]] },
    { do: "set", attribute: "u", value: ports.clock.now() },
  ];
  await tryWrite(ports, { op: "update", key: headKey(id), changes, when: whileOpen(incarnation) });
  return emptyResponse(202);
}

/** 200: it has ended, without running any more code, and its calls will. 202: so it will. 404 unknown, 409 completed. */
export async function killInvocation({ ports }: Exchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation, stored } = await openInvocation(ports, id);
  await send(ports, { kind: "kill", id, incarnation }, newUid(ports));
  // What has no head yet is ended by the message.
  if (!stored) return emptyResponse(202);
  const retention = await handlerOptionsOf(ports.registry, fromHead(id, stored));
  const nowMs = ports.clock.now();
  const ended = {
    s: "completed",
    u: nowMs,
    x: encodeOutcome(failure(409, "killed")),
    ...retentionAttributes(nowMs, retention),
  };
  const changes = Object.entries(ended).map(
    ([attribute, value]) => ({ do: "set", attribute, value }) as const,
  );
  const ends = await tryWrite(ports, {
    op: "update",
    key: headKey(id),
    changes,
    when: whileOpen(incarnation),
  });
  return emptyResponse(ends ? 200 : 202);
}

/** 202 paused; 200 it was; 404 unknown; 409 completed or not begun. */
export async function pauseInvocation({ ports }: Exchange, text: string): Handling {
  const id = parseId(text);
  const { incarnation } = await requireHead(ports, id, cannotBePaused);
  const running: Condition[] = PAUSABLE.map((value) => ({ is: "eq", attribute: "s", value }));
  const { won, item } = await ports.items.write({
    op: "update",
    key: headKey(id),
    changes: [
      { do: "set", attribute: "s", value: "paused" },
      { do: "set", attribute: "u", value: ports.clock.now() },
    ],
    when: { is: "all", of: [whileOpen(incarnation), { is: "any", of: running }] },
  });
  if (won) return emptyResponse(202);
  const now = item === undefined ? undefined : parseHead(item);
  if (!now || now.incarnation !== incarnation) throw unknownInvocation(id);
  if (now.status === "paused") return emptyResponse(200);
  throw cannotBePaused(id);
}

const cannotBePaused = (id: InvocationId): AdminError => conflict(id, "is not running, cannot be paused.");

/**
 * Leaves a pause, skips a back-off. `?deployment=keep|latest|{id}`: where a paused one goes on.
 * 200: it will go on. 404 unknown; 409 running or completed; 425 not begun; 400 bad deployment.
 */
export async function resumeInvocation({ ports, request }: Exchange, text: string): Handling {
  const id = parseId(text);
  const head = await requireHead(ports, id, notBegun);
  assertResumable(id, head);
  const deployment = await deploymentOf(ports, head, request.query.get("deployment") ?? "keep");
  if (deployment !== undefined && deployment !== head.deployment) await repin(ports, id, head, deployment);
  await send(ports, { kind: "resume", id, incarnation: head.incarnation, byOperator: true }, newUid(ports));
  return emptyResponse(200);
}

function assertResumable(id: InvocationId, { status }: Head): void {
  if (status === "completed" || status === "running") throw conflict(id, `is ${status}, cannot be resumed.`);
  if (status === "scheduled" || status === "accepted" || status === "pending") {
    throw notBegun(id);
  }
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
    const deployment = await registry.deployment(wanted);
    if (!deployment) throw doesNotExist(`deployment '${wanted}'`);
    if (!deployment.services.some(({ name }) => name === target.service)) {
      throw badField("query parameter 'deployment'", `'${wanted}' does not serve '${target.service}'`);
    }
    return wanted;
  }
  const service = await registry.service(target.service);
  if (!service) throw doesNotExist(`service '${target.service}'`);
  return service.deployment;
}

/** Only of a paused invocation, of which no turn can append: a turn must end on the code that it began on. */
async function repin(
  { items, clock }: AdminPorts,
  id: InvocationId,
  head: Head,
  deployment: string,
): Promise<void> {
  const { won } = await items.write({
    op: "update",
    key: headKey(id),
    changes: [
      { do: "set", attribute: "d", value: deployment },
      { do: "set", attribute: "u", value: clock.now() },
    ],
    when: { is: "all", of: [whileOpen(head.incarnation), { is: "eq", attribute: "s", value: "paused" }] },
  });
  if (!won) throw conflict(id, "is not paused, cannot be resumed on another deployment.");
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
  if (stored.head.status === "completed") throw conflict(id, "was already completed.");
  return { incarnation: stored.head.incarnation, stored };
}

const newUid = ({ entropy }: AdminPorts): string => nonce(entropy, DELIVERY_ID_BYTES);

const send = ({ mailbox }: AdminPorts, message: Message, uid: string): Promise<void> =>
  sendAll(mailbox, [outgoing(message, uid)]);

/** Whether it took effect; it may have all the same. */
async function tryWrite({ items, logger }: AdminPorts, write: Update): Promise<boolean> {
  try {
    return (await items.write(write)).won;
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    logger.log("warn", "admin: a running turn may learn of it late", { error: asError(error) });
    return false;
  }
}
