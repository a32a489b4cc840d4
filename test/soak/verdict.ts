/**
 * What of a run is flat, and what is not.
 *
 * Of memory, what V8 has reserved for its heap does not count: it takes more when a machine is busy, in steps, and gives it back when it
 * likes. What is in use of it is the heap, which is judged by itself. The rest is what SQLite, sockets and code hold.
 *
 * The first quarter does not count: code is compiled, caches fill. Of each minute the least counts, since V8 gives memory back
 * when it likes, and what is in flight at one moment is no growth. A slope is above its limit only if it is so beyond two
 * standard errors. Where these are wider than the limit the run says nothing: it was too short.
 */
import type { Process, Sample } from "./sampler.ts";
import { type Point, type Slope, slopeOf } from "./slope.ts";

const HOUR_MS = 60 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
const MB = 1024 * 1024;
const SURE = 2;
/** With fewer points the errors themselves are too unsure. */
const POINTS_MIN = 10;
/** What the data file may grow by for each request. Results go some days after their retention (decision 0011), so within an
 * hour it only grows. */
export const REQUEST_KB_MAX = 8;

export interface Limit {
  readonly name: string;
  readonly unit: string;
  /** An hour. */
  readonly max: number;
  readonly of: (sample: Sample) => number | undefined;
}

export interface Judged {
  readonly limit: Limit;
  /** An hour. */
  readonly slope: Slope;
  readonly first: number;
  readonly last: number;
  readonly verdict: "flat" | "above" | "too short";
}

/** The host that runs the turns. One that was started for a single turn ends soon, and is counted only. */
const host = ({ hosts }: Sample): Process | undefined => hosts.toSorted((a, b) => a.pid - b.pid)[0];
const inMb = (bytes: number | undefined): number | undefined =>
  bytes === undefined ? undefined : bytes / MB;
const besidesHeap = (process: Process | undefined): number | undefined =>
  process && (process.anonymous ?? process.rss) - process.reserved;
const handles = (process: Process | undefined): number | undefined =>
  process && Object.values(process.handles).reduce((sum, count) => sum + count, 0);

export const LIMITS: readonly Limit[] = [
  { name: "engine heap", unit: "MB", max: 2, of: ({ engine }) => inMb(engine.heap) },
  {
    name: "engine memory",
    unit: "MB",
    max: 16,
    of: ({ engine }) => inMb(besidesHeap(engine)),
  },
  { name: "engine files", unit: "", max: 4, of: ({ engine }) => engine.files },
  { name: "engine threads", unit: "", max: 1, of: ({ engine }) => engine.threads },
  { name: "engine handles", unit: "", max: 8, of: ({ engine }) => handles(engine) },
  { name: "host heap", unit: "MB", max: 2, of: (sample) => inMb(host(sample)?.heap) },
  {
    name: "host memory",
    unit: "MB",
    max: 16,
    of: (sample) => inMb(besidesHeap(host(sample))),
  },
  { name: "host files", unit: "", max: 2, of: (sample) => host(sample)?.files },
  { name: "host threads", unit: "", max: 1, of: (sample) => host(sample)?.threads },
  { name: "host handles", unit: "", max: 8, of: (sample) => handles(host(sample)) },
  { name: "hosts", unit: "", max: 1, of: ({ hosts }) => hosts.length },
  { name: "log of the data file", unit: "MB", max: 16, of: ({ logBytes }) => logBytes / MB },
  { name: "open invocations", unit: "", max: 8, of: ({ engine }) => engine.rows?.["open"] },
  { name: "messages", unit: "", max: 8, of: ({ engine }) => engine.rows?.["messages"] },
  { name: "timers", unit: "", max: 8, of: ({ engine }) => engine.rows?.["timers"] },
];

export function judge(samples: readonly Sample[], limits: readonly Limit[] = LIMITS): Judged[] {
  const counted = countedOf(samples);
  return limits.flatMap((limit) => {
    const points = lowsOf(counted, limit.of);
    const [from, to] = [points[0], points.at(-1)];
    if (!from || !to) return [];
    const { perX, error } = slopeOf(points);
    const slope = { perX: perX * HOUR_MS, error: error * HOUR_MS };
    return [{ limit, slope, first: from.y, last: to.y, verdict: verdictOf(slope, limit.max, points.length) }];
  });
}

function verdictOf({ perX, error }: Slope, max: number, points: number): Judged["verdict"] {
  if (points < POINTS_MIN) return "too short";
  if (perX - SURE * error > max) return "above";
  return perX + SURE * error > max ? "too short" : "flat";
}

export function judgeData(samples: readonly Sample[]): { readonly kb: number; readonly isLean: boolean } {
  const counted = countedOf(samples);
  const [first, last] = [counted[0], counted.at(-1)];
  if (!first || !last) return { kb: Number.NaN, isLean: false };
  const kb = (last.dataBytes - first.dataBytes) / 1024 / Math.max(last.requests - first.requests, 1);
  return { kb, isLean: kb <= REQUEST_KB_MAX };
}

function countedOf(samples: readonly Sample[]): readonly Sample[] {
  const first = samples[0]?.atMs ?? 0;
  const last = samples.at(-1)?.atMs ?? 0;
  return samples.filter(({ atMs }) => atMs >= first + (last - first) / 4);
}

function lowsOf(samples: readonly Sample[], of: Limit["of"]): readonly Point[] {
  const sinceMs = samples[0]?.atMs ?? 0;
  const lows = new Map<number, Point>();
  for (const sample of samples) {
    const y = of(sample);
    if (y === undefined) continue;
    const minute = Math.floor((sample.atMs - sinceMs) / MINUTE_MS);
    const low = lows.get(minute);
    if (!low || y < low.y) lows.set(minute, { x: sample.atMs, y });
  }
  return [...lows.values()];
}
