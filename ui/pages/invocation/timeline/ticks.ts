/** The marks on the axis, in words: from the acceptance on, and by the clock where that is far away. */
import type { Axis, Span } from "./axis.ts";

export interface Tick {
  readonly percent: number;
  readonly text: string;
}

interface TickInput {
  readonly axis: Axis;
  /** What the track measures on the screen. */
  readonly trackPx: number;
  /** Percent: nothing may be written there. */
  readonly taken: readonly number[];
  /** Percent of the axis that can be seen. */
  readonly view: { readonly from: number; readonly to: number };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * DAY),
];
const TICK_PX = 76;
const CHAR_PX = 6.4;
const ROOM_PX = 10;
const TICKS_MAX = 40;

export function ticksOf({ axis, trackPx, taken, view }: TickInput): readonly Tick[] {
  const scale = trackPx / Math.max(1e-6, view.to - view.from);
  const px = (percent: number): number => (percent - view.from) * scale;
  const used = taken.map((percent) => ({ from: px(percent) - 22, to: px(percent) + 22 }));
  const bands = new Set(axis.bands.map(({ fromMs }) => fromMs));
  const ticks: Tick[] = [];
  for (const segment of axis.segments) {
    if (bands.has(segment.fromMs) && axis.bands.some(({ toMs }) => toMs === segment.toMs)) continue;
    const stepMs = stepFor(segment, segment.width * scale);
    for (const offset of offsetsIn(segment, stepMs, axis.fromMs)) {
      const percent = axis.at(axis.fromMs + offset);
      const text = offsetText(offset, stepMs, axis.fromMs);
      // A moment between two bands: its thousandths help nobody.
      if (/\.\d{3}/u.test(text)) continue;
      const half = (text.length * CHAR_PX) / 2;
      const [from, to] =
        offset === 0 ? [px(percent), px(percent) + 2 * half] : [px(percent) - half, px(percent) + half];
      if (from < -1 || to > trackPx + ROOM_PX) continue;
      if (used.some((other) => from < other.to + ROOM_PX && to > other.from - ROOM_PX)) continue;
      used.push({ from, to });
      ticks.push({ percent, text });
    }
  }
  return ticks;
}

function stepFor({ fromMs, toMs }: Span, widthPx: number): number {
  const wanted = (toMs - fromMs) / Math.max(1, widthPx / TICK_PX);
  return STEPS.find((step) => step >= wanted) ?? DAY * 365;
}

function offsetsIn({ fromMs, toMs }: Span, stepMs: number, zeroMs: number): readonly number[] {
  const first = Math.ceil((fromMs - zeroMs) / stepMs) * stepMs;
  const count = Math.min(TICKS_MAX, Math.floor((toMs - zeroMs - first) / stepMs) + 1);
  return Array.from({ length: Math.max(0, count) }, (_, index) => first + index * stepMs);
}

/** `0`, `+250 ms`, `+1.5 s`, `+10:10`, and from an hour on the time of day. */
export function offsetText(offset: number, stepMs: number, zeroMs: number): string {
  if (offset === 0) return "0";
  if (offset < SECOND && stepMs < SECOND) return `+${Math.round(offset)} ms`;
  if (offset < MINUTE) return `+${Number((offset / SECOND).toFixed(decimalsOf(stepMs)))} s`;
  if (offset < HOUR) {
    const minutes = Math.floor(offset / MINUTE);
    const seconds = ((offset % MINUTE) / SECOND).toFixed(decimalsOf(stepMs));
    return `+${minutes}:${seconds.padStart(decimalsOf(stepMs) === 0 ? 2 : 3 + decimalsOf(stepMs), "0")}`;
  }
  return dayTime(zeroMs + offset, stepMs);
}

const decimalsOf = (stepMs: number): number =>
  stepMs >= SECOND ? 0 : stepMs >= 100 ? 1 : stepMs >= 10 ? 2 : 3;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const TIME_SECONDS = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
function dayTime(ms: number, stepMs: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "…";
  if (stepMs >= DAY) return DATE.format(at);
  if (stepMs >= MINUTE) return TIME.format(at);
  const decimals = decimalsOf(stepMs);
  return decimals === 0
    ? TIME_SECONDS.format(at)
    : `${TIME_SECONDS.format(at)}.${String(at.getMilliseconds()).padStart(3, "0").slice(0, decimals)}`;
}
