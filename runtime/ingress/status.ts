/** `GET /restate/invocation/{id}/status`: how far an invocation has come. */
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { isExpired, type Status } from "../../lib/model/head.ts";
import { jsonResponse } from "../http/message.ts";
import { invocationNotFound } from "./error.ts";
import type { Exchange, Handling } from "./ports.ts";
import type { Subject } from "./result.ts";

const STAGES: Record<Status, "created" | "started" | "completed"> = {
  scheduled: "created",
  accepted: "created",
  pending: "created",
  running: "started",
  suspended: "started",
  "backing-off": "started",
  paused: "started",
  completed: "completed",
};

/** Without a head the invocation may run its first step already; nobody can tell, so it is `created`. */
export async function invocationStatus({ ports }: Exchange, { id }: Subject): Handling {
  const stored = await readHead(ports.items, id);
  const nowMs = ports.clock.now();
  const headers = { "x-restate-id": id };
  if (!stored && isPerhapsUnseen(id, nowMs))
    return jsonResponse(200, { stage: "created", error: null }, headers);
  if (!stored || isExpired(stored.head, nowMs)) throw invocationNotFound(id);
  const { status, outcome } = stored.head;
  const error = outcome?.ok === false ? outcome.failure : null;
  return jsonResponse(200, { stage: STAGES[status], error }, headers);
}
