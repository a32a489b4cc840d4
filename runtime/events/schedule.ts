/**
 * When a schedule is due: `rate(5 minutes)`, `cron(0 2 * * ? *)`, or `0 2 * * *`; a cron expression in a time zone.
 *
 * A time that a clock skips, when it is set forward, is no time of the schedule. One that a clock shows twice is one tick, the first.
 * EventBridge Scheduler does the same.
 */
import { SCHEDULE_CHARS_MAX, SCHEDULE_DAYS_MAX } from "../../lib/limits/events.ts";
import { type CronFields, parseCron } from "./cron.ts";

export type Schedule = { readonly every: number } | { readonly cron: CronFields; readonly timezone: string };

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const MINUTE = 60_000;
const HOURS = 3_600_000;
const DAYS = 86_400_000;

/** Says in words what is wrong with it. */
export function parseSchedule(text: string, timezone = "UTC"): Schedule | string {
  if (text.length > SCHEDULE_CHARS_MAX) return `is longer than ${SCHEDULE_CHARS_MAX} characters`;
  if (!isTimezone(timezone)) return `knows no time zone '${timezone.slice(0, 100)}'`;
  const [, count, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/u.exec(text) ?? [];
  if (count !== undefined) {
    const every = Number(count) * (UNITS[unit] ?? 0);
    return every > 0 && Number.isSafeInteger(every) ? { every } : "must be a rate above zero";
  }
  const ofAws = /^cron\((.+)\)$/u.exec(text)?.[1];
  const cron = parseCron(ofAws ?? text, ofAws !== undefined);
  return typeof cron === "string" ? cron : { cron, timezone };
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name }).format(0);
    return name !== "";
  } catch {
    return false;
  }
}

/** The first tick after `afterMs`. `sinceMs`: what a rate counts from. `undefined`: there is none any more. */
export function nextTick(schedule: Schedule, afterMs: number, sinceMs: number): number | undefined {
  if ("cron" in schedule) return nextOfCron(schedule.cron, new ZonedTime(schedule.timezone), afterMs);
  const { every } = schedule;
  return sinceMs + Math.max(1, Math.floor((afterMs - sinceMs) / every) + 1) * every;
}

function nextOfCron(cron: CronFields, zone: ZonedTime, afterMs: number): number | undefined {
  // The wall's clock as if it were UTC: whole days and hours can be counted in it.
  const wall = zone.wallOf(afterMs);
  const firstDay = Math.floor(wall / DAYS) * DAYS;
  for (let day = 0; day < SCHEDULE_DAYS_MAX; day++) {
    const dayMs = firstDay + day * DAYS;
    if (!isDayOf(cron, new Date(dayMs))) continue;
    for (const time of timesOf(cron)) {
      const ms = zone.epochOf(dayMs + time);
      if (ms !== undefined && ms > afterMs) return ms;
    }
  }
  return undefined;
}

function isDayOf({ days, months, weekdays, years, eitherDay }: CronFields, date: Date): boolean {
  if (!months.has(date.getUTCMonth() + 1) || years?.has(date.getUTCFullYear()) === false) return false;
  const [isDay, isWeekday] = [days.has(date.getUTCDate()), weekdays.has(date.getUTCDay())];
  return eitherDay ? isDay || isWeekday : isDay && isWeekday;
}

const sorted = (values: ReadonlySet<number>): number[] => [...values].toSorted((a, b) => a - b);

const timesOf = ({ hours, minutes }: CronFields): number[] => {
  const inHour = sorted(minutes);
  return sorted(hours).flatMap((hour) => inHour.map((minute) => hour * HOURS + minute * MINUTE));
};

/** The clock on a wall in a time zone. */
class ZonedTime {
  readonly #format: Intl.DateTimeFormat | undefined;

  constructor(timezone: string) {
    if (timezone === "UTC") return;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      hourCycle: "h23",
      ...({ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const),
      second: "numeric",
    });
  }

  /** What the wall shows, as if it were UTC. */
  wallOf(ms: number): number {
    if (!this.#format) return ms;
    const parts = new Map(this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
  }

  /** When the wall first shows this. `undefined`: never, since the clock is set forward. */
  epochOf(wall: number): number | undefined {
    const offsets = [wall - DAYS, wall + DAYS].map((ms) => this.wallOf(ms) - ms);
    const times = offsets.map((offset) => wall - offset).filter((ms) => this.wallOf(ms) === wall);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
