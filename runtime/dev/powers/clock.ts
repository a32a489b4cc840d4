/**
 * `POST /dev/clock`: the clock of this server jumps, to the next timer of an invocation, to a time, or by a duration. Everything
 * that is due by then happens now: timers, back-offs, delayed starts, the end of retentions. The clock then goes on from there,
 * and cannot be set back (docs/decisions/0040).
 */
import { parseDuration } from "../../../lib/duration.ts";
import { CLOCK_AHEAD_MS_MAX } from "../../../lib/limits/local.ts";
import { badField } from "../../admin/error.ts";
import { viewTime } from "../../admin/value-view.ts";
import { nextTimer } from "./next-timer.ts";
import type { PowerAnswer, PowerExchange } from "./ports.ts";
import { openTarget, type PowerTarget, refused, stateOf } from "./target.ts";
import { count, inWords } from "./words.ts";

interface Jump {
  readonly toMs: number;
  /** What is due then, if that was asked for. */
  readonly what?: string;
}

/** `{invocation_id?, to?: time, by?: duration}`. With the invocation alone: to its next timer. */
export async function jumpClock(
  exchange: PowerExchange,
  body: Record<string, unknown>,
): Promise<PowerAnswer> {
  const { ports, log } = exchange;
  const target = body["invocation_id"] === undefined ? undefined : await openTarget(ports, body);
  const fromMs = ports.clock.now();
  const { toMs, what } = await jumpIn(exchange, target, body, fromMs);
  const timers = ports.timers.dueBy(toMs);
  const aheadMs = ports.clock.aheadMs + toMs - fromMs;
  if (aheadMs > CLOCK_AHEAD_MS_MAX) throw refused("The clock can be at most 20 years ahead of the real one.");
  if (toMs > fromMs) await ports.jump(aheadMs);
  const due = timers === 0 ? "No timer is due by that." : `${count(timers, "timer")} became due.`;
  const message = [
    `The clock of this server went ${durationInWords(toMs - fromMs)} ahead, to ${viewTime(toMs)}.`,
    what === undefined ? "" : `That is the time of ${what}.`,
    due,
    "What runs was not touched, and the clock cannot be set back.",
  ];
  const said = message.filter((sentence) => sentence !== "").join(" ");
  log.add({ atMs: fromMs, toMs, kind: "clock", message: said });
  return {
    ...{ done: true, message: said, from: viewTime(fromMs), to: viewTime(toMs) },
    ...{ timers_due: timers, ahead_ms: ports.clock.aheadMs },
  };
}

async function jumpIn(
  { ports }: PowerExchange,
  target: PowerTarget | undefined,
  { to, by }: Record<string, unknown>,
  fromMs: number,
): Promise<Jump> {
  if (to !== undefined && by !== undefined)
    throw badField("request body", "'to' and 'by' exclude each other");
  if (by !== undefined) return { toMs: fromMs + durationIn(by) };
  if (to !== undefined) {
    const toMs = timeIn(to);
    if (toMs >= fromMs) return { toMs };
    throw refused(`It is ${viewTime(fromMs)} already, and the clock cannot be set back.`);
  }
  if (!target) throw badField("request body", "it needs one of invocation_id, to, by");
  const next = await nextTimer(ports.items, target.id, fromMs);
  if (next) return { toMs: next.atMs, what: next.what };
  throw refused(
    `It is ${stateOf(target)}, and no timer takes it on. Give a time ("to") or a duration ("by").`,
  );
}

function durationIn(by: unknown): number {
  const ms = typeof by === "string" ? parseDuration(by) : by;
  if (typeof ms === "number" && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw badField("request field 'by'", "it must be a duration like 30d, PT12H or a number of milliseconds");
}

function timeIn(to: unknown): number {
  const ms = typeof to === "string" ? Date.parse(to) : to;
  if (typeof ms === "number" && Number.isSafeInteger(ms)) return ms;
  throw badField("request field 'to'", "it must be a time like 2026-11-22T15:48:42.688Z");
}

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
] as const;

/** Its two greatest units, to the nearest second. */
export function durationInWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  let left = Math.round(ms / 1000) * 1000;
  const first = UNITS.findIndex(([, size]) => left >= size);
  const parts = UNITS.slice(first, first + 2).flatMap(([unit, size]) => {
    const whole = Math.floor(left / size);
    left -= whole * size;
    return whole === 0 ? [] : [count(whole, unit)];
  });
  return inWords(parts);
}
