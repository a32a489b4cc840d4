/**
 * One operation on many invocations: `{invocation_ids: […]}`, or `{filter: {service, handler, key, deployment, status}, limit, after}`,
 * which takes one page of what matches. Each is done as if it had been asked for by itself; the answer says of each
 * how it went. At most {@link BULK_IDS_MAX} at once. To do all, go on with `next` until there is none.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { shownId, withShownIds } from "../../lib/model/shown-id.ts";
import { type HttpResponse, jsonResponse, parseJsonObject } from "../http/message.ts";
import { cancelInvocation, killInvocation, pauseInvocation, resumeInvocation } from "./control.ts";
import { AdminError, badField } from "./error.ts";
import { filterOf, listed, numberIn } from "./invocation.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { purgeInvocation, purgeJournal } from "./purge.ts";
import { restartInvocation } from "./restart.ts";
import { BULK_AT_ONCE, BULK_FOUND_DEFAULT, BULK_IDS_MAX } from "../../lib/limits/http.ts";

type Operation = (exchange: AdminExchange, id: string) => Handling;
const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["cancel", cancelInvocation],
  ["kill", killInvocation],
  ["pause", pauseInvocation],
  ["resume", resumeInvocation],
  ["purge", purgeInvocation],
  ["purge-journal", purgeJournal],
  ["restart-as-new", restartInvocation],
]);
const FILTERS = [
  ...["service", "handler", "key", "deployment", "status"],
  ...["created_after", "created_before", "modified_after", "modified_before"],
  ...["key_glob", "result", "error", "text", "invoked_by_id", "idempotency_key"],
];

interface Failed {
  readonly invocation_id: string;
  readonly error: string;
}

/** That of the bulk request is about all, and no operation's own. */
const NO_BODY = new Uint8Array();

/** 200, whatever became of each; 400 for a body that says neither or both; 404 for an operation that there is not. */
export async function operateOnMany(exchange: AdminExchange, name: string): Handling {
  const operation = OPERATIONS.get(name);
  if (!operation) throw new AdminError(404, "not found");
  const body = parseJsonObject(exchange.request.body);
  if (!body) throw badField("request body", "must be a JSON object");
  const { ids, next } = await chosen(exchange, body);
  // An operation's own options (a deployment, a position) are given once, for all.
  const { request } = exchange;
  const query = optionsIn(request.query, body);
  const each: AdminExchange = { ...exchange, request: { ...request, query, body: NO_BODY } };
  const succeeded: unknown[] = [];
  const failed: Failed[] = [];
  await eachAtOnce(ids, BULK_AT_ONCE, async (id) => {
    try {
      succeeded.push(viewSuccess(id, await operation(each, id)));
    } catch (error) {
      // An error that is not a refusal of this one invocation, a table that does not answer for example, concerns all.
      if (!(error instanceof AdminError)) throw error;
      failed.push({ invocation_id: id, error: withShownIds(error.message) });
    }
  });
  const counts = { succeeded: succeeded.length, failed: failed.length };
  return jsonResponse(200, { succeeded, failed, counts, ...(next === undefined ? {} : { next }) });
}

/** A restart answers the new invocation's id. */
function viewSuccess(id: string, { body }: HttpResponse): unknown {
  const made = parseJsonObject(body)?.["new_invocation_id"];
  return made === undefined ? id : { old_invocation_id: id, new_invocation_id: made };
}

async function chosen(
  { index }: AdminExchange,
  { invocation_ids: ids, filter, limit, after }: Record<string, unknown>,
): Promise<{ readonly ids: readonly string[]; readonly next?: string }> {
  if ((ids === undefined) === (filter === undefined)) {
    throw badField("request body", "needs either 'invocation_ids' or 'filter'");
  }
  if (ids !== undefined) return { ids: idsIn(ids) };
  const page = new URLSearchParams(limit === undefined ? {} : { limit: textOf("limit", limit) });
  const bound = numberIn(page, "limit", { preset: BULK_FOUND_DEFAULT, min: 1, max: BULK_IDS_MAX });
  const from = after === undefined ? {} : { after: textOf("after", after) };
  const { found, next } = await listed(index, filterOf(filterIn(filter)), { limit: bound, ...from });
  return { ids: found.map(({ id }) => shownId(id)), ...(next === undefined ? {} : { next }) };
}

function idsIn(ids: unknown): readonly string[] {
  if (!Array.isArray(ids) || ids.length > BULK_IDS_MAX) {
    throw badField("request field 'invocation_ids'", `must be a list of at most ${BULK_IDS_MAX} ids`);
  }
  return [...new Set(ids.map((id) => textOf("invocation_ids", id)))];
}

/** An empty filter would be everything: that must be said in so many words. */
function filterIn(filter: unknown): URLSearchParams {
  const entries = typeof filter === "object" && filter !== null ? Object.entries(filter) : [];
  const unknown = entries.find(([name]) => !FILTERS.includes(name));
  if (entries.length === 0 || unknown) {
    throw badField(
      "request field 'filter'",
      `must name at least one of ${FILTERS.join(", ")}, and nothing else`,
    );
  }
  const query = new URLSearchParams();
  for (const [name, value] of entries) {
    const values: unknown[] = Array.isArray(value) && name === "status" ? value : [value];
    for (const one of values) query.append(name, textOf(`filter.${name}`, one));
  }
  return query;
}

function optionsIn(query: URLSearchParams, body: Record<string, unknown>): URLSearchParams {
  const options = new URLSearchParams(query);
  for (const name of ["deployment", "from"]) {
    if (body[name] !== undefined) options.set(name, textOf(name, body[name]));
  }
  return options;
}

function textOf(field: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw badField(`request field '${field}'`, "must be text or a number");
}
