/** The engine's log in Lambda: one line of JSON an event, as CloudWatch Logs Insights reads it. CloudWatch notes the time. */
import type { Environment } from "../../lib/environment.ts";
import { jsonLine } from "../../lib/log/line.ts";
import { leastLevel, loggerOf } from "../../lib/log/logger.ts";
import type { Logger } from "../../lib/ports.ts";

export function lambdaLogger(environment: Environment): Logger {
  const options = { format: jsonLine, write: (line: string) => void process.stdout.write(line) };
  try {
    return loggerOf({ ...options, least: leastLevel(environment, "info") });
  } catch (error) {
    // A misspelt level must not stop the function.
    const logger = loggerOf({ ...options, least: "info" });
    logger.log("warn", "the level of the log is not known; it is info", { error });
    return logger;
  }
}
