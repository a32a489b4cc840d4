/** How a timeline is looked at: which rows are opened, which one is chosen, what is zoomed. The address says it, too. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useNow } from "../../../parts/now.ts";
import { setQuery } from "../address.ts";
import type { Story } from "../model/story.ts";
import { drawnOf, placedOf, placeOfRow, WHOLE, type Zoom } from "./layout.ts";
import type { Child, Row } from "./row.ts";
import { useTimelineKeys } from "./timeline-keys.ts";
import { useWindow } from "./use-window.ts";
import { moved, zoomed } from "./zoom.ts";

/** Until it has been measured. */
const TRACK_PX = 480;
/** Times of day get their date after midnight: so soon it is seen of what has ended. */
const OVER_GRAIN_MS = 60_000;

/** What zooming turns about, unless a row is chosen or there is a now. */
const MIDDLE = 50;

/** A row, placed or not. */
export type RowState = Pick<Row, "key" | "isExpandable" | "isExpanded">;
type Grid = { readonly current: HTMLDivElement | null };
type View = "operations" | "turns";

/** What has ended does not change with each second. */
function useSteadyNow(isOver: boolean): number {
  const nowMs = useNow();
  return isOver ? Math.floor(nowMs / OVER_GRAIN_MS) * OVER_GRAIN_MS : nowMs;
}

function useView(asked: URLSearchParams): [View, (view: View) => void] {
  const [view, setView] = useState<View>(asked.get("view") === "turns" ? "turns" : "operations");
  const choose = (next: View): void => {
    setView(next);
    setQuery("view", next === "turns" ? next : undefined);
  };
  return [view, choose];
}

export function useTimeline(story: Story, children: ReadonlyMap<string, Child>, grid: Grid) {
  const nowMs = useSteadyNow(story.invocation.status === "completed");
  const [asked] = useState(() => new URLSearchParams(location.search));
  const [view, setView] = useView(asked);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [toScale, setToScale] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const [current, setCurrent] = useState(asked.get("row") ?? "");
  const [detail, setDetail] = useState(asked.get("row") ?? "");
  const trackPx = useTrackWidth(grid);
  const drawn = useMemo(
    () => drawnOf({ story, children, opened, view, nowMs, toScale }),
    [story, children, opened, view, nowMs, toScale],
  );
  const { rows } = drawn;
  const shown = useWindow(grid, rows.length);
  const { from, to } = shown;
  const layout = useMemo(
    () => placedOf(drawn, { zoom, trackPx, from, to }),
    [drawn, zoom, trackPx, from, to],
  );
  const fold = (row: RowState, open: boolean): void => {
    if (row.isExpandable) setOpened((old) => withKey(old, row.key, open));
  };
  const select = (row: RowState): void => {
    const key = detail === row.key ? "" : row.key;
    setCurrent(row.key);
    setDetail(key);
    setQuery("row", key === "" ? undefined : key);
  };
  const change = (by: number): void => {
    const row = rows.find(({ key }) => key === current);
    setZoom(zoomed(zoom, by, (row && placeOfRow(drawn, row, zoom)) ?? layout.now ?? MIDDLE));
  };
  const move = (by: number): void => setZoom(moved(zoom, by));
  const fit = (): void => {
    setZoom(WHOLE);
    setToScale(new Set());
  };
  const scale = (key: string): void => setToScale((old) => withKey(old, key, true));
  /** All bands at once: the keyboard has no pointer for one of them. */
  const scaleAll = (): void =>
    setToScale(toScale.size > 0 ? new Set() : new Set(drawn.axis.bands.map(({ key }) => key)));
  const onKey = useTimelineKeys({
    rows,
    current,
    setCurrent,
    select,
    fold,
    change,
    move,
    fit,
    scaleAll,
    grid,
  });
  return {
    rows,
    layout,
    shown,
    view,
    setView,
    current,
    detail,
    fold,
    select,
    change,
    fit,
    scale,
    onKey,
  };
}

function withKey(keys: ReadonlySet<string>, key: string, isIn: boolean): ReadonlySet<string> {
  const next = new Set(keys);
  if (isIn) next.add(key);
  else next.delete(key);
  return next;
}

function useTrackWidth(grid: Grid): number {
  const [width, setWidth] = useState(TRACK_PX);
  useEffect(() => {
    const { current } = grid;
    const track = current?.querySelector(".tl-axis .track");
    if (!track) return;
    const observer = new ResizeObserver(() => setWidth(Math.round(track.clientWidth) || TRACK_PX));
    observer.observe(track);
    return () => observer.disconnect();
  }, [grid]);
  return width;
}
