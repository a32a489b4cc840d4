/** `GET /invocations`, `GET /invocations/{id}`, `GET /invocations/{id}/journal`. */
import { readHead, readInput, readLog } from "../../core/head-store.ts";
import type { Note } from "../../lib/entry.ts";
import { isExpired, isJournalExpired, type Head } from "../../lib/head.ts";
import { type InvocationId, isInvocationId } from "../../lib/ids.ts";
import { JOURNAL_ENTRIES_MAX } from "../../lib/limits.ts";
import { encodeOutcome } from "../../lib/outcome.ts";
import { jsonResponse } from "../http/message.ts";
import { badField, unknownInvocation } from "./error.ts";
import type { InvocationFilter } from "./invocation-index.ts";
import { STATUS_VIEWS, type StatusView, viewInvocation } from "./invocation-view.ts";
import { type JournalOwner, viewEntry } from "./journal-view.ts";
import type { AdminPorts, Exchange, Handling } from "./ports.ts";
import { ValueLoader, viewBytes, viewOutcome } from "./value-view.ts";

const LIST_LIMIT = 100;
const LIST_LIMIT_MAX = 1000;
const JOURNAL_LIMIT = 1000;
/** A Lambda function answers at most 6 MB. */
const JOURNAL_VALUE_BYTES_MAX = 2 * 1024 * 1024;

/** An id from a path; throws 400 for what was never one. */
export function parseId(id: string): InvocationId {
  if (!isInvocationId(id)) throw badField("request field 'invocation_id'", "bad format");
  return id;
}

/** The head; throws 404 if there is none (any longer). */
export async function requireHead({ items, clock }: AdminPorts, id: InvocationId): Promise<Head> {
  const stored = await readHead(items, id);
  if (!stored || isExpired(stored.head, clock.now())) throw unknownInvocation(id);
  return stored.head;
}

export async function listInvocations({ index, request: { query } }: Exchange): Handling {
  const limit = numberIn(query, "limit", { preset: LIST_LIMIT, min: 1, max: LIST_LIMIT_MAX });
  const after = query.get("after");
  const { found, next } = await index.list(filterOf(query), after === null ? { limit } : { limit, after });
  const newestFirst = found.toSorted((a, b) => b.head.acceptedAtMs - a.head.acceptedAtMs);
  const invocations = newestFirst.map(({ id, head }) => viewInvocation(id, head));
  return jsonResponse(200, { invocations, ...(next === undefined ? {} : { next }) });
}

export function filterOf(query: URLSearchParams): InvocationFilter {
  const names = Object.fromEntries(
    ["service", "handler", "key", "deployment"].flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const statuses = query.getAll("status").flatMap((list) => list.split(","));
  if (statuses.length === 0) return names;
  const unknown = statuses.find((status) => !(STATUS_VIEWS as readonly string[]).includes(status));
  if (unknown !== undefined) {
    throw badField("query parameter 'status'", `'${unknown}' is none of ${STATUS_VIEWS.join(", ")}`);
  }
  return { ...names, statuses: statuses as StatusView[] };
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

export async function describeInvocation({ ports }: Exchange, text: string): Handling {
  const id = parseId(text);
  return jsonResponse(200, viewInvocation(id, await requireHead(ports, id)));
}

/** `?from=`: position of the first entry; `?limit=`. Values kept apart are loaded, up to a total. */
export async function describeJournal({ ports, request: { query } }: Exchange, text: string): Handling {
  const id = parseId(text);
  const { items } = ports;
  const from = numberIn(query, "from", { preset: 0, min: 0, max: JOURNAL_ENTRIES_MAX });
  const limit = numberIn(query, "limit", { preset: JOURNAL_LIMIT, min: 1, max: JOURNAL_LIMIT });
  const kept = await requireHead(ports, id);
  const head = isJournalExpired(kept, ports.clock.now()) ? withoutJournal(kept) : kept;
  const log = await readLog(items, id, head);
  const loader = new ValueLoader(items, id, JOURNAL_VALUE_BYTES_MAX);
  const owner = { loader, id, incarnation: head.incarnation };
  const entries: object[] = [];
  for (const [offset, entry] of log.slice(from, from + limit).entries()) {
    entries.push({ index: from + offset, ...(await viewEntry(owner, entry)) });
  }
  const output =
    head.outcome === undefined ? undefined : await viewOutcome(loader, encodeOutcome(head.outcome));
  return jsonResponse(200, {
    id,
    length: head.length,
    ...(head.input === undefined || head !== kept
      ? {}
      : { input: viewBytes(await readInput(items, id, head)) }),
    headers: head.headers,
    entries,
    pending_notes: await Promise.all(head.notes.map((note) => viewNote(owner, note))),
    ...(output === undefined ? {} : { output }),
  });
}

/** What has ended, when its journal's own retention has passed: status and result stay. */
const withoutJournal = (head: Head): Head => ({
  ...head,
  ...{ length: 0, lastAppend: 0, paged: 0, tail: [], notes: [], headers: {} },
});

/** What has arrived and is not yet in the log. */
const viewNote = (owner: JournalOwner, note: Note): Promise<object> =>
  viewEntry(owner, note[0] === "x" ? ["x", note[1], []] : note);
