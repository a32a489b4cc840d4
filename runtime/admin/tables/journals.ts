/** `sys_journal`, `sys_journal_events` and `perdure_steps`: what journals say, of one invocation or of several. */
import { InvariantError } from "../../../lib/errors.ts";
import { QUERY_JOURNAL_BYTES_MAX } from "../../../lib/limits/query.ts";
import { type EntryTimes, timesIn } from "../../../lib/model/entry-times.ts";
import type { CommandEntry, CompletionEntry, Entry, SignalledEntry } from "../../../lib/model/entry.ts";
import { isJournalExpired } from "../../../lib/model/head-age.ts";
import { awakeableId } from "../../../lib/model/ids.ts";
import { decodeOutcome } from "../../../lib/model/outcome.ts";
import type { Value } from "../../../lib/model/value.ts";
import { leavesOf } from "../../../lib/model/wait.ts";
import { readHeaders, readLog } from "../../../lib/store/head-store.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import type { FoundInvocation } from "../invocation-index.ts";
import { STATUS_VIEWS, viewInvocation } from "../invocation-view.ts";
import { codeIn } from "../../../lib/error-codes.ts";
import { ValueLoader, viewTime } from "../value-view.ts";
import type { TableContext } from "./context.ts";
import type { HeadTable } from "./heads.ts";
import { type JournalShown, journalRows } from "./journal-rows.ts";
import { utf8In } from "./state.ts";
import { targetText } from "../../../lib/model/target-text.ts";

const ANY: HeadTable = { statusesOf: () => STATUS_VIEWS };
const PAYLOADS = ["entry_json", "result_utf8", "result_length", "raw_length"] as const;

/** Invocations whose rows are asked for, by the columns that say the same of the row and of its invocation. Limits count rows, not
 * invocations, so all are found. */
export async function invocationsOf(
  { heads }: TableContext,
  { mentions }: TableRequest,
  said: readonly string[],
  table: HeadTable = ANY,
): Promise<readonly FoundInvocation[]> {
  const unlimited = mentions.map(({ predicates }) => ({
    predicates: predicates.filter(({ column }) => said.includes(column)),
  }));
  return await heads.find(unlimited, table, ({ id, head }) => viewInvocation(id, head) as Row);
}

export async function sysJournalRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  return await eachJournal(context, request, ["id"], journalRows);
}

export async function stepRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  return await eachJournal(context, request, ["id", "target"], stepsOf);
}

async function eachJournal(
  context: TableContext,
  request: TableRequest,
  said: readonly string[],
  show: (journal: JournalShown) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const { exchange, budget } = context;
  const { items, clock } = exchange.ports;
  const needsPayload = PAYLOADS.some((column) => request.columns.has(column));
  const rows: Row[] = [];
  let left = QUERY_JOURNAL_BYTES_MAX;
  for (const { id, head } of await invocationsOf(context, request, said)) {
    const end = budget.end;
    if (end !== undefined) {
      budget.lacks(`journals of some invocations: ${end}`);
      break;
    }
    if (isJournalExpired(head, clock.now())) continue;
    const loader = new ValueLoader(items, id, left);
    const bytesOf = async (value: Value): Promise<Uint8Array | undefined> => {
      if (!needsPayload || (typeof value !== "string" && !(value instanceof Uint8Array))) return undefined;
      const bytes = typeof value === "string" ? await loader.load(value) : value;
      left -= bytes?.byteLength ?? 0;
      if (!bytes || left < 0) budget.lacks(`payloads beyond ${QUERY_JOURNAL_BYTES_MAX} bytes together`);
      return left < 0 ? undefined : bytes;
    };
    try {
      const log = await readLog(items, id, head);
      const headers = await readHeaders(items, id, head.headers);
      budget.count(1, "keys");
      rows.push(...(await show({ id, head, log, headers, bytesOf })));
    } catch (error) {
      // It was purged since its head was read: then it has no journal.
      if (!(error instanceof InvariantError)) throw error;
    }
  }
  return rows;
}

/** The failure of the last attempt, and the pause that it has led to. */
export async function journalEventRows(
  context: TableContext,
  request: TableRequest,
): Promise<readonly Row[]> {
  const found = await invocationsOf(context, request, ["id"]);
  return found.flatMap(({ id, head }): Row[] => {
    const { failure, length, modifiedAtMs, status } = head;
    if (!failure) return [];
    const at = { id, after_journal_entry_index: length, appended_at: viewTime(modifiedAtMs) };
    const { message, stack, command } = failure;
    const event = {
      ...{
        ty: "TransientError",
        error_code: codeIn(message),
        error_message: message,
        error_stacktrace: stack,
      },
      ...{ related_command_index: command?.index, related_command_name: command?.name },
      related_command_type: command?.type,
    };
    const failed = { ...at, event_type: "TransientError", event_json: JSON.stringify(event) };
    if (status !== "paused") return [failed];
    const paused = { ty: "Paused", last_failure: event };
    return [failed, { ...at, event_type: "Paused", event_json: JSON.stringify(paused) }];
  });
}

/** Each command with what has become of it. */
async function stepsOf(journal: JournalShown): Promise<readonly Row[]> {
  const { id, head, log, bytesOf } = journal;
  const open = new Map<string, number>();
  const rows: Row[] = [];
  const times = timesIn(log, head.acceptedAtMs);
  for (const [position, entry] of log.entries()) {
    const base = { id, target: targetText(head.target), position, ...timeColumns(entry, times[position]) };
    if (entry.kind === "completion" || entry.kind === "signalled") {
      const at = open.get(keyOf(entry));
      const result = await resultColumns(entry.outcome, bytesOf);
      if (at !== undefined) rows[at] = { ...rows[at], ...result, ...endColumn(times[position]) };
      else if (entry.kind === "signalled")
        rows.push({ ...base, kind: "signal", name: String(entry.signal), ...result });
    } else if (entry.kind === "cancelled") rows.push({ ...base, kind: "cancelled", status: "done" });
    else {
      const isAwaited = AWAITED.some((kind) => kind === entry.kind);
      if (isAwaited) open.set(keyOf(entry), rows.length);
      const status = isAwaited ? "waiting" : "done";
      rows.push({
        ...base,
        ...{ command: entry.command, kind: entry.kind, status },
        ...(await commandColumns(entry, journal)),
      });
    }
  }
  return rows;
}

/** What something else completes has no end yet. */
function timeColumns({ kind }: Entry, times: EntryTimes | undefined): Row {
  if (!times) return {};
  const { startedAtMs, tries, append } = times;
  const isOpen = AWAITED.some((awaited) => awaited === kind);
  return {
    ...{ started_at: viewTime(startedAtMs), append },
    ...(isOpen ? {} : endColumn(times)),
    ...(kind === "run" ? { attempts: tries } : {}),
  };
}
const endColumn = (times: EntryTimes | undefined): Row => (times ? { ended_at: viewTime(times.atMs) } : {});

/** A signal is completed by its name, any other command by its number. */
const keyOf = (entry: CommandEntry | CompletionEntry | SignalledEntry): string =>
  entry.kind === "signal" || entry.kind === "signalled" ? `s${entry.signal}` : `c${entry.command}`;

async function commandColumns(entry: CommandEntry, { id, head, bytesOf }: JournalShown): Promise<Row> {
  const details = detailsOf(entry);
  if (entry.kind === "signal" && typeof entry.signal === "number")
    return {
      ...details,
      awakeable_id: awakeableId({ id, incarnation: head.incarnation, index: entry.signal }),
    };
  if ("outcome" in entry) return { ...details, ...(await resultColumns(entry.outcome, bytesOf)) };
  const hasValue = "value" in entry && entry.value !== null;
  return hasValue ? { ...details, ...(await resultColumns(entry.value, bytesOf)) } : details;
}

const AWAITED = ["sleep", "call", "signal", "promise.get", "attach"] as const;

function detailsOf(entry: CommandEntry): Row {
  if (entry.kind === "call" || entry.kind === "send") {
    const { name, dueAtMs } = entry.call;
    return {
      ...{ name: name ?? undefined, invoked_id: entry.callee },
      invoked_target: targetText(entry.call),
      due_at: dueAtMs === null ? undefined : viewTime(dueAtMs),
    };
  }
  if (entry.kind === "sleep") return { name: entry.name, due_at: viewTime(entry.dueAtMs) };
  if ("id" in entry) return { invoked_id: entry.id };
  if ("name" in entry) return { name: entry.name };
  if (entry.kind === "signal") return { name: entry.label ?? String(entry.signal) };
  return {};
}

async function resultColumns(value: Value, bytesOf: JournalShown["bytesOf"]): Promise<Row> {
  const outcome = decodeOutcome(value);
  if (!outcome.ok)
    return { status: "failed", error_code: outcome.failure.code, error_message: outcome.failure.message };
  const bytes = await bytesOf("ref" in outcome ? outcome.ref : outcome.value);
  return { status: "done", result_length: bytes?.byteLength, result_utf8: bytes && utf8In(bytes) };
}

/** What open invocations wait for until a time: a start, a retry, the end of a sleep. */
export async function timerRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const statuses = STATUS_VIEWS.filter((status) => status !== "completed");
  const found = await invocationsOf(context, request, ["id", "target"], { ...ANY, statuses });
  return found.flatMap(({ id, head }): Row[] => {
    const { status, dueAtMs, wait } = head;
    const target = targetText(head.target);
    const own =
      dueAtMs === undefined
        ? []
        : [{ id, target, kind: status === "scheduled" ? "start" : "retry", due_at: viewTime(dueAtMs) }];
    const isDue = status === "scheduled" || status === "backing-off";
    const sleeps =
      status === "suspended" && wait ? leavesOf(wait).filter((leaf) => leaf.kind === "sleep") : [];
    return [
      ...(isDue ? own : []),
      ...sleeps.map((leaf) => ({
        id,
        target,
        kind: "sleep",
        command: leaf.command,
        due_at: viewTime(leaf.dueAtMs),
      })),
    ];
  });
}
