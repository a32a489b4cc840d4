/** The levels of a log, and how one is named in the environment. */

/** From the least important one on. `trace` is what handlers may say; the engine itself begins at `debug`. */
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
export type AnyLogLevel = (typeof LOG_LEVELS)[number];

export const isBelow = (level: AnyLogLevel, least: AnyLogLevel): boolean =>
  LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least);

/** The level that a variable names, in capitals or not. Throws `TypeError` with the variable's name if it names none. */
export function parseLevel(variable: string, text: string): AnyLogLevel {
  const level = LOG_LEVELS.find((each) => each === text.trim().toLowerCase());
  if (level) return level;
  throw new TypeError(`${variable} must be one of ${LOG_LEVELS.join(", ")}; got ${JSON.stringify(text)}`);
}
