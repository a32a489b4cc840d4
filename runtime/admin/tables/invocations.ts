/** `sys_invocation`, `sys_invocation_status` and `sys_invocation_state`: each head is a row. */
import { QUERY_CALLERS_MAX, QUERY_READS_AT_ONCE } from "../../../lib/limits/query.ts";
import { eachAtOnce } from "../../../lib/at-once.ts";
import { isCommand } from "../../../lib/model/entry.ts";
import type { Head } from "../../../lib/model/head.ts";
import { shownDeploymentId, shownId, storedId } from "../../../lib/model/shown-id.ts";
import { turnsIn } from "../../../lib/model/turns.ts";
import { leavesOf } from "../../../lib/model/wait.ts";
import { PROTOCOL_VERSION } from "../../../lib/protocol.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import type { FoundInvocation } from "../invocation-index.ts";
import { type StatusView, STATUS_VIEWS, viewInvocation, viewStatus } from "../invocation-view.ts";
import { viewTime } from "../value-view.ts";
import { SERVICE_TYPES, type TableContext } from "./context.ts";
import type { HeadTable } from "./heads.ts";

/** As Restate stores them: what the invoker has in hand is `invoked`. */
export const STORED_STATUS: Readonly<Record<StatusView, string>> = {
  scheduled: "scheduled",
  pending: "inboxed",
  ready: "invoked",
  running: "invoked",
  "backing-off": "invoked",
  suspended: "suspended",
  paused: "paused",
  completed: "completed",
};
/** Those that Restate's invoker knows. */
const LIVE: readonly StatusView[] = ["ready", "running", "backing-off"];

const isStatus = (status: string): status is StatusView => STATUS_VIEWS.some((one) => one === status);

export const VIEW: HeadTable = { statusesOf: (status) => (isStatus(status) ? [status] : []) };
const STORED: HeadTable = {
  statusesOf: (status) => STATUS_VIEWS.filter((one) => STORED_STATUS[one] === status),
};
const STATE: HeadTable = { statusesOf: () => STATUS_VIEWS, statuses: LIVE };

export async function invocationRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const row = await rowMaker(context, request);
  return await withCallers(context, request, await context.heads.find(ofHeads(request), VIEW, row), row);
}

export async function statusRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const view = await rowMaker(context, request);
  const row = (found: FoundInvocation): Row => ({
    ...view(found),
    status: STORED_STATUS[viewStatus(found.head.status)],
  });
  return await withCallers(context, request, await context.heads.find(ofHeads(request), STORED, row), row);
}

export async function stateRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const view = await rowMaker(context, request);
  const row = (found: FoundInvocation): Row | undefined => {
    const status = viewStatus(found.head.status);
    return LIVE.includes(status) ? { ...view(found), in_flight: status === "running" ? 1 : 0 } : undefined;
  };
  const rows = (await context.heads.find(request.mentions, STATE, row)).map(row);
  return rows.filter((one) => one !== undefined);
}

async function rowMaker(
  { exchange }: TableContext,
  { columns, mentions }: TableRequest,
): Promise<(found: FoundInvocation) => Row> {
  const needsType =
    columns.has("target_service_ty") ||
    mentions.some(({ predicates }) => predicates.some(({ column }) => column === "target_service_ty"));
  const services = needsType ? await exchange.ports.registry.services() : [];
  const types = new Map(services.map(({ name, type }) => [name, SERVICE_TYPES[type]]));
  return ({ id, head }) => ({
    ...(viewInvocation(id, head) as Row),
    ...startsOf(head),
    ...timesOf(head),
    ...waitOf(head),
    target_service_ty: types.get(head.target.service),
    journal_commands_size: head.paged === 0 ? head.tail.filter(isCommand).length : undefined,
    pinned_service_protocol_version: head.deployment === undefined ? undefined : PROTOCOL_VERSION,
    last_attempt_deployment_id:
      head.attempt.count > 0 && head.deployment !== undefined
        ? shownDeploymentId(head.deployment)
        : undefined,
  });
}

/** Restate's invoker knows the last attempt of what it has in hand. */
function startsOf({ turns, acceptedAtMs, status }: Head): Row {
  const { first, last } = turnsIn(turns, acceptedAtMs);
  const all = [...first, ...last];
  const [began, latest] = [all[0], all.at(-1)];
  if (!began || !latest) return {};
  const isLive = LIVE.includes(viewStatus(status));
  return {
    running_at: viewTime(began.fromMs),
    ...(isLive ? { last_start_at: viewTime(latest.fromMs) } : {}),
  };
}

function timesOf({ status, acceptedAtMs, modifiedAtMs, expiresAtMs, journalExpiresAtMs }: Head): Row {
  if (status === "scheduled") return { scheduled_at: viewTime(acceptedAtMs) };
  if (status !== "completed" || expiresAtMs === undefined) return {};
  return {
    completion_retention: Math.max(expiresAtMs - modifiedAtMs, 0),
    journal_retention: Math.max((journalExpiresAtMs ?? expiresAtMs) - modifiedAtMs, 0),
  };
}

/** Restate numbers what a handler waits for from 1, and awakeables from 17. */
export const completionId = (command: number): number => command + 1;
export const signalId = (index: number): number => index + 17;

function waitOf({ status, wait }: Head): Row {
  if (status !== "suspended" || wait === undefined) return {};
  const leaves = leavesOf(wait);
  const completions = leaves.flatMap((leaf) => ("command" in leaf ? [completionId(leaf.command)] : []));
  const signals = leaves.flatMap((leaf) =>
    "signal" in leaf && typeof leaf.signal === "number" ? [signalId(leaf.signal)] : [],
  );
  const singles = [
    ...completions.map((id) => ({ Single: { CompletionId: id } })),
    ...signals.map((id) => ({ Single: { SignalIndex: id } })),
  ];
  return {
    suspended_waiting_for_completions: JSON.stringify(completions),
    suspended_waiting_for_signals: JSON.stringify(signals),
    suspended_waiting_future_json: JSON.stringify({ Unknown: singles }),
  };
}

const OF_CALLERS = ["invoked_by_target", "invoked_by_service_name"] as const;

/** What is said of the callers no head tells. */
const ofHeads = ({ mentions }: TableRequest): TableRequest["mentions"] =>
  mentions.map((mention) => {
    const predicates = mention.predicates.filter(({ column }) => !OF_CALLERS.some((name) => name === column));
    return predicates.length === mention.predicates.length ? mention : { predicates };
  });

/** The target of the caller is in the caller's head alone. */
async function withCallers(
  { heads }: TableContext,
  { columns }: TableRequest,
  found: readonly FoundInvocation[],
  row: (found: FoundInvocation) => Row,
): Promise<readonly Row[]> {
  if (columns.size === 0) return found.map(() => ({}));
  const rows = found.map(row);
  if (!OF_CALLERS.some((name) => columns.has(name))) return rows;
  const ids = rows
    .map(({ invoked_by_id: id }) => (typeof id === "string" ? storedId(id) : undefined))
    .filter((id) => id !== undefined);
  const callers = new Map<string, Row>();
  const wanted = [...new Set(ids)].slice(0, QUERY_CALLERS_MAX);
  await eachAtOnce(wanted, QUERY_READS_AT_ONCE, async (id) => {
    const [caller] = await heads.byIds([id]);
    if (caller) callers.set(shownId(id), viewInvocation(id, caller.head) as Row);
  });
  return rows.map((one) => {
    const caller = callers.get(String(one["invoked_by_id"]));
    return caller
      ? {
          ...one,
          invoked_by_target: caller["target"],
          invoked_by_service_name: caller["target_service_name"],
        }
      : one;
  });
}
