/** The list of invocations: views, filter, rows, and what is done with many at once. */
import { useMemo, useRef, useState } from "preact/hooks";
import { useOverview } from "../../admin/use-overview.ts";
import { present } from "../../admin/fields.ts";
import type { OverviewAnswer } from "../../admin/overview.ts";
import { type ServiceInfo, useServices } from "../../admin/services.ts";
import { Failure } from "../../parts/empty.tsx";
import { Stale } from "../../parts/stale.tsx";
import { useStored, useSwitch } from "../../parts/stored.ts";
import { failedIn } from "../overview/overview-words.ts";
import { BulkBar } from "./bulk-bar.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { truthOf } from "./list-words.ts";
import { ListTable } from "./list-table.tsx";
import type { List } from "./load.ts";
import { Nothing } from "./nothing.tsx";
import { attemptLimits, sameErrors } from "./row-words.ts";
import { type Column, COLUMNS } from "./rows.tsx";
import type { Known } from "./suggest.ts";
import { Tools, Truth } from "./tools.tsx";
import { type Address, type LiveList, useAddress, useList, useParked } from "./use-list.ts";
import { useRowKeys } from "./use-row-keys.ts";
import { type Selection, useSelection } from "./use-selection.ts";
import { SaveView, useOwnViews, ViewTabs } from "./view-tabs.tsx";
import { countOf, isCurrent, VIEWS } from "./views.ts";

export function Invocations() {
  const address = useAddress();
  const [isFollowing, setFollowing] = useSwitch("follow", true);
  const [isTouched, setTouched] = useState(false);
  const selection = useSelection();
  const live = useList(address, isTouched || !isFollowing || selection.rows.length > 0);
  const services = useServices().data ?? NO_SERVICES;
  const overview = useOverview().data;
  const [own, setOwn] = useOwnViews();
  const [isSaving, setSaving] = useState(false);
  const { isCompact, setCompact, columns, setColumns } = useLayout();
  const [table, field] = [useRef<HTMLTableElement>(null), useRef<HTMLInputElement>(null)];
  const takeAll = (): void => void selection.takeAll(address);
  useRowKeys({
    ...{ table, field, onTakeAll: takeAll, onClear: selection.clear },
    onPick: (id) => {
      const row = live.shown.rows.find((one) => one.id === id);
      if (row) selection.pick(row, live.shown.rows, false);
    },
    onFollow: () => setFollowing(!isFollowing),
  });
  const known = useMemo(() => knownOf(services, live.list), [services, live.list]);
  const counts = countsOf(overview);
  const current = VIEWS.find((view) => isCurrent(view, address.filter) && view.lately !== true);
  return (
    <>
      <h1 class="sr">Invocations</h1>
      <ViewTabs own={own} filter={address.filter} counts={counts} atLeast={overview?.isComplete === false} />
      <div class="list-head">
        <div class="row wrap">
          <FilterBar filter={address.filter} known={known} onChange={address.setFilter} field={field} />
          <Tools
            order={address.order}
            onOrder={(order) => address.set("order", order === "need" ? undefined : order)}
            {...{ isCompact, columns }}
            onCompact={() => setCompact(!isCompact)}
            onColumns={setColumns}
            onSave={() => setSaving(true)}
          />
        </div>
        {live.list !== undefined && (
          <Truth
            of={truthOf(live.list, address.filter, current && countOf(current, counts))}
            fresh={live.shown.fresh.length}
            {...{ isFollowing }}
            onShow={live.release}
            onFollow={setFollowing}
            onScan={() => address.set("scan", "true")}
          />
        )}
      </div>
      <Stale of={live.loaded} />
      <Body {...{ live, address, selection, services, columns, isCompact, table }} onTouch={setTouched} />
      <BulkBar
        selected={selection.rows}
        isCut={selection.isCut}
        canTakeAll={live.list?.hasMore === true || selection.rows.length < live.shown.rows.length}
        onTakeAll={takeAll}
        onClear={selection.clear}
      />
      {isSaving && (
        <SaveView filter={address.filter} own={own} onSave={setOwn} onClose={() => setSaving(false)} />
      )}
    </>
  );
}

/** By status, and what has failed in the last hour. */
const countsOf = (overview: OverviewAnswer | undefined): Readonly<Record<string, number>> | undefined =>
  overview?.counts && { ...overview.counts, ...present("failed", failedIn(overview.minutes)) };

function useLayout() {
  const [isCompact, setCompact] = useSwitch("compact", false);
  const [columns, setColumns] = useStored("columns", columnsIn, (chosen) => [...chosen].join(","));
  return { isCompact, setCompact, columns, setColumns };
}

const NO_SERVICES: readonly ServiceInfo[] = [];
const PRESET: readonly Column[] = ["for", "attempt"];
const columnsIn = (text: string | null): ReadonlySet<Column> =>
  new Set(
    text === null ? PRESET : text.split(",").filter((name): name is Column => Object.hasOwn(COLUMNS, name)),
  );

interface BodyProps {
  readonly live: LiveList;
  readonly address: Address;
  readonly selection: Selection;
  readonly services: readonly ServiceInfo[];
  readonly columns: ReadonlySet<Column>;
  readonly isCompact: boolean;
  readonly table: { current: HTMLTableElement | null };
  readonly onTouch: (isTouched: boolean) => void;
}

function Body({ live, address, selection, services, columns, isCompact, table, onTouch }: BodyProps) {
  const { loaded, list, shown, more } = live;
  const parked = useParked(shown.rows);
  const same = useMemo(() => sameErrors(shown.rows), [shown.rows]);
  const limits = useMemo(() => attemptLimits(services), [services]);
  if (list === undefined)
    return loaded.error === undefined ? (
      <p class="muted pad" aria-busy="true">
        Loading…
      </p>
    ) : (
      <Failure error={loaded.error} retry={loaded.reload} />
    );
  if (shown.rows.length === 0)
    return (
      <section class="card">
        <Nothing
          list={list}
          filter={address.filter}
          onChange={address.setFilter}
          onScan={() => address.set("scan", "true")}
        />
      </section>
    );
  return (
    <>
      <ListTable
        {...{ table, columns, isCompact, limits, parked, onTouch }}
        sameErrors={same}
        rows={shown.rows}
        gone={shown.gone}
        selected={selection.ids}
        isBusy={loaded.data === undefined}
        onPick={(row, toLast) => selection.pick(row, shown.rows, toLast)}
        onPickShown={() => selection.pickShown(shown.rows)}
      />
      <Further list={list} more={more} set={address.set} />
    </>
  );
}

interface FurtherProps {
  readonly list: List;
  readonly more: (() => void) | undefined;
  readonly set: Address["set"];
}
/** The way to what is not shown yet. */
function Further({ list, more, set }: FurtherProps) {
  if (more !== undefined)
    return (
      <p class="row">
        <button type="button" class="b" onClick={more}>
          Show more
        </button>
      </p>
    );
  if (!list.hasMore) return null;
  const next = list.next;
  return (
    <p class="row wrap">
      {next === undefined ? (
        <button type="button" class="b" onClick={() => set("order", "newest")}>
          Newest first, page by page
        </button>
      ) : (
        <button type="button" class="b" onClick={() => set("after", next)}>
          The next page
        </button>
      )}
      <span class="muted">A page has 1,000. A narrower filter, or SQL, finds one among many.</span>
    </p>
  );
}

/** What completions offer. */
function knownOf(services: readonly ServiceInfo[], list: List | undefined): Known {
  const rows = list?.rows ?? [];
  const distinct = (values: readonly (string | undefined)[]): readonly string[] =>
    [...new Set(values)].filter((value) => value !== undefined);
  return {
    services: distinct([...services.map(({ name }) => name), ...rows.map(({ target }) => target.service)]),
    handlers: distinct([
      ...services.flatMap(({ handlers }) => handlers.map(({ name }) => name)),
      ...rows.map(({ target }) => target.handler),
    ]),
    deployments: distinct([
      ...services.map(({ deployment }) => deployment),
      ...rows.map(({ deployment }) => deployment),
    ]),
    keys: distinct(rows.map(({ target }) => target.key)),
    errors: distinct(rows.map(({ failure, lastFailure }) => failure?.message ?? lastFailure)),
  };
}
