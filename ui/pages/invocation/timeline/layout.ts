/** Places a timeline's rows on the axis, in percent of its track: a pure function of what is known and of how it is looked at. */
import { type Axis, axisOf, type Band, type Span } from "./axis.ts";
import type { Bar, Row, RowsInput } from "./row.ts";
import { rowsOf } from "./rows.ts";
import { type Tick, ticksOf } from "./ticks.ts";

/** The part of the axis that can be seen, in percent. */
export interface Zoom {
  readonly from: number;
  readonly to: number;
}
export const WHOLE: Zoom = { from: 0, to: 100 };

export interface DrawInput extends RowsInput {
  /** Bands that are drawn to scale. */
  readonly toScale: ReadonlySet<string>;
}
/** How it is looked at. */
export interface Look {
  readonly zoom: Zoom;
  readonly trackPx: number;
  /** The rows that are placed. @default all */
  readonly from?: number;
  readonly to?: number;
}
export type LayoutInput = DrawInput & Look;

/** What does not depend on how it is looked at. */
export interface Drawn {
  readonly rows: readonly Row[];
  readonly axis: Axis;
  /** Absent once it has ended. */
  readonly nowMs?: number;
}

export interface PlacedBar {
  readonly kind: Bar["kind"];
  readonly left: number;
  readonly width: number;
  readonly title: string;
}
export interface PlacedMark {
  readonly kind: string;
  readonly left: number;
  readonly title: string;
}
export interface PlacedRow extends Omit<Row, "bars" | "marks" | "label"> {
  readonly bars: readonly PlacedBar[];
  readonly marks: readonly PlacedMark[];
  readonly label?: {
    readonly text: string;
    readonly left: number;
    readonly isBefore: boolean;
    readonly isBad: boolean;
    readonly besideMark: boolean;
  };
}

export interface Layout {
  readonly rows: readonly PlacedRow[];
  readonly bands: readonly Band[];
  readonly ticks: readonly Tick[];
  /** Percent of the track; absent once it has ended, or if it cannot be seen. */
  readonly now?: number;
}

const BUSY = new Set<Bar["kind"]>(["turn", "turnx", "step", "live", "bad"]);
/** Percent of the track right of now, while it goes on. */
const END_ROOM = 2;

export const layoutOf = (input: LayoutInput): Layout => placedOf(drawnOf(input), input);

export function drawnOf(input: DrawInput): Drawn {
  const { story, toScale } = input;
  const rows = rowsOf(input);
  const nowMs = story.invocation.status === "completed" ? undefined : input.nowMs;
  const axis = axisOf({
    ...spanOf(rows, story.invocation.createdMs, nowMs),
    ...spansIn(rows, nowMs),
    toScale,
    endRoom: nowMs === undefined ? 0 : END_ROOM,
  });
  return { rows, axis, ...(nowMs !== undefined && { nowMs }) };
}

export function placedOf({ rows, axis, nowMs }: Drawn, { zoom, trackPx, from = 0, to }: Look): Layout {
  const place = placingIn(zoom);
  const now = nowMs === undefined ? undefined : place(axis.at(nowMs));
  const shown = now !== undefined && nowMs !== undefined && now >= 0 && now <= 100;
  const ticks = ticksOf({ axis, trackPx, taken: shown ? [axis.at(nowMs)] : [], view: zoom });
  return {
    rows: rows.slice(from, to).map((row) => placedRow(row, axis, place, trackPx)),
    bands: axis.bands.flatMap((band) => placedBand(band, place)),
    ticks: ticks.map(({ percent, text }) => ({ percent: place(percent), text })),
    ...(shown && { now }),
  };
}

/** Where a row begins, in percent of what is seen; `undefined`: it has no times. */
export function placeOfRow({ axis }: Drawn, { bars, marks }: Row, zoom: Zoom): number | undefined {
  const times = [...bars.map(({ fromMs }) => fromMs), ...marks.map(({ atMs }) => atMs)];
  return times.length === 0 ? undefined : placingIn(zoom)(axis.at(Math.min(...times)));
}

function spanOf(rows: readonly Row[], createdMs: number, nowMs: number | undefined): Span {
  let toMs = Math.max(createdMs + 1, nowMs ?? 0);
  for (const { bars, marks } of rows) {
    for (const bar of bars) toMs = Math.max(toMs, bar.toMs);
    for (const { atMs } of marks) toMs = Math.max(toMs, atMs);
  }
  return { fromMs: createdMs, toMs };
}

/** What runs, and what somebody else runs for it. The ends of all that lasts are instants that must be seen. */
function spansIn(
  rows: readonly Row[],
  nowMs: number | undefined,
): { busy: readonly Span[]; lent: readonly Span[] } {
  const instant = (ms: number): Span => ({ fromMs: ms, toMs: ms });
  const busy: Span[] = nowMs === undefined ? [] : [instant(nowMs)];
  const lent: Span[] = [];
  for (const { bars, marks } of rows) {
    for (const bar of bars) {
      if (BUSY.has(bar.kind)) busy.push(bar);
      else busy.push(instant(bar.fromMs), instant(bar.toMs));
      if (bar.kind === "call") lent.push(bar);
    }
    for (const { atMs } of marks) busy.push(instant(atMs));
  }
  return { busy, lent };
}

const placingIn =
  ({ from, to }: Zoom) =>
  (percent: number): number =>
    ((percent - from) / (to - from)) * 100;

const clamp = (percent: number): number => Math.min(100, Math.max(0, percent));

function placedBand(band: Band, place: (percent: number) => number): readonly Band[] {
  const left = place(band.left);
  const right = place(band.left + band.width);
  return right <= 0 || left >= 100 ? [] : [{ ...band, left: clamp(left), width: clamp(right) - clamp(left) }];
}

function placedRow(row: Row, axis: Axis, place: (percent: number) => number, trackPx: number): PlacedRow {
  const { bars, marks, label, ...rest } = row;
  const placedBars = bars.flatMap(({ kind, fromMs, toMs, title }): readonly PlacedBar[] => {
    const [left, right] = [place(axis.at(fromMs)), place(axis.at(toMs))];
    if (right < 0 || left > 100) return [];
    return [{ kind, left: clamp(left), width: clamp(right) - clamp(left), title }];
  });
  const placedMarks = marks.flatMap(({ kind, atMs, title }): readonly PlacedMark[] => {
    const left = place(axis.at(atMs));
    return left < 0 || left > 100 ? [] : [{ kind, left, title }];
  });
  const placed =
    label === undefined || label.text === ""
      ? undefined
      : placedLabel(label, placedBars, placedMarks, trackPx);
  // There is no room for it beside the bars.
  const note = label?.isBad === true && placed === undefined ? `${label.text} · ${row.note}` : row.note;
  return { ...rest, note, bars: placedBars, marks: placedMarks, ...(placed && { label: placed }) };
}

const LABEL_CHAR_PX = 6;
const LABEL_ROOM_PX = 16;

/** Right of the bars if there is room, else left of them. A count of failures stands left, where the first one is. */
function placedLabel(
  { text, isBad = false }: NonNullable<Row["label"]>,
  bars: readonly PlacedBar[],
  marks: readonly PlacedMark[],
  trackPx: number,
): PlacedRow["label"] {
  const spots = [
    ...bars.map(({ left, width }) => ({ from: left, to: left + width, isMark: false })),
    ...marks.map(({ left }) => ({ from: left, to: left, isMark: true })),
  ];
  if (spots.length === 0) return undefined;
  const width = ((text.length * LABEL_CHAR_PX + LABEL_ROOM_PX) / Math.max(1, trackPx)) * 100;
  const first = Math.min(...spots.map(({ from }) => from));
  const last = Math.max(...spots.map(({ to }) => to));
  const fits = { before: first >= width, after: last + width <= 100 };
  const isBefore = isBad ? fits.before : !fits.after && fits.before;
  if (!fits.before && !fits.after) return undefined;
  const left = isBefore ? first : last;
  const besideMark = spots.some(({ from, to, isMark }) => isMark && (isBefore ? from : to) === left);
  return { text, left, isBefore, isBad, besideMark };
}
