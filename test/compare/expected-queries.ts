/** Which answers to queries differ as expected, and why. */
import { isDeepStrictEqual } from "node:util";
import type { QueryAnswer } from "./query-answers.ts";

const RETRIES = "it counts failed attempts, of every invocation";
const NOT_KEPT = "it is not kept";
const STARTS = "it is known from the first write of an attempt on";
const FAILURE = "the text has no stack, and what is paused keeps it";
const WAITS = "what is waited for has other numbers";
const UNPINNED = "what has recorded nothing is not pinned yet";
const ANY_OF_A_GROUP = "any invocation of the group may be taken";
const EVENTS = "an event has our code, and what is paused keeps its failure";
const OTHER_JOURNAL = "a step is recorded when it has ended, and a call's id is no entry";

/** Values of columns that cannot be the same, and may be null in one and not in the other. */
const COLUMNS: Readonly<Record<string, string>> = {
  idempotency_key: "Restate makes one up for each request without",
  created_using_restate_version: "it is another server",
  last_attempt_server: "it is another SDK",
  partition_key: "there are no partitions",
  trace_id: "Restate shows one where nothing was sampled",
  retry_count: RETRIES,
  num_retries: RETRIES,
  running_at: STARTS,
  last_start_at: STARTS,
  last_attempt_deployment_id: NOT_KEPT,
  last_failure: FAILURE,
  last_failure_message: FAILURE,
  last_failure_related_command_index: "positions do not count the input",
  last_failure_related_command_type: "kinds of commands have our names",
  completion_retention: "retention is decided at the end",
  journal_retention: "retention is decided at the end",
  journal_size: "a step is one entry",
  journal_commands_size: "a step is one entry",
  pinned_service_protocol_version: "it is another protocol",
  suspended_waiting_for_completions: WAITS,
  suspended_waiting_for_signals: WAITS,
  suspended_waiting_future_json: WAITS,
};

/** Queries whose whole answer may differ. */
const QUERIES: Readonly<Record<string, string>> = {
  "cli: dp ls --extra": UNPINNED,
  "cli: dp describe {deployment} --extra": UNPINNED,
  "cli: svc status (4)": ANY_OF_A_GROUP,
  "cli: svc status Counter (6)": ANY_OF_A_GROUP,
  "cli: inv ls (3)": UNPINNED,
  "cli: inv ls --all (3)": UNPINNED,
  "cli: inv ls --deployment {deployment}": UNPINNED,
  "cli: inv ls --deployment {deployment} (2)": UNPINNED,
  "cli: inv ls --deployment {deployment} (3)": UNPINNED,
  "cli: inv ls --oldest-first --limit 2 (2)": UNPINNED,
  "cli: inv describe {chained} (5)": OTHER_JOURNAL,
  "ui: UI, an invocation": UNPINNED,
  "ui: UI, rows of the list": UNPINNED,
  "ui: UI, its journal": OTHER_JOURNAL,
  "ui: UI, one entry's payload": OTHER_JOURNAL,
  "ui: UI, state of some keys": "ids of awakeables have another length",
  "ours: how long journals are": OTHER_JOURNAL,
  "ours: failures of what backs off": "positions do not count the input; kinds of commands have our names",
  "ours: times that must be there": NOT_KEPT,
  "ours: owners of keys": "a workflow's run owns its key, too",
  "ui: UI, its events": EVENTS,
  "ui: UI, events of a paused one": EVENTS,
  "ui: example, transient errors of the last hour": EVENTS,
  "ours: numbers": "a column of nothing but nulls has a type",
  "ours: deployments": "services come in any order",
};

/** Ties may come in any order. */
const UNORDERED = /^cli: /u;

export const inTheSameOrder = (name: string): boolean => !UNORDERED.test(name);

/** The reason for an expected difference, if there is no other difference. */
export function whyQueryExpected(
  name: string,
  restate: QueryAnswer | undefined,
  perdure: QueryAnswer | undefined,
): string | undefined {
  if (!restate || !perdure) return undefined;
  // Restate answers some errors of the user's with 500.
  if (restate.status === 500 && perdure.status === 400) return "an error of the user's is 400";
  const reasons = new Set<string>();
  const without = ({ rows, columns, ...rest }: QueryAnswer): unknown => ({
    ...rest,
    columns: columns.map(ofOneWidth),
    rows: rows.map((row) => withoutExpected(row, reasons)),
  });
  if (isDeepStrictEqual(without(restate), without(perdure)))
    return [...reasons].join("; ") || "texts and whole numbers have the wider type";
  return QUERIES[name];
}

function withoutExpected(
  row: Readonly<Record<string, unknown>>,
  reasons: Set<string>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(row).filter(([column]) => {
      const why = COLUMNS[column];
      if (why !== undefined) reasons.add(why);
      return why === undefined;
    }),
  );
}

/** Texts and whole numbers that a query computes may have another width. */
const ofOneWidth = (column: string): string =>
  column.replace(/: LargeUtf8$/u, ": Utf8").replace(/: (Uint64|Int32)$/u, ": Int64");
