/** `perdure_attempts` and `perdure_deployments_pinned`: what invocations have tried, and where open ones run. */
import { codeIn } from "../../../lib/error-codes.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import { STATUS_VIEWS, viewInvocation, viewStatus } from "../invocation-view.ts";
import { viewAttempts } from "../attempts-view.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { RunAttempts } from "../../../lib/protocol.ts";
import { viewTime } from "../value-view.ts";
import type { TableContext } from "./context.ts";
import type { HeadTable } from "./heads.ts";
import { VIEW } from "./invocations.ts";
import { invocationsOf } from "./journals.ts";

const OPEN: HeadTable = { ...VIEW, statuses: STATUS_VIEWS.filter((status) => status !== "completed") };

/** Each attempt of an invocation that its head has kept. The last that has failed says besides how the invocation stands with its
 * failures. */
export async function attemptRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const found = await invocationsOf(context, request, ["id", "target", "status"], VIEW);
  const nowMs = context.exchange.ports.clock.now();
  return found.flatMap(({ id, head }): Row[] => {
    const of: Row = {
      ...{ id, target: (viewInvocation(id, head) as Row)["target"], status: viewStatus(head.status) },
    };
    const rows = viewAttempts(head, nowMs).attempts.map((attempt): Row => ({ ...of, ...attempt }));
    const failed = failedColumns(head);
    if (!failed) return rows;
    if (rows.length === 0) return [{ ...of, ...failed }];
    const at = rows.findLastIndex(({ outcome }) => outcome === "failed" || outcome === "died");
    return rows.with(at, { ...(rows.at(at) ?? of), ...failed });
  });
}

/** What has failed since its last progress. */
function failedColumns({
  attempt,
  failure,
  status,
  deployment,
  dueAtMs,
  modifiedAtMs,
}: Head): Row | undefined {
  if (attempt.count === 0 && !failure) return undefined;
  return {
    ...{ deployment_id: deployment, attempts: attempt.count },
    next_attempt_at: status === "backing-off" && dueAtMs !== undefined ? viewTime(dueAtMs) : undefined,
    failed_at: failure && viewTime(modifiedAtMs),
    ...(failure && { error_code: codeIn(failure.message), error_message: failure.message }),
    error_stack: failure?.stack,
    ...(failure?.command && {
      failed_command_index: failure.command.index,
      failed_command_type: failure.command.type,
      failed_command_name: failure.command.name,
    }),
    ...stepColumns(attempt.run ?? attempt.tried),
    begun: JSON.stringify(attempt.begun?.commands.map(([command, what]) => `${command}: ${what}`) ?? []),
  };
}

const stepColumns = (step: RunAttempts | undefined): Row =>
  step
    ? { step_command: step.command, step_attempts: step.attempts, step_since: viewTime(step.sinceMs) }
    : {};

/** Open invocations by their deployment, service and status. */
export async function pinnedRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const deployments = new Set((await context.exchange.ports.registry.deployments()).map(({ id }) => id));
  const groups = new Map<string, { readonly row: Row; count: number; oldestMs: number }>();
  for (const { head } of await invocationsOf(context, request, ["status"], OPEN)) {
    const { deployment, target, status, acceptedAtMs } = head;
    if (deployment === undefined) continue;
    const row = { deployment_id: deployment, service_name: target.service, status: viewStatus(status) };
    const name = JSON.stringify(row);
    const group = groups.get(name) ?? { row, count: 0, oldestMs: acceptedAtMs };
    group.count++;
    group.oldestMs = Math.min(group.oldestMs, acceptedAtMs);
    groups.set(name, group);
  }
  return [...groups.values()].map(({ row, count, oldestMs }) => ({
    ...{ ...row, invocations: count, oldest_at: viewTime(oldestMs) },
    is_registered: deployments.has(String(row["deployment_id"])) ? 1 : 0,
  }));
}
