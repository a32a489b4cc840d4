/** The log of a process, to its console. */
import type { Logger, LogLevel } from "../../lib/ports.ts";

export type LogFormat = "json" | "pretty";
const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Logs what is at least as important as `level`: one line of JSON, or one to read. To stderr, unless told where. */
export function consoleLogger(
  level: LogLevel,
  format: LogFormat,
  write: (line: string) => void = (line) => process.stderr.write(line),
): Logger {
  const least = LEVELS.indexOf(level);
  return {
    log(at, message, fields = {}) {
      if (LEVELS.indexOf(at) < least) return;
      const time = new Date().toISOString();
      write(format === "json" ? jsonLine(time, at, message, fields) : prettyLine(time, at, message, fields));
    },
  };
}

type Fields = Record<string, unknown>;

function jsonLine(time: string, level: LogLevel, message: string, fields: Fields): string {
  const own = { time, level, message };
  // First for the eye, and last so that no field passes itself off as one of them.
  return `${jsonOf({ ...own, ...fields, ...own })}\n`;
}

function prettyLine(time: string, level: LogLevel, message: string, fields: Fields): string {
  const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${prettyOf(value)}`);
  return `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${message}${pairs.join("")}\n`;
}

function prettyOf(value: unknown): string {
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : jsonOf(value);
}

/** JSON of anything: an error with its cause, a bigint as text, a circle as a mark; never throws. */
function jsonOf(value: unknown): string {
  const above: unknown[] = [];
  try {
    return (
      JSON.stringify(value, function (this: unknown, _name, held: unknown) {
        if (typeof held === "bigint") return String(held);
        if (typeof held !== "object" || held === null) return held;
        while (above.length > 0 && above.at(-1) !== this) above.pop();
        if (above.includes(held)) return "[circular]";
        const plain = held instanceof Error ? plainError(held) : held;
        above.push(plain);
        return plain;
      }) ?? String(value)
    );
  } catch (error) {
    return JSON.stringify(`[cannot be shown: ${String(error)}]`);
  }
}

const plainError = (error: Error): Fields => ({
  ...Object.fromEntries(Object.entries(error)),
  name: error.name,
  message: error.message,
  stack: error.stack,
  ...(error.cause === undefined ? {} : { cause: error.cause }),
});
