/** `sys_promise`: the durable promises of workflows whose current run made them. */
import { promisePartition } from "../../../lib/model/ids.ts";
import { belongsTo, promiseOutcomeIn, promiseValueAt } from "../../../lib/store/promise-store.ts";
import { lifeAt, workflowIdOf } from "../../../lib/store/workflow-life.ts";
import { valuesFor } from "../../query/predicate.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import { STATUS_VIEWS } from "../invocation-view.ts";
import type { TableContext } from "./context.ts";
import { utf8In } from "./state.ts";

export async function promiseRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const rows = new Map<string, Row>();
  for (const [service, key] of await runsOf(context, request)) {
    const end = context.budget.end;
    if (end !== undefined) {
      context.budget.lacks(`promises of some workflows: ${end}`);
      break;
    }
    for (const row of await rowsOf(context, service, key))
      rows.set(JSON.stringify([service, key, row["key"]]), row);
  }
  return [...rows.values()];
}

/** Workflows and keys: those that are named, or else those that have a run. */
async function runsOf(
  { exchange, heads }: TableContext,
  { mentions }: TableRequest,
): Promise<readonly (readonly [string, string])[]> {
  const services = await exchange.ports.registry.services();
  const workflows = services.filter(({ type }) => type === "workflow").map(({ name }) => name);
  const pairs: (readonly [string, string])[] = [];
  for (const { predicates } of mentions) {
    const named = valuesFor(predicates, "service_name");
    const wanted = workflows.filter((name) => named?.includes(name) ?? true);
    const keys = valuesFor(predicates, "service_key");
    if (keys) pairs.push(...wanted.flatMap((name) => keys.map((key) => [name, key] as const)));
    else if (wanted.length > 0) {
      const ofServices = [{ column: "target_service_name", op: "equal" as const, values: wanted }];
      const found = await heads.find(
        [{ predicates: ofServices }],
        { statusesOf: () => STATUS_VIEWS },
        ({ head }) => ({
          target_service_name: head.target.service,
        }),
      );
      for (const { id, head } of found) {
        const { service, key } = head.target;
        if (key !== undefined && id === workflowIdOf(service, key)) pairs.push([service, key]);
      }
    }
  }
  return pairs;
}

async function rowsOf(
  { exchange: { ports }, heads, budget }: TableContext,
  service: string,
  key: string,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let after: string | undefined;
  const [run] = await heads.byIds([workflowIdOf(service, key)]);
  const life = lifeAt(run?.head, ports.clock.now());
  do {
    const page = await ports.items.query(
      "state",
      promisePartition(service, key),
      "",
      after === undefined ? {} : { after },
    );
    budget.count(page.items.length, "keys");
    for (const { sk, attributes } of page.items) {
      if (!belongsTo(attributes, life)) continue;
      const row = { service_name: service, service_key: key, key: sk };
      const outcome = promiseOutcomeIn(attributes);
      if (!outcome) {
        rows.push({ ...row, completed: 0 });
        continue;
      }
      if (!outcome.ok) {
        const { code, message } = outcome.failure;
        rows.push({ ...row, completed: 1, completion_failure: `[${code}] ${message}` });
        continue;
      }
      const value =
        "ref" in outcome ? await promiseValueAt(ports, { service, key }, outcome.ref) : outcome.value;
      const shown = value && {
        completion_success_value: value,
        completion_success_value_utf8: utf8In(value),
      };
      rows.push({ ...row, completed: 1, ...shown });
    }
    after = page.next;
  } while (after !== undefined);
  return rows;
}
