/**
 * Asks for the list. One list of the admin API is in the order of time, so an order by need takes two: those that need a person,
 * and the rest. How something has ended is another question, too.
 */
import { askFields, path, Refusal } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { askedOf, ENDED_WORDS, type Filter, OPEN_WORDS, statusesOf, type StatusWord } from "./filter.ts";
import { type Order, sorted } from "./order.ts";

/** So many are asked for at first, and so many more each time. */
export const STEP_ROWS = 100;
/** One list of the admin API has no more. What is beyond has a page of its own. */
export const ROWS_MAX = 1000;

export interface Wanted {
  readonly filter: Filter;
  readonly order: Order;
  readonly limit: number;
  /** Of a list in the order of time: where the page before has ended. */
  readonly after?: string | undefined;
  /** Looks at all that is kept. */
  readonly scan: boolean;
}

export interface List {
  readonly rows: readonly Invocation[];
  readonly hasMore: boolean;
  /** For {@link Wanted.after}, if there is one list only. */
  readonly next?: string | undefined;
  readonly source: "index" | "scan";
  readonly covers: readonly string[];
  readonly incomplete: boolean;
}

type Query = Readonly<Record<string, string>>;
const NEEDY: readonly StatusWord[] = ["backing-off", "paused"];

/** The queries that make one list, in the order in which their answers stand. */
export function queriesOf({ filter, order, limit, after, scan }: Wanted, nowMs: number): readonly Query[] {
  const statuses = statusesOf(filter);
  const common = {
    ...askedOf(filter, nowMs),
    limit: String(limit),
    ...(after === undefined ? {} : { after }),
    ...(scan ? { scan: "true" } : {}),
  };
  return groupsOf(statuses, order).map(({ only, query }) => ({
    ...common,
    ...query,
    order: only === "needy" || order === "oldest" || order === "longest" ? "oldest" : "newest",
  }));
}

interface Group {
  readonly only: "needy" | "rest";
  readonly query: Query;
}

function groupsOf(statuses: readonly StatusWord[] | undefined, order: Order): readonly Group[] {
  const isByNeed = order === "need";
  if (statuses === undefined) {
    const needy: Group = { only: "needy", query: { status: String(NEEDY) } };
    return [...(isByNeed ? [needy] : []), { only: "rest", query: {} }];
  }
  const needy = isByNeed ? statuses.filter((word) => NEEDY.includes(word)) : [];
  const open = statuses.filter((word) => OPEN_WORDS.includes(word) && !needy.includes(word));
  const ended = statuses.filter((word) => ENDED_WORDS.includes(word));
  const isAll = ended.length === ENDED_WORDS.length;
  const rest = [...open, ...(isAll ? ["completed"] : [])];
  const result = ended[0] === "failed" ? "failure" : "success";
  return [
    ...(needy.length === 0 ? [] : [{ only: "needy", query: { status: String(needy) } } as const]),
    ...(rest.length === 0 ? [] : [{ only: "rest", query: { status: String(rest) } } as const]),
    ...(ended.length !== 1 ? [] : [{ only: "rest", query: { status: "completed", result } } as const]),
  ];
}

export async function loadList(wanted: Wanted, nowMs: number, signal: AbortSignal): Promise<List> {
  const { id } = wanted.filter;
  if (id !== undefined) return await loadOne(id, signal);
  const lists = await Promise.all(
    queriesOf(wanted, nowMs).map((query) =>
      askFields(`/invocations?${new URLSearchParams(query).toString()}`, { signal }),
    ),
  );
  const rows = new Map<string, Invocation>();
  for (const list of lists) {
    for (const row of list.objects("invocations").map(invocationOf)) rows.set(row.id, row);
  }
  const [first, ...others] = lists;
  const all = sorted([...rows.values()], wanted.order, nowMs);
  return {
    rows: all.slice(0, wanted.limit),
    hasMore: all.length > wanted.limit || lists.some((list) => list.optionalText("next") !== undefined),
    next: others.length === 0 ? first?.optionalText("next") : undefined,
    source: lists.some((list) => list.optionalText("source") === "scan") ? "scan" : "index",
    covers: [...new Set(lists.flatMap((list) => list.list("covers").map(String)))],
    incomplete: lists.some((list) => list.flag("incomplete")),
  };
}

const MISSING = 404;
const NOT_AN_ID = 400;
async function loadOne(id: string, signal: AbortSignal): Promise<List> {
  const found = { hasMore: false, source: "index", covers: ["open", "ended"], incomplete: false } as const;
  try {
    return { ...found, rows: [invocationOf(await askFields(path`/invocations/${id}`, { signal }))] };
  } catch (error) {
    if (error instanceof Refusal && (error.status === MISSING || error.status === NOT_AN_ID))
      return { ...found, rows: [] };
    throw error;
  }
}
