/**
 * Fields of a cron expression: which minutes, hours, days and months it names.
 *
 * Two dialects. `cron(0 2 * * ? *)` is EventBridge's: six fields, the last one the year; Sunday is 1; one of the two fields of days is
 * `?`. `0 2 * * *` is crontab's: five fields; Sunday is 0 or 7; if both fields of days say something, either will do.
 */

export interface CronFields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  /** 1 to 31. */
  readonly days: ReadonlySet<number>;
  /** 1 to 12. */
  readonly months: ReadonlySet<number>;
  /** 0 to 6, from Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** Absent: any. */
  readonly years: ReadonlySet<number> | undefined;
  /** Either a day of the month or a day of the week. */
  readonly eitherDay: boolean;
}

interface Range {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");
const MINUTE: Range = { name: "minutes", min: 0, max: 59 };
const HOUR: Range = { name: "hours", min: 0, max: 23 };
const DAY: Range = { name: "days of the month", min: 1, max: 31 };
const MONTH: Range = { name: "months", min: 1, max: 12, names: MONTHS };
const YEAR: Range = { name: "years", min: 1970, max: 2199 };
/** Of EventBridge, whose Sunday is 1. */
const AWS_WEEKDAY: Range = { name: "days of the week", min: 1, max: 7, names: WEEKDAYS };
const WEEKDAY: Range = { name: "days of the week", min: 0, max: 7, names: WEEKDAYS };

class FieldError extends Error {}

/** Says in words what is wrong with it. */
export function parseCron(text: string, isOfAws: boolean): CronFields | string {
  const fields = text.trim().split(/\s+/u);
  const wanted = isOfAws ? 6 : 5;
  if (fields.length !== wanted)
    return `has ${fields.length} fields, and a cron expression of this form ${wanted}`;
  try {
    return cronOf(fields, isOfAws);
  } catch (error) {
    if (error instanceof FieldError) return error.message;
    throw error;
  }
}

function cronOf(
  [minute = "", hour = "", day = "", month = "", weekday = "", year = "*"]: string[],
  isOfAws: boolean,
): CronFields {
  if (isOfAws && (day === "?") === (weekday === "?"))
    throw new FieldError("one of the fields for days, and only one, must be '?'");
  const named = valuesOf(weekday, isOfAws ? AWS_WEEKDAY : WEEKDAY, isOfAws);
  const weekdays = new Set([...named].map((each) => (isOfAws ? each - 1 : each % 7)));
  return {
    minutes: valuesOf(minute, MINUTE, false),
    hours: valuesOf(hour, HOUR, false),
    days: valuesOf(day, DAY, isOfAws),
    months: valuesOf(month, MONTH, false),
    weekdays,
    years: year === "*" ? undefined : valuesOf(year, YEAR, false),
    eitherDay: !isOfAws && day !== "*" && weekday !== "*",
  };
}

function valuesOf(field: string, range: Range, mayBeAny: boolean): ReadonlySet<number> {
  const { min, max } = range;
  if (field === "?" && mayBeAny) return new Set(numbers(min, max, 1));
  return new Set(field.split(",").flatMap((part) => partOf(part, range)));
}

/** `*`, `5`, `MON-FRI`, `0-30/10`, `5/15`. */
function partOf(part: string, range: Range): readonly number[] {
  const [, from = "", until, step] = /^(\*|\w+)(?:-(\w+))?(?:\/(\d+))?$/u.exec(part) ?? [];
  if (from === "" || (from === "*" && until !== undefined)) throw wrong(part, range);
  const every = step === undefined ? 1 : Number(step);
  if (every < 1) throw wrong(part, range);
  if (from === "*") return numbers(range.min, range.max, every);
  const first = valueOf(from, range);
  const last = until === undefined ? (step === undefined ? first : range.max) : valueOf(until, range);
  if (last < first) throw wrong(part, range);
  return numbers(first, last, every);
}

function valueOf(text: string, range: Range): number {
  const named = range.names?.indexOf(text.toUpperCase()) ?? -1;
  // The first name stands for the first number; crontab's Sunday is 0 and 7.
  if (named >= 0) return named + range.min;
  const value = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.min && value <= range.max)) throw wrong(text, range);
  return value;
}

const wrong = (part: string, { name, min, max }: Range): FieldError =>
  new FieldError(`'${part.slice(0, 100)}' names no ${name}, which are ${min} to ${max}`);

const numbers = (from: number, until: number, step: number): number[] =>
  Array.from({ length: Math.floor((until - from) / step) + 1 }, (_, index) => from + index * step);
