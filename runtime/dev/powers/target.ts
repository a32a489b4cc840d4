/** The invocation that a request names, and what can be done to it now. */
import { readHead } from "../../../lib/store/head-store.ts";
import { isExpired } from "../../../lib/model/head-age.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { isPerhapsUnseen } from "../../../lib/store/admission.ts";
import { AdminError, badShape, unknownInvocation } from "../../admin/error.ts";
import { parseId } from "../../admin/invocation.ts";
import { viewStatus } from "../../admin/invocation-view.ts";
import { isHttp } from "../hosts/http-hosts.ts";
import type { PowerPorts } from "./ports.ts";

export interface PowerTarget {
  readonly id: InvocationId;
  /** Absent: it has written nothing yet. */
  readonly head?: Head;
  /** A turn of it runs: in a process of this server, or in one that serves its own handlers. */
  readonly runs?: "here" | "elsewhere";
}

/** Throws 404 if there is none, and 409 if it has ended. */
export async function openTarget(ports: PowerPorts, body: Record<string, unknown>): Promise<PowerTarget> {
  const target = await targetIn(ports, body["invocation_id"]);
  if (target.head?.status === "completed")
    throw refused("It has ended: nothing of it will run any more. Restart it as new to try again.");
  return target;
}

export async function targetIn(ports: PowerPorts, given: unknown): Promise<PowerTarget> {
  if (typeof given !== "string") throw badShape("request field 'invocation_id'", "it is missing");
  const id = parseId(given);
  const runs = whereRuns(ports, id);
  const head = (await readHead(ports.items, id))?.head;
  const nowMs = ports.clock.now();
  const isThere = head ? !isExpired(head, nowMs) : runs !== undefined || isPerhapsUnseen(id, nowMs);
  if (!isThere) throw unknownInvocation(id);
  return { id, ...(head && { head }), ...(runs && { runs }) };
}

function whereRuns({ pool, httpHosts }: PowerPorts, id: InvocationId): PowerTarget["runs"] {
  if (pool.processOf(id)) return "here";
  return httpHosts.runs(id) ? "elsewhere" : undefined;
}

/** The address of the process that serves its handlers itself; absent if this server runs them. */
export async function addressElsewhere(
  { registry }: PowerPorts,
  { head }: PowerTarget,
): Promise<string | undefined> {
  if (!head) return undefined;
  const pinned = head.deployment === undefined ? undefined : await registry.deployment(head.deployment);
  const deployment = pinned ?? (await registry.service(head.target.service))?.deployment;
  const reached = typeof deployment === "string" ? await registry.deployment(deployment) : deployment;
  return reached && isHttp(reached) ? reached.address : undefined;
}

/** How it is, in a sentence's end: `suspended`. */
export const stateOf = ({ head }: PowerTarget): string =>
  head === undefined ? "accepted, and has not begun" : viewStatus(head.status);

/** 409, with what can be asked for instead. */
export class PowerRefusal extends AdminError {
  readonly possible: readonly string[];

  constructor(message: string, possible: readonly string[] = []) {
    super(409, message);
    this.possible = possible;
  }
}
export const refused = (message: string, possible: readonly string[] = []): PowerRefusal =>
  new PowerRefusal(message, possible);
