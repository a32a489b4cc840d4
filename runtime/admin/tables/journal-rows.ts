/**
 * A journal as Restate's tables show it: the input, then each command and each notification, then the output.
 *
 * Our log records a step once, when it has ended. Here it is a command and the notification that follows it. Completions have
 * numbers of their own: that of their command and one. Awakeables and signals begin at 17, as in Restate.
 */
import type { Call, Entry } from "../../../lib/model/entry.ts";
import { type EntryTimes, timesIn } from "../../../lib/model/entry-times.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { decodeOutcome, encodeOutcome } from "../../../lib/model/outcome.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import type { Value } from "../../../lib/model/value.ts";
import type { Row } from "../../query/query.ts";
import { viewHeaders, viewTime } from "../value-view.ts";
import { completionId, signalId } from "./invocations.ts";
import { targetText } from "../../../lib/model/target-text.ts";

/** The bytes of a value; `undefined` if they are too many to show. */
export type BytesOf = (value: Value) => Promise<Uint8Array | undefined>;

export interface JournalShown {
  readonly id: InvocationId;
  readonly head: Head;
  readonly log: readonly Entry[];
  readonly headers: Readonly<Record<string, string>>;
  readonly bytesOf: BytesOf;
}

/** One row to be: its type without the kind before it, what it is without payloads, and with them. */
interface Shown {
  readonly kind: "Command" | "Notification";
  readonly type: string;
  readonly lite: object;
  readonly full: object;
  readonly columns?: Row;
}

const CANCEL_SIGNAL = 1;

export async function journalRows(journal: JournalShown): Promise<readonly Row[]> {
  const { id, head, log } = journal;
  const shown: Shown[] = [await inputOf(journal)];
  const types = new Map<number, string>();
  const times = timesIn(log, head.acceptedAtMs);
  for (const [position, entry] of log.entries())
    shown.push(...withTimes(await shownOf(entry, journal, types), times[position]));
  if (head.outcome) shown.push(await outputOf(journal));
  return shown.map(({ kind, type, lite, full, columns }, index): Row => {
    const text = JSON.stringify({ [kind]: full });
    return {
      ...{ id, index, version: 2, entry_type: `${kind}: ${type}`, raw_length: text.length },
      ...{ entry_json: text, entry_lite_json: JSON.stringify({ [kind]: lite }) },
      ...columns,
    };
  });
}

/** Of a step that is two rows, the command has the begin, and the notification the end. */
function withTimes(shown: readonly Shown[], times: EntryTimes | undefined): readonly Shown[] {
  if (!times) return shown;
  return shown.map((one, at) => {
    const ms = at < shown.length - 1 ? times.startedAtMs : times.atMs;
    return { ...one, columns: { appended_at: viewTime(ms), ...one.columns } };
  });
}

async function inputOf({ head, headers, bytesOf }: JournalShown): Promise<Shown> {
  const payload = head.input === undefined ? [] : numbersOf(await bytesOf(head.input));
  const shown = Object.entries(viewHeaders(headers)).map(([name, value]) => ({ name, value }));
  return {
    ...{ kind: "Command", type: "Input" },
    lite: { Input: {} },
    full: { Input: { headers: shown, payload, name: "" } },
    columns: { completed: 1, appended_at: viewTime(head.acceptedAtMs) },
  };
}

async function outputOf({ head, bytesOf }: JournalShown): Promise<Shown> {
  const result = await resultOf(head.outcome ? encodeOutcome(head.outcome) : null, bytesOf);
  const lite = { Output: { result: head.outcome?.ok === false ? "Failure" : "Success" } };
  const columns = { completed: 1, appended_at: viewTime(head.modifiedAtMs) };
  return { kind: "Command", type: "Output", lite, full: { Output: { result, name: "" } }, columns };
}

const numbersOf = (bytes: Uint8Array | undefined): number[] => [...(bytes ?? [])];

async function resultOf(value: Value, bytesOf: BytesOf): Promise<object> {
  const outcome = decodeOutcome(value);
  if (!outcome.ok) return { Failure: outcome.failure };
  return { Success: numbersOf("ref" in outcome ? await bytesOf(outcome.ref) : outcome.value) };
}

/** Without its payload. */
function liteResult(value: Value): string {
  if (value === null) return "Void";
  return decodeOutcome(value).ok ? "Success" : "Failure";
}

async function shownOf(
  entry: Entry,
  journal: JournalShown,
  types: Map<number, string>,
): Promise<readonly Shown[]> {
  return isOther(entry)
    ? await stateOrSignal(entry, journal.bytesOf)
    : await commandOf(entry, journal, types);
}

async function commandOf(
  entry: Exclude<Entry, Other>,
  journal: JournalShown,
  types: Map<number, string>,
): Promise<readonly Shown[]> {
  const { bytesOf } = journal;
  switch (entry.kind) {
    case "run":
      return [
        command("Run", { name: entry.name }, entry.command, { name: entry.name, completed: 1 }),
        await completion("Run", entry.command, entry.outcome, bytesOf),
      ];
    case "peek":
      return [
        command("PeekPromise", { key: entry.name }, entry.command, {
          promise_name: entry.name,
          completed: 1,
        }),
        await completion("PeekPromise", entry.command, entry.outcome, bytesOf),
      ];
    case "promise.complete":
      return [
        command("CompletePromise", { key: entry.name }, entry.command, {
          promise_name: entry.name,
          completed: 1,
        }),
        await completion("CompletePromise", entry.command, null, bytesOf),
      ];
    case "promise.get":
      return awaited("GetPromise", { key: entry.name }, entry.command, { promise_name: entry.name }, types);
    case "sleep":
      return awaited(
        ...(["Sleep", { wake_up_time: entry.dueAtMs, name: entry.name }, entry.command] as const),
        { name: entry.name, sleep_wakeup_at: viewTime(entry.dueAtMs) },
        types,
      );
    case "call":
    case "send":
      return await calls(entry, bytesOf, types);
    case "attach":
      return awaited(
        "AttachInvocation",
        { target: shownId(entry.id) },
        entry.command,
        { invoked_id: entry.id },
        types,
      );
    case "completion":
      return [
        await completion(types.get(entry.command) ?? "Completion", entry.command, entry.outcome, bytesOf),
      ];
    // Restate's journal has nothing of an awakeable before it is completed.
    case "signal":
      return [];
  }
}

type Other = Extract<
  Entry,
  {
    readonly kind:
      | "get"
      | "set"
      | "clear"
      | "clearAll"
      | "stateKeys"
      | "sendSignal"
      | "cancel"
      | "signalled"
      | "cancelled";
  }
>;

const OTHERS: ReadonlySet<Entry["kind"]> = new Set<Other["kind"]>([
  ...(["get", "set", "clear", "clearAll", "stateKeys"] as const),
  ...(["sendSignal", "cancel", "signalled", "cancelled"] as const),
]);
const isOther = (entry: Entry): entry is Other => OTHERS.has(entry.kind);

async function stateOrSignal(entry: Other, bytesOf: BytesOf): Promise<readonly Shown[]> {
  switch (entry.kind) {
    case "get": {
      const full = { key: entry.name, result: await stateResult(entry.value, bytesOf) };
      const lite = { key: entry.name, result: entry.value === null ? "Void" : "Success" };
      return [plain("GetEagerState", lite, full, { name: "", completed: 1 })];
    }
    case "set":
      return [
        plain(
          "SetState",
          { key: entry.name },
          { key: entry.name, value: numbersOf(await bytesOf(entry.value)) },
        ),
      ];
    case "clear":
      return [plain("ClearState", { key: entry.name })];
    case "clearAll":
      return [plain("ClearAllState", {})];
    case "stateKeys":
      return [plain("GetEagerStateKeys", {}, { state_keys: entry.names }, { completed: 1 })];
    case "cancel":
      return [
        plain("SendSignal", { target_invocation_id: shownId(entry.id), signal_id: { Index: CANCEL_SIGNAL } }),
      ];
    case "sendSignal": {
      const isAwakeable = typeof entry.signal === "number";
      const lite = { target_invocation_id: shownId(entry.id), signal_id: signalOf(entry.signal) };
      const full = { ...lite, result: await resultOf(entry.outcome, bytesOf) };
      return [plain(isAwakeable ? "CompleteAwakeable" : "SendSignal", lite, full, { invoked_id: entry.id })];
    }
    case "signalled":
      return [await signal(signalOf(entry.signal), entry.outcome, bytesOf)];
    case "cancelled":
      return [await signal({ SignalIndex: CANCEL_SIGNAL }, null, bytesOf)];
  }
}

const signalOf = (key: number | string): object =>
  typeof key === "number" ? { SignalIndex: signalId(key) } : { SignalName: key };

async function stateResult(value: Value, bytesOf: BytesOf): Promise<unknown> {
  return value === null ? "Void" : { Success: numbersOf(await bytesOf(value)) };
}

const plain = (type: string, lite: object, full: object = lite, columns: Row = {}): Shown => ({
  ...{ kind: "Command", type, columns: { name: "", ...columns } },
  ...{ lite: { [type]: lite }, full: { [type]: full } },
});

const command = (type: string, fields: object, number: number, columns: Row): Shown =>
  plain(type, { ...fields, completion_id: completionId(number) }, undefined, columns);

function awaited(
  type: string,
  fields: object,
  number: number,
  columns: Row,
  types: Map<number, string>,
): readonly Shown[] {
  types.set(number, type);
  return [command(type, fields, number, columns)];
}

async function completion(type: string, number: number, outcome: Value, bytesOf: BytesOf): Promise<Shown> {
  const id = completionId(number);
  return {
    ...{ kind: "Notification", type },
    lite: { ty: { Completion: type }, id: { CompletionId: id }, result: liteResult(outcome) },
    full: { Completion: { [type]: { completion_id: id, result: await resultOf(outcome, bytesOf) } } },
  };
}

async function signal(id: object, outcome: Value, bytesOf: BytesOf): Promise<Shown> {
  const result = outcome === null ? "Void" : await resultOf(outcome, bytesOf);
  return {
    ...{ kind: "Notification", type: "Signal" },
    lite: { ty: "Signal", id, result: liteResult(outcome) },
    full: { Signal: { id, result } },
  };
}

async function calls(
  { kind, command: number, callee, call }: Extract<Entry, { readonly kind: "call" | "send" }>,
  bytesOf: BytesOf,
  types: Map<number, string>,
): Promise<readonly Shown[]> {
  const type = kind === "call" ? "Call" : "OneWayCall";
  if (kind === "call") types.set(number, type);
  const { headers, idempotencyKey, dueAtMs } = call;
  const request = {
    ...{ invocation_id: shownId(callee), invocation_target: targetOf(call), span_context: NO_SPAN },
    headers: Object.entries(viewHeaders(headers)).map(([name, value]) => ({ name, value })),
    ...{ idempotency_key: idempotencyKey, completion_retention_duration: NOTHING },
    journal_retention_duration: NOTHING,
  };
  const fields = {
    invocation_id_completion_id: completionId(number),
    ...(kind === "call" ? { result_completion_id: completionId(number) } : { invoke_time: dueAtMs ?? 0 }),
    name: call.name ?? "",
  };
  const columns: Row = {
    ...{ name: call.name ?? "", invoked_id: callee, completed: kind === "send" ? 1 : undefined },
    invoked_target: targetText(call),
  };
  const parameter = numbersOf(await bytesOf(call.input));
  const lite = { ...fields, request };
  return [plain(type, lite, { ...fields, request: { ...request, parameter } }, columns)];
}

/** Restate's command line reads a call only if it has all of these. */
const NO_SPAN = {
  span_context: {
    ...{ trace_id: Array.from({ length: 16 }, () => 0), span_id: Array.from({ length: 8 }, () => 0) },
    ...{ trace_flags: 0, is_remote: false, trace_state: "" },
  },
  cause: null,
};
const NOTHING = { secs: 0, nanos: 0 };

const targetOf = ({ service: name, handler, key }: Call): object =>
  key === null
    ? { Service: { name, handler, scope: null } }
    : { VirtualObject: { name, key, handler, handler_ty: "Exclusive", scope: null } };
