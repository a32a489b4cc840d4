/** What a Lambda function of ours finds around it: its variables and its log. Light: handlers load it too. */
import { ENVIRONMENT, type EnvironmentVariable } from "../environment.ts";
import { jsonLine } from "../log/line.ts";
import { leastLevel, loggerOf } from "../log/logger.ts";
import type { Logger } from "../ports.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Error` naming the variable that is not set. */
export function required(environment: Environment, variable: EnvironmentVariable): string {
  const name = ENVIRONMENT[variable];
  const value = environment[name];
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is not set`);
  return value;
}

/** One line of JSON an event, as CloudWatch Logs Insights reads it. CloudWatch notes the time. */
export function lambdaLogger(environment: Environment): Logger {
  const options = { format: jsonLine, write: (line: string) => void process.stdout.write(line) };
  try {
    return loggerOf({ ...options, least: leastLevel(environment, "info") });
  } catch (error) {
    // A misspelt level is no reason to serve nobody.
    const logger = loggerOf({ ...options, least: "info" });
    logger.log("warn", "the level of the log is not known; it is info", { error });
    return logger;
  }
}
