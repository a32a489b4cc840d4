/**
 * What people do through the admin API, for the record: who, when, what, to which invocation, and what came of it.
 *
 * It is read from the request and its answer, so that no operation has to think of it.
 */
import type { Caller } from "../../../lib/model/caller.ts";
import { shownId, storedId } from "../../../lib/model/shown-id.ts";
import { AUDIT_CHARS_MAX } from "../../../lib/limits/ui.ts";
import { type HttpRequest, type HttpResponse, parseJsonObject } from "../../http/message.ts";

export interface AuditAction {
  readonly atMs: number;
  /** `cancel`, `edit-state`, … */
  readonly action: string;
  /** The invocation's, as it is shown. */
  readonly id?: string;
  /** What it was done to, if that is no invocation: a service, a key, a deployment. */
  readonly target?: string;
  /** Open: whether it took effect is not known. */
  readonly outcome: "done" | "refused" | "open";
  readonly status: number;
  /** Of the refusal. */
  readonly message?: string;
  /** As the door has verified it. Absent: nobody was verified. */
  readonly who?: string;
  /** A browser's page has asked, such as the UI, or another program. */
  readonly via: "page" | "program";
}

export interface AuditLog {
  record(actions: readonly AuditAction[]): Promise<void>;
  /** The newest first; `id`: of this invocation alone. */
  list(wanted: { readonly id?: string; readonly limit: number }): readonly AuditAction[];
}

type What = Pick<AuditAction, "action" | "id" | "target">;

/** None if the request changes nothing. `segments`: of its path, decoded and without a version. */
export function actionsOf(
  request: HttpRequest,
  segments: readonly string[],
  answer: HttpResponse,
  atMs: number,
): readonly AuditAction[] {
  const what = whatOf(request, segments, answer);
  if (what === undefined) return [];
  const who = whoIn(request.caller);
  const via: AuditAction["via"] = request.headers["sec-fetch-site"] === undefined ? "program" : "page";
  const common = { atMs, status: answer.status, via, ...(who === undefined ? {} : { who }) };
  if (isBulk(segments) && answer.status === 200)
    return bulkOf(answer).map(({ id, message }) => ({
      ...{ ...common, action: what.action, id },
      ...(message === undefined ? { outcome: "done" } : { outcome: "refused", message }),
    }));
  if (answer.status < 400) return [{ ...common, ...what, outcome: "done" }];
  const { message: said, restate_code: code } = parseJsonObject(answer.body) ?? {};
  const message = textIn(said);
  const outcome = answer.status >= 500 && typeof code !== "string" ? "open" : "refused";
  return [{ ...common, ...what, outcome, ...(message === undefined ? {} : { message }) }];
}

interface Asked {
  readonly request: HttpRequest;
  readonly answer: HttpResponse;
  readonly segments: readonly string[];
}

function whatOf(request: HttpRequest, segments: readonly string[], answer: HttpResponse): What | undefined {
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  if (isBulk(segments)) return { action: segments.at(-1) ?? "" };
  return READERS.get(segments[0] ?? "")?.({ request, answer, segments });
}

/** By the first segment of the path. */
const READERS: ReadonlyMap<string, (asked: Asked) => What | undefined> = new Map([
  [
    "invocations",
    ({ request: { query }, segments: [, id = "", verb] }: Asked) =>
      invocationOf(verb ?? query.get("mode") ?? "cancel", id),
  ],
  [
    "services",
    ({ request, answer, segments: [, name = "", part, key] }: Asked) =>
      part === "state" ? stateOf(request, answer, name, key) : named("configure", name),
  ],
  ["deployments", ({ request, answer, segments: [, id = ""] }: Asked) => deploymentOf(request, answer, id)],
  [
    "subscriptions",
    ({ request: { method }, answer, segments: [, id, verb] }: Asked) =>
      verb === undefined
        ? named(SUBSCRIPTION_ACTIONS[method] ?? pausing(answer), id ?? madeId(answer))
        : STEERING.has(verb)
          ? named(`${verb}-subscription`, id ?? "")
          : undefined,
  ],
  [
    "kafka-clusters",
    ({ request, segments: [, name] }: Asked) =>
      named(CLUSTER_ACTIONS[request.method] ?? "cluster", name ?? bodyName(request)),
  ],
  // An event that is delivered is nobody's action.
  [
    "events",
    ({ request, segments }: Asked) =>
      segments[1] === "rejected" ? rejectedOf(request, segments) : undefined,
  ],
]);

const invocationOf = (action: string, id: string): What | undefined =>
  OPERATIONS.has(action) ? { action, id: idOf(id) } : undefined;

/** `POST /invocations/{operation}`, also under Restate's own path. */
const isBulk = (segments: readonly string[]): boolean =>
  (segments.length === 2 && segments[0] === "invocations" && OPERATIONS.has(segments[1] ?? "")) ||
  (segments.length === 3 && segments[0] === "internal" && segments[1] === "invocations_batch_operations");
const OPERATIONS: ReadonlySet<string> = new Set([
  ...["cancel", "kill", "pause", "resume", "restart-as-new", "purge", "purge-journal"],
]);

function stateOf(
  { method, body }: HttpRequest,
  { headers }: HttpResponse,
  service: string,
  key?: string,
): What {
  const of = key ?? textIn(parseJsonObject(body)?.["object_key"]) ?? "";
  const id = headers["x-restate-id"];
  return {
    ...named(method === "DELETE" ? "clear-state" : "edit-state", `${service}/${of}`),
    ...(id === undefined ? {} : { id }),
  };
}

/** `/subscriptions/{id}/{verb}`. */
const STEERING: ReadonlySet<string> = new Set(["skip", "replay"]);
const SUBSCRIPTION_ACTIONS: Readonly<Record<string, string>> = { POST: "subscribe", DELETE: "unsubscribe" };
/** Of `PATCH /subscriptions/{id}`. */
const pausing = ({ body }: HttpResponse): string =>
  parseJsonObject(body)?.["paused"] === true ? "pause-subscription" : "resume-subscription";

const CLUSTER_ACTIONS: Readonly<Record<string, string>> = {
  POST: "add-cluster",
  PATCH: "change-cluster",
  DELETE: "remove-cluster",
};

const madeId = ({ body }: HttpResponse): string => textIn(parseJsonObject(body)?.["id"]) ?? "";
const bodyName = ({ body }: HttpRequest): string => textIn(parseJsonObject(body)?.["name"]) ?? "";

/** `/events/rejected/{subscription}/{id}/{retry or drop}`; without an id: of all that wait. */
function rejectedOf(
  { method }: HttpRequest,
  [, , subscription = "", id = "", verb]: readonly string[],
): What {
  const isAll = method === "POST" && verb === undefined;
  const isDrop = method === "DELETE" || (verb ?? id) === "drop";
  return named(
    `${isDrop ? "drop" : "retry"}-event${isAll ? "s" : ""}`,
    isAll ? subscription : `${subscription}/${id}`,
  );
}

const DEPLOYMENT_ACTIONS: Readonly<Record<string, string>> = {
  POST: "register-deployment",
  PATCH: "move-deployment",
  DELETE: "remove-deployment",
};

function deploymentOf({ method, body }: HttpRequest, answer: HttpResponse, id: string): What | undefined {
  const asked = parseJsonObject(body);
  if (asked?.["dry_run"] === true) return undefined;
  const made = id === "" ? textIn(parseJsonObject(answer.body)?.["id"]) : id;
  return named(
    DEPLOYMENT_ACTIONS[method] ?? "deployment",
    made ?? textIn(asked?.["uri"]) ?? textIn(asked?.["arn"]) ?? "",
  );
}

const named = (action: string, target: string): What => ({
  action,
  target: target.slice(0, AUDIT_CHARS_MAX),
});

/** Older forms of an id are the same invocation's. */
function idOf(text: string): string {
  const id = storedId(text);
  return (id === undefined ? text : shownId(id)).slice(0, AUDIT_CHARS_MAX);
}

function bulkOf({ body }: HttpResponse): readonly { readonly id: string; readonly message?: string }[] {
  const { succeeded = [], failed = [] } = (parseJsonObject(body) ?? {}) as {
    readonly succeeded?: readonly (string | { readonly old_invocation_id: string })[];
    readonly failed?: readonly { readonly invocation_id: string; readonly error: string }[];
  };
  return [
    ...succeeded.map((each) => ({ id: idOf(typeof each === "string" ? each : each.old_invocation_id) })),
    ...failed.map(({ invocation_id: id, error }) => ({
      id: idOf(id),
      message: error.slice(0, AUDIT_CHARS_MAX),
    })),
  ];
}

function whoIn(caller: Caller | undefined): string | undefined {
  switch (caller?.kind) {
    case "iam":
      return caller.userArn ?? caller.userId;
    case "jwt":
      return caller.claims["sub"];
    case "authorizer":
      return textIn(caller.context["principalId"]);
    case undefined:
      return undefined;
  }
}

const textIn = (value: unknown): string | undefined =>
  typeof value === "string" ? value.slice(0, AUDIT_CHARS_MAX) : undefined;
