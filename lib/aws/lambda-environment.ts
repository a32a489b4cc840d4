/** What a Lambda function of ours finds around it: its variables and its log. Light: handlers load it too. */
import { ENVIRONMENT, type EnvironmentVariable } from "../environment.ts";
import type { Logger, LogLevel } from "../ports.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Error` naming the variable that is not set. */
export function required(environment: Environment, variable: EnvironmentVariable): string {
  const name = ENVIRONMENT[variable];
  const value = environment[name];
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is not set`);
  return value;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One JSON line an event, as CloudWatch Logs Insights reads it. */
export function jsonLogger(level: string | undefined): Logger {
  const least = Math.max(0, LEVELS.indexOf((level ?? "info") as LogLevel));
  return {
    log(at, message, fields = {}) {
      if (LEVELS.indexOf(at) < least) return;
      process.stdout.write(`${JSON.stringify({ level: at, message, ...fields })}\n`);
    },
  };
}
