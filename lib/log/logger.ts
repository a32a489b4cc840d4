/**
 * The engine's log, the same for all sides: Lambda writes JSON lines to standard output, `perdure dev` readable ones to
 * its console. What handlers say is another log: sdk/logger.ts.
 */
import { ENVIRONMENT, type Environment } from "../environment.ts";
import type { Logger, LogLevel } from "../ports.ts";
import { isBelow, LOG_LEVELS, parseLevel } from "./level.ts";
import type { LogRecord } from "./line.ts";

export interface LogOptions {
  /** What is less important is left out. */
  readonly least: LogLevel;
  readonly format: (record: LogRecord) => string;
  readonly write: (line: string, level: LogLevel) => void;
  /** Absent: lines have no time of their own. */
  readonly time?: () => string;
}

export function loggerOf({ least, format, write, time }: LogOptions): Logger {
  return {
    log(level, message, fields = {}) {
      if (isBelow(level, least)) return;
      write(format({ level, message, fields, ...(time ? { time: time() } : {}) }), level);
    },
  };
}

/** The least level that `PERDURE_LOG_LEVEL` asks for, else `fallback`. Throws `TypeError` if it names no level. */
export function leastLevel(environment: Environment, fallback: LogLevel): LogLevel {
  const text = environment[ENVIRONMENT.logLevel];
  if (text === undefined || text.trim() === "") return fallback;
  const level = parseLevel(ENVIRONMENT.logLevel, text);
  return level === LOG_LEVELS[0] ? "debug" : level;
}
