/** The list's data: what the address asks for, loaded again and again, and held still while somebody looks at a row. */
import { useMemo, useRef, useState } from "preact/hooks";
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

/** `held`: rows stay where they are. */
export function useList({ filter, order, after, scan }: Address, held: boolean): LiveList {
  const asked = JSON.stringify([filter, order, after, scan]);
  const [extent, setExtent] = useState({ asked, limit: STEP_ROWS });
  const limit = extent.asked === asked ? extent.limit : STEP_ROWS;
  const key = `invocations ${limit} ${asked}`;
  const loaded = useLive(
    key,
    (signal) => loadList({ filter, order, limit, after, scan }, serverNow(), signal),
    scan ? EVERY_MS.counts : EVERY_MS.screen,
  );
  const last = useRef<List | undefined>(undefined);
  if (loaded.data !== undefined) last.current = loaded.data;
  const list = loaded.data ?? (loaded.error === undefined ? last.current : undefined);
  const before = useRef<{ key: string; rows: readonly Invocation[] }>({ key, rows: [] });
  const isSame = before.current.key === key;
  const shown = arranged(isSame ? before.current.rows : [], list?.rows ?? [], {
    held,
    hasMore: list?.hasMore === true,
  });
  if (loaded.data !== undefined) before.current = { key, rows: shown.rows };
  const [, again] = useState(0);
  return {
    ...{ loaded, list, shown },
    release: () => {
      before.current = { key, rows: [] };
      again((count) => count + 1);
    },
    more:
      list?.hasMore === true && limit < ROWS_MAX
        ? () => setExtent({ asked, limit: Math.min(ROWS_MAX, limit + 2 * STEP_ROWS) })
        : undefined,
  };
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
