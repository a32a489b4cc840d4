/** The real clock, randomness and console, for processes; tests and the simulator bring their own. */
import { randomFillSync } from "node:crypto";
import { clearTimeout, setTimeout } from "node:timers";

import type { Clock, Entropy, Logger, LogLevel } from "../../lib/ports.ts";

/**
 * A long wait is cut into pieces: `setTimeout` takes no more than 2^31 ms, and does not count the time that a machine
 * sleeps. After each piece the wall clock is asked too, so that a laptop that wakes up is late by one piece at most.
 */
const PIECE_MS_MAX = 60_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const startedMs = performance.now();
    const dueAtMs = Date.now() + ms;
    let timeout: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      timeout = setTimeout(
        () => {
          // Both clocks: setTimeout may be a fraction of a millisecond early, and the wall clock may be set back.
          const elapsedMs = performance.now() - startedMs;
          const restMs = Math.min(ms - elapsedMs, elapsedMs < PIECE_MS_MAX ? Infinity : dueAtMs - Date.now());
          if (restMs <= 0) callback();
          else wait(restMs);
        },
        Math.ceil(Math.min(leftMs, PIECE_MS_MAX)),
      );
    };
    wait(Math.max(ms, 0));
    return () => clearTimeout(timeout);
  },
};

export const systemEntropy: Entropy = { bytes: (count) => randomFillSync(new Uint8Array(count)) };

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
