/** `GET /invocations`, `GET /invocations/{id}`, `GET /invocations/{id}/journal`. */
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { InvariantError } from "../../lib/errors.ts";
import { readHead, readHeaders, readLog } from "../../lib/store/head-store.ts";
import { callerIn } from "../../lib/model/caller.ts";
import type { Note } from "../../lib/model/entry.ts";
import { timesIn } from "../../lib/model/entry-times.ts";
import { type Head } from "../../lib/model/head.ts";
import { isExpired, isJournalExpired } from "../../lib/model/head-age.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { shownId, storedDeploymentId, storedId } from "../../lib/model/shown-id.ts";
import { JOURNAL_ENTRIES_MAX } from "../../lib/limits.ts";
import { encodeOutcome } from "../../lib/model/outcome.ts";
import { leavesOf } from "../../lib/model/wait.ts";
import { jsonResponse } from "../http/message.ts";
import { type AdminError, badField, unknownInvocation } from "./error.ts";
import type { FoundPage, InvocationFilter, InvocationIndex, TimeRange } from "./invocation-index.ts";
import { viewAttempts } from "./attempts-view.ts";
import { STATUS_VIEWS, type StatusView, viewInvocation } from "./invocation-view.ts";
import { type JournalOwner, viewEntry } from "./journal-view.ts";
import type { AdminPorts, AdminExchange, Handling } from "./ports.ts";
import { ValueLoader, viewHeaders, viewOutcome, viewTime, withValuesCut } from "./value-view.ts";
import { viewWait, type WaitView } from "./wait-view.ts";
import {
  DATE_MS_MAX,
  JOURNAL_VIEW_BYTES_MAX,
  JOURNAL_VIEW_ENTRIES_MAX,
  JOURNAL_VIEW_VALUE_CHARS_MAX,
  LIST_DEFAULT,
  LIST_MAX,
  WAIT_LISTED_PARTS_MAX,
} from "../../lib/limits/http.ts";

/** An id from a path, in either form; throws 400 for what was never one. */
export function parseId(id: string): InvocationId {
  const stored = storedId(id);
  if (stored === undefined) throw badField("request field 'invocation_id'", "bad format");
  return stored;
}

/** The head; throws 404 if there is none (any longer). One that may still come is no unknown invocation: it has been accepted,
 * or runs its first step, and has written nothing; then `unseen` is thrown, if that is another refusal. */
export async function requireHead(
  { items, clock }: AdminPorts,
  id: InvocationId,
  unseen: (id: InvocationId) => AdminError = unknownInvocation,
): Promise<Head> {
  const stored = await readHead(items, id);
  if (!stored && isPerhapsUnseen(id, clock.now())) throw unseen(id);
  if (!stored || isExpired(stored.head, clock.now())) throw unknownInvocation(id);
  return stored.head;
}

/** `?scan=true`: look at every head, whatever is indexed. */
export async function listInvocations({ index, scan, request: { query } }: AdminExchange): Handling {
  const limit = numberIn(query, "limit", { preset: LIST_DEFAULT, min: 1, max: LIST_MAX });
  const after = query.get("after");
  const chosen = flagIn(query, "scan") ? scan : index;
  const order = orderIn(query);
  const page = { limit, order, ...(after === null ? {} : { after }) };
  const { found, next, source, covers } = await listed(chosen, filterOf(query), page);
  const sign = order === "newest" ? -1 : 1;
  const sorted = found.toSorted((a, b) => sign * (a.head.acceptedAtMs - b.head.acceptedAtMs));
  const invocations = sorted.map(({ id, head }) => viewListed(id, head));
  return jsonResponse(200, {
    invocations,
    ...(next === undefined ? {} : { next }),
    // More may match: an empty page does not mean that there is none.
    ...(next !== undefined && found.length < limit ? { incomplete: true } : {}),
    ...{ source, covers },
  });
}

/** Throws 400 for an `after` that no list has answered. */
export async function listed(
  index: InvocationIndex,
  filter: InvocationFilter,
  page: Parameters<InvocationIndex["list"]>[1],
): Promise<FoundPage> {
  try {
    return await index.list(filter, page);
  } catch (error) {
    if (error instanceof RangeError) throw badField("query parameter 'after'", error.message);
    throw error;
  }
}

export function filterOf(query: URLSearchParams): InvocationFilter {
  const names = Object.fromEntries(
    ["service", "handler", "key", "deployment"].flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[name, name === "deployment" ? storedDeploymentId(value) : value]];
    }),
  );
  const rest = { ...rangeIn(query, "created"), ...rangeIn(query, "modified"), ...moreIn(query) };
  const statuses = query.getAll("status").flatMap((list) => list.split(","));
  if (statuses.length === 0) return { ...names, ...rest };
  const unknown = statuses.find((status) => !(STATUS_VIEWS as readonly string[]).includes(status));
  if (unknown !== undefined) {
    throw badField("query parameter 'status'", `'${unknown}' is none of ${STATUS_VIEWS.join(", ")}`);
  }
  return { ...names, ...rest, statuses: statuses as StatusView[] };
}

const TEXTS = {
  key_glob: "keyGlob",
  error: "error",
  text: "text",
  invoked_by_id: "caller",
  idempotency_key: "idempotencyKey",
} as const;

function moreIn(query: URLSearchParams): InvocationFilter {
  const texts = Object.fromEntries(
    Object.entries(TEXTS).flatMap(([name, field]) => {
      const value = query.get(name);
      if (value === null) return [];
      return [[field, field === "caller" ? (storedId(value) ?? value) : value]];
    }),
  );
  const result = query.get("result");
  if (result === null) return texts;
  if (result === "success" || result === "failure") return { ...texts, result };
  throw badField("query parameter 'result'", "must be success or failure");
}

/** `{name}_after`, `{name}_before`: both inclusive, as answers show times. */
function rangeIn(
  query: URLSearchParams,
  name: "created" | "modified",
): { readonly [name: string]: TimeRange } {
  const [fromMs, untilMs] = [timeIn(query, `${name}_after`), timeIn(query, `${name}_before`)];
  if (fromMs === undefined && untilMs === undefined) return {};
  return { [name]: { fromMs: fromMs ?? 0, untilMs: untilMs ?? DATE_MS_MAX } };
}

function timeIn(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const ms = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw badField(`query parameter '${name}'`, "must be a time like 2026-11-22T15:48:42.688Z");
}

function orderIn(query: URLSearchParams): "oldest" | "newest" {
  const order = query.get("order") ?? "oldest";
  if (order === "oldest" || order === "newest") return order;
  throw badField("query parameter 'order'", "must be oldest or newest");
}

export function flagIn(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? "false";
  if (text === "true" || text === "false") return text === "true";
  throw badField(`query parameter '${name}'`, "must be true or false");
}

/** A number in the query; throws 400 for what is none, or out of bounds. */
export function numberIn(
  query: URLSearchParams,
  name: string,
  { preset, min, max }: { readonly preset: number; readonly min: number; readonly max: number },
): number {
  const text = query.get(name);
  if (text === null) return preset;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw badField(`query parameter '${name}'`, `must be a number from ${min} to ${max}`);
}

/** What it waits for says what the head knows: whom a call has called stands perhaps in an older part of the log. */
function viewListed(id: InvocationId, head: Head): object {
  const { wait, status, tail } = head;
  if (!wait || status === "completed") return viewInvocation(id, head);
  const waitingFor = viewWait(wait, { id, head, log: tail }, WAIT_LISTED_PARTS_MAX);
  return { ...viewInvocation(id, head), waiting_for: waitingFor };
}

/** All that a list says of it, its attempts, and what it waits for as a tree. */
export async function describeInvocation({ ports }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const head = await requireHead(ports, id);
  const waitingFor = await waitOf(ports, id, head);
  return jsonResponse(200, {
    ...viewInvocation(id, head),
    ...viewAttempts(head, ports.clock.now()),
    ...(waitingFor ? { waiting_for: waitingFor } : {}),
    ...ports.traces?.shown(id, head),
  });
}

/** The log says whom a call has called, and what the user calls an awakeable. */
async function waitOf({ items }: AdminPorts, id: InvocationId, head: Head): Promise<WaitView | undefined> {
  const { wait, status, tail } = head;
  if (!wait || status === "completed") return undefined;
  const needsLog = leavesOf(wait).some(({ kind }) => kind === "call" || kind === "signal");
  return viewWait(wait, { id, head, log: needsLog ? await readLog(items, id, head) : tail });
}

/** `?from=`: position of the first entry; `?limit=`; `?value_chars=`: the beginnings of values only. Values kept apart are loaded, up to a total. */
export async function describeJournal(exchange: AdminExchange, text: string): Handling {
  const id = parseId(text);
  const kept = await requireHead(exchange.ports, id);
  try {
    return await viewJournal(exchange, id, kept);
  } catch (error) {
    // What a purge beside this request has removed is no fault: then that is what there is to tell.
    if (!(error instanceof InvariantError) || !(await isPurged(exchange.ports, id, kept))) throw error;
    return await viewJournal(exchange, id, await requireHead(exchange.ports, id));
  }
}

/** Whether a purge has begun since the head was read, or another life of the id. */
export async function isPurged(
  { items }: Pick<AdminPorts, "items">,
  id: InvocationId,
  { incarnation, length, input }: Pick<Head, "incarnation" | "length" | "input">,
): Promise<boolean> {
  const now = (await readHead(items, id))?.head;
  const isStripped = now && (now.length < length || (input !== undefined && now.input === undefined));
  return now?.incarnation !== incarnation || isStripped === true;
}

async function viewJournal(
  { ports, request: { query } }: AdminExchange,
  id: InvocationId,
  kept: Head,
): Handling {
  const { items } = ports;
  const from = numberIn(query, "from", { preset: 0, min: 0, max: JOURNAL_ENTRIES_MAX });
  const limit = numberIn(query, "limit", {
    preset: JOURNAL_VIEW_ENTRIES_MAX,
    min: 1,
    max: JOURNAL_VIEW_ENTRIES_MAX,
  });
  const valueChars = valueCharsIn(query);
  const head = isJournalExpired(kept, ports.clock.now()) ? withoutJournal(kept) : kept;
  const log = await readLog(items, id, head);
  // What has an item of its own is longer than a beginning: it is not read for that.
  const loader = new ValueLoader(items, id, valueChars === undefined ? JOURNAL_VIEW_BYTES_MAX : 0);
  const owner = { loader, id, incarnation: head.incarnation };
  const entries: object[] = [];
  const times = timesIn(log, head.acceptedAtMs);
  for (const [offset, entry] of log.slice(from, from + limit).entries()) {
    entries.push({ index: from + offset, ...(await viewEntry(owner, entry, times[from + offset])) });
  }
  const headers = await readHeaders(items, id, head.headers);
  const caller = callerIn(headers);
  const output =
    head.outcome === undefined ? undefined : await viewOutcome(loader, encodeOutcome(head.outcome));
  const view = {
    id: shownId(id),
    length: head.length,
    ...(head.input === undefined || head !== kept ? {} : { input: await viewOutcome(loader, head.input) }),
    headers: viewHeaders(headers),
    ...(caller === undefined ? {} : { caller }),
    entries,
    pending_notes: await Promise.all(head.notes.map((note) => viewNote(owner, note))),
    ...(output === undefined ? {} : { output }),
  };
  return jsonResponse(200, valueChars === undefined ? view : journalCut(view, valueChars));
}

function valueCharsIn(query: URLSearchParams): number | undefined {
  if (!query.has("value_chars")) return undefined;
  return numberIn(query, "value_chars", { preset: 0, min: 0, max: JOURNAL_VIEW_VALUE_CHARS_MAX });
}

interface JournalView {
  readonly entries: readonly object[];
  readonly pending_notes: readonly object[];
}
const journalCut = (view: JournalView, charsMax: number): object => ({
  ...withValuesCut(view, charsMax),
  entries: view.entries.map((entry) => withValuesCut(entry, charsMax)),
  pending_notes: view.pending_notes.map((note) => withValuesCut(note, charsMax)),
});

/** What has ended, when its journal's own retention has passed: status and result stay. */
const withoutJournal = (head: Head): Head => ({
  ...head,
  ...{ length: 0, lastAppend: 0, paged: 0, tail: [], notes: [], headers: {} },
});

/** What has arrived and is not yet in the log. */
const viewNote = async (owner: JournalOwner, note: Note): Promise<object> => ({
  ...(await viewEntry(
    owner,
    note.kind === "cancellation" ? { ...note, kind: "cancelled", callees: [] } : note,
  )),
  ...(note.kind === "signalled" && note.comeAtMs !== undefined ? { at: viewTime(note.comeAtMs) } : {}),
});
