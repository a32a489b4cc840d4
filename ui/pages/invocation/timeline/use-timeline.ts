/** How a timeline is looked at: which rows are opened, which one is chosen, what is zoomed. The address says it, too. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { useNow } from "../../../parts/now.ts";
import { setQuery } from "../address.ts";
import type { Story } from "../model/story.ts";
import { layoutOf, type PlacedRow, WHOLE, type Zoom } from "./layout.ts";
import type { Child } from "./row.ts";
import { useTimelineKeys } from "./timeline-keys.ts";
import { useWindow } from "./use-window.ts";
import { zoomed } from "./zoom.ts";

/** Until it has been measured. */
const TRACK_PX = 480;

type Grid = { readonly current: HTMLDivElement | null };
type View = "operations" | "turns";

export function useTimeline(story: Story, children: ReadonlyMap<string, Child>, grid: Grid) {
  const nowMs = useNow();
  const [asked] = useState(() => new URLSearchParams(location.search));
  const [view, setView] = useState<View>(asked.get("view") === "turns" ? "turns" : "operations");
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const [toScale, setToScale] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<Zoom>(WHOLE);
  const [current, setCurrent] = useState(asked.get("row") ?? "");
  const [detail, setDetail] = useState(asked.get("row") ?? "");
  const trackPx = useTrackWidth(grid);
  const layout = useMemo(
    () => layoutOf({ story, children, opened, view, nowMs, toScale, zoom, trackPx }),
    [story, children, opened, view, nowMs, toScale, zoom, trackPx],
  );
  const { rows } = layout;
  const shown = useWindow(grid, rows.length);
  const fold = (row: PlacedRow, open: boolean): void => {
    if (row.isExpandable) setOpened((old) => withKey(old, row.key, open));
  };
  const select = (row: PlacedRow): void => {
    const key = detail === row.key ? "" : row.key;
    setCurrent(row.key);
    setDetail(key);
    setQuery("row", key === "" ? undefined : key);
  };
  const change = (by: number): void => setZoom(zoomed(zoom, by, focusOf(rows, current, layout.now)));
  const fit = (): void => {
    setZoom(WHOLE);
    setToScale(new Set());
  };
  const scale = (key: string): void => setToScale((old) => withKey(old, key, true));
  const onKey = useTimelineKeys({ rows, current, setCurrent, select, fold, change, fit, grid });
  const choose = (next: View): void => {
    setView(next);
    setQuery("view", next === "turns" ? next : undefined);
  };
  return { layout, shown, view, setView: choose, current, detail, fold, select, change, fit, scale, onKey };
}

function withKey(keys: ReadonlySet<string>, key: string, isIn: boolean): ReadonlySet<string> {
  const next = new Set(keys);
  if (isIn) next.add(key);
  else next.delete(key);
  return next;
}

/** What zooming turns about: the middle of the chosen row, or now. */
function focusOf(rows: readonly PlacedRow[], current: string, now: number | undefined): number {
  const row = rows.find(({ key }) => key === current);
  const places = [
    ...(row?.bars.map(({ left, width }) => left + width / 2) ?? []),
    ...(row?.marks.map(({ left }) => left) ?? []),
  ];
  const [first] = places;
  return first ?? now ?? 50;
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
