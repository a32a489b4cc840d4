/** Where the rows of each table come from. */
import { shownDeploymentId, shownId } from "../../../lib/model/shown-id.ts";
import type { QueryReport, QuerySource, Row, TableRequest } from "../../query/query.ts";
import type { AdminExchange } from "../ports.ts";
import type { QueryBudget } from "./budget.ts";
import type { TableContext } from "./context.ts";
import { attemptRows, pinnedRows } from "./attempts.ts";
import { Heads } from "./heads.ts";
import { invocationRows, stateRows, statusRows } from "./invocations.ts";
import { journalEventRows, stepRows, sysJournalRows, timerRows } from "./journals.ts";
import { inboxRows, lockOwnerRows, lockRows } from "./keys.ts";
import { promiseRows } from "./promises.ts";
import { rejectedRows } from "./rejected.ts";
import { deploymentRows, serviceRows } from "./registry.ts";
import { keyedStateRows } from "./state.ts";

type Rows = (context: TableContext, request: TableRequest) => Promise<readonly Row[]>;

/** Tables that are not named here are empty. */
const ROWS: Readonly<Record<string, Rows>> = {
  sys_invocation: invocationRows,
  sys_invocation_status: statusRows,
  sys_invocation_state: stateRows,
  sys_service: serviceRows,
  sys_deployment: deploymentRows,
  state: keyedStateRows,
  sys_journal: sysJournalRows,
  sys_journal_events: journalEventRows,
  sys_inbox: inboxRows,
  sys_keyed_service_status: lockOwnerRows,
  sys_promise: promiseRows,
  perdure_attempts: attemptRows,
  perdure_steps: stepRows,
  perdure_timers: timerRows,
  perdure_locks: lockRows,
  perdure_deployments_pinned: pinnedRows,
  perdure_rejected_events: rejectedRows,
};

/** Columns that have ids: whoever fills them may give them as they are stored. */
const IDS: Readonly<Record<string, (id: string) => string>> = {
  ...{ id: shownId, invoked_by_id: shownId, restarted_from: shownId, invocation_id: shownId },
  ...{ invoked_id: shownId, owner_id: shownId, waiting_id: shownId },
  ...{ deployment_id: shownDeploymentId, pinned_deployment_id: shownDeploymentId },
  last_attempt_deployment_id: shownDeploymentId,
};

function withIdsShown(row: Row, columns: ReadonlySet<string>): Row {
  const ids = Object.entries(IDS).flatMap(([column, form]) => {
    const id = columns.has(column) ? row[column] : undefined;
    return typeof id === "string" ? [[column, form(id)] as const] : [];
  });
  return ids.length === 0 ? row : { ...row, ...Object.fromEntries(ids) };
}

export class AdminTables implements QuerySource {
  readonly #context: TableContext;

  constructor(exchange: AdminExchange, budget: QueryBudget, mayScan: boolean) {
    this.#context = { exchange, budget, heads: new Heads(exchange, budget, mayScan) };
  }

  async rows(request: TableRequest): Promise<readonly Row[]> {
    const rows = (await ROWS[request.table]?.(this.#context, request)) ?? [];
    return rows.map((row) => withIdsShown(row, request.columns));
  }

  report(): QueryReport {
    return this.#context.budget.report();
  }
}
