/** An invocation as operators see it: the columns of Restate's `sys_invocation`, as far as a head knows them. */
import { codeIn } from "../../lib/error-codes.ts";
import type { Head, Status } from "../../lib/model/head.ts";
import { awakeableId, type InvocationId } from "../../lib/model/ids.ts";
import { shownDeploymentId, shownId } from "../../lib/model/shown-id.ts";
import type { TurnFailure } from "../../lib/protocol.ts";
import { startedAt } from "./attempts-view.ts";
import { subscriptionOf } from "../../lib/model/source-record.ts";
import type { Wait } from "../../lib/model/wait.ts";
import { viewTime } from "./value-view.ts";
import { WAIT_VIEW_CHARS_MAX } from "../../lib/limits/http.ts";
import { targetText } from "../../lib/model/target-text.ts";

/** As Restate calls them: what is accepted and not yet run is `ready`. */
export type StatusView = Exclude<Status, "accepted"> | "ready";

export const viewStatus = (status: Status): StatusView => (status === "accepted" ? "ready" : status);

export const STATUS_VIEWS: readonly StatusView[] = [
  ...(["scheduled", "pending", "ready", "running"] as const),
  ...(["suspended", "backing-off", "paused", "completed"] as const),
];

export function viewInvocation(id: InvocationId, head: Head): object {
  const { service, handler, key } = head.target;
  return {
    id: shownId(id),
    target: targetText(head.target),
    target_service_name: service,
    ...(key === undefined ? {} : { target_service_key: key }),
    target_handler_name: handler,
    ...(head.idempotencyKey === undefined ? {} : { idempotency_key: head.idempotencyKey }),
    ...viewOrigin(head.origin),
    status: viewStatus(head.status),
    ...viewCompletion(head),
    ...(head.deployment === undefined ? {} : { pinned_deployment_id: shownDeploymentId(head.deployment) }),
    journal_size: head.length,
    created_at: viewTime(head.acceptedAtMs),
    ...startedAt(head),
    modified_at: viewTime(head.modifiedAtMs),
    ...viewDue(head),
    retry_count: head.attempt.count,
    ...(head.failure === undefined ? {} : viewFailure(head.failure)),
    ...(head.wait === undefined || head.status === "completed"
      ? {}
      : { waiting_on: describeWait(head.wait, id, head) }),
    pending_notes: head.notes.length,
  };
}

const RESTART = "restart~";
/** The origin of an invocation that was made from an older one. */
export const restartOrigin = (of: InvocationId, unique: string): string => `${RESTART}${of}~${unique}`;

/** A handler's call is named by `{caller}.{incarnation}.{command}`, a request from outside by itself. */
function viewOrigin(origin: string): object {
  if (origin.startsWith(RESTART)) {
    return { invoked_by: "restart_as_new", restarted_from: shownId(origin.split("~")[1] ?? "") };
  }
  const subscription = subscriptionOf(origin);
  if (subscription !== undefined)
    return { invoked_by: "subscription", invoked_by_subscription_id: subscription };
  const caller = callingInvocation(origin);
  return caller === undefined
    ? { invoked_by: "ingress" }
    : { invoked_by: "service", invoked_by_id: shownId(caller) };
}

/** `undefined`: it was not called by a handler. */
export function callingInvocation(origin: string): InvocationId | undefined {
  if (origin.startsWith(RESTART)) return undefined;
  const [caller, , command] = origin.split(".");
  return command === undefined ? undefined : caller;
}

function viewCompletion({ status, outcome, modifiedAtMs, expiresAtMs, journalExpiresAtMs }: Head): object {
  if (status !== "completed") return {};
  const failure = outcome?.ok === false ? outcome.failure : undefined;
  return {
    completed_at: viewTime(modifiedAtMs),
    ...(expiresAtMs === undefined ? {} : { expires_at: viewTime(expiresAtMs) }),
    ...(journalExpiresAtMs === undefined ? {} : { journal_expires_at: viewTime(journalExpiresAtMs) }),
    completion_result: failure ? "failure" : "success",
    ...(failure ? { completion_failure: `[${failure.code}] ${failure.message}` } : {}),
  };
}

function viewDue({ status, dueAtMs }: Head): object {
  if (dueAtMs === undefined) return {};
  if (status === "scheduled") return { scheduled_start_at: viewTime(dueAtMs) };
  return status === "backing-off" ? { next_retry_at: viewTime(dueAtMs) } : {};
}

function viewFailure({ message, stack, command }: TurnFailure): object {
  return {
    last_failure: message,
    last_failure_error_code: codeIn(message),
    ...(stack === undefined ? {} : { last_failure_stack: stack }),
    ...(command === undefined
      ? {}
      : {
          last_failure_related_command_index: command.index,
          last_failure_related_command_type: command.type,
          last_failure_related_command_name: command.name,
        }),
  };
}

function describeWait(wait: Wait, id: InvocationId, { incarnation }: Head): string {
  const text = describe(wait, (index) => awakeableId({ id, incarnation, index }));
  return text.length > WAIT_VIEW_CHARS_MAX ? `${text.slice(0, WAIT_VIEW_CHARS_MAX)}…` : text;
}

const COMBINATORS = { all: "all", any: "any", race: "race", settled: "allSettled", mapped: "map" } as const;

function describe(wait: Wait, awakeable: (index: number) => string): string {
  switch (wait.kind) {
    case "sleep":
      return `sleep until ${viewTime(wait.dueAtMs)} (command ${wait.command})`;
    case "promise.get":
      return `promise ${JSON.stringify(wait.name)}`;
    case "attach":
      return `result of ${shownId(wait.id)}`;
    case "call":
      return `call (command ${wait.command})`;
    case "signal":
      return typeof wait.signal === "number"
        ? `awakeable ${awakeable(wait.signal)}`
        : `signal ${JSON.stringify(wait.signal)}`;
    case "also":
      return wait.parts
        .slice(0, 1)
        .map((part) => describe(part, awakeable))
        .join("");
    case "all":
    case "any":
    case "race":
    case "settled":
    case "mapped":
      return `${COMBINATORS[wait.kind]}(${wait.parts.map((part) => describe(part, awakeable)).join(", ")})`;
  }
}
