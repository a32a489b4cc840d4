/** The list's data: what the address asks for, loaded again and again, and held still while somebody looks at a row. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { query, serverNow } from "../../admin/client.ts";
import type { Invocation } from "../../admin/invocation.ts";
import { EVERY_MS, type Loaded, useLive } from "../../admin/live.ts";
import { useServer } from "../../admin/server.ts";
import { BASE } from "../../routes.ts";
import { type Filter, filterOf, withFilter } from "./filter.ts";
import { type List, loadList, ROWS_MAX, STEP_ROWS } from "./load.ts";
import { arranged, type Order, orderOf, type Shown } from "./order.ts";
import type { Parked } from "./row-words.ts";

export interface Address {
  readonly filter: Filter;
  readonly order: Order;
  readonly after: string | undefined;
  readonly scan: boolean;
  readonly setFilter: (filter: Filter) => void;
  /** Without a value it is left out. */
  readonly set: (name: string, value?: string) => void;
}

/** What the address says. Another filter is another step back for the browser. */
export function useAddress(): Address {
  const { url, route } = useLocation();
  const search = new URL(url, "http://page").searchParams;
  const go = (next: URLSearchParams): void => {
    const text = next.toString();
    route(`${BASE}/invocations${text === "" ? "" : `?${text}`}`);
  };
  return {
    filter: filterOf(search),
    order: orderOf(search.get("order")),
    after: search.get("after") ?? undefined,
    scan: search.get("scan") === "true",
    setFilter: (filter) => go(withFilter(search, filter)),
    set: (name, value) => {
      const next = new URLSearchParams(search);
      next.delete(name);
      if (value !== undefined) next.set(name, value);
      if (name !== "after") next.delete("after");
      go(next);
    },
  };
}

export interface LiveList {
  readonly loaded: Loaded<List>;
  /** The last one that was loaded, of whatever filter: something stands there until the next one has come. */
  readonly list: List | undefined;
  readonly shown: Shown;
  /** Shows what has waited. */
  readonly release: () => void;
  readonly more: (() => void) | undefined;
}

interface Kept {
  readonly asked: string;
  readonly limit: number;
  readonly list?: List;
}

/** Who comes back from an invocation finds the list as it was, until it has been asked for again. */
const lastKept = new Map<"list", Kept>();
const keptOf = (asked: string): Kept => {
  const kept = lastKept.get("list");
  return kept?.asked === asked ? kept : { asked, limit: STEP_ROWS };
};

/** `held`: rows stay where they are. */
export function useList({ filter, order, after, scan }: Address, held: boolean): LiveList {
  const asked = JSON.stringify([filter, order, after, scan]);
  const [extent, setExtent] = useState(() => keptOf(asked));
  const { limit } = extent.asked === asked ? extent : { limit: STEP_ROWS };
  const key = `invocations ${limit} ${asked}`;
  const loaded = useLive(
    key,
    (signal) => loadList({ filter, order, limit, after, scan }, serverNow(), signal),
    scan ? EVERY_MS.counts : EVERY_MS.screen,
  );
  const list = useLastList({ asked, limit }, loaded);
  const { shown, release } = useShown(key, list, held, loaded.data !== undefined);
  const canGrow = list?.hasMore === true && limit < ROWS_MAX;
  const more = (): void => setExtent({ asked, limit: Math.min(ROWS_MAX, limit + 2 * STEP_ROWS) });
  return { loaded, list, shown, release, more: canGrow ? more : undefined };
}

/** Until the one that is asked for has come: the one before, if there was no error. */
function useLastList({ asked, limit }: Kept, { data, error }: Loaded<List>): List | undefined {
  const last = useRef(keptOf(asked).list);
  if (data !== undefined) last.current = data;
  useEffect(() => {
    if (data !== undefined) lastKept.set("list", { asked, limit, list: data });
  }, [asked, limit, data]);
  return data ?? (error === undefined ? last.current : undefined);
}

/** `isCurrent`: the list is that of `key`, not one before. */
function useShown(
  key: string,
  list: List | undefined,
  held: boolean,
  isCurrent: boolean,
): { readonly shown: Shown; readonly release: () => void } {
  const before = useRef<{ readonly key: string; readonly rows: readonly Invocation[] }>({ key, rows: [] });
  const [, again] = useState(0);
  const known = before.current.key === key ? before.current.rows : [];
  const shown = arranged(known, list?.rows ?? [], { held, hasMore: list?.hasMore === true });
  if (isCurrent) before.current = { key, rows: shown.rows };
  const release = (): void => {
    before.current = { key, rows: [] };
    again((count) => count + 1);
  };
  return { shown, release };
}

const LOCKS = `SELECT waiting_id, waiting_place, owner_target, owner_status,
  count(*) OVER (PARTITION BY service_name, service_key) AS waiting
  FROM perdure_locks WHERE waiting_id IS NOT NULL LIMIT 5000`;
const NONE: ReadonlyMap<string, Parked> = new Map();

/** Who stands before the parked ones. Asked for only if one is on the screen, and not in AWS: there it reads every key's lock. */
export function useParked(rows: readonly Invocation[]): ReadonlyMap<string, Parked> {
  const isLocal = useServer().data?.kind === "local";
  const isWanted = isLocal && rows.some(({ status }) => status === "pending");
  const { data } = useLive(
    isWanted ? "locks" : "no locks",
    async (signal) => (isWanted ? await loadParked(signal) : NONE),
    EVERY_MS.counts,
  );
  return useMemo(() => data ?? NONE, [data]);
}

async function loadParked(signal: AbortSignal): Promise<ReadonlyMap<string, Parked>> {
  const rows = await query(LOCKS, { signal });
  return new Map(
    rows.map((row) => [
      row.text("waiting_id"),
      {
        place: row.optionalNumber("waiting_place") ?? 0,
        count: row.optionalNumber("waiting") ?? 1,
        ownerTarget: row.optionalText("owner_target") ?? "",
        ownerStatus: row.optionalText("owner_status") ?? "ready",
      },
    ]),
  );
}
