/** `perdure/tracing` for a handler's function in Lambda: import it first. The CDK's bundle does, where tracing is on. */
import { lambdaTracing } from "../../lib/aws/lambda-tracing.ts";
import { jsonLine } from "../../lib/log/line.ts";
import { loggerOf } from "../../lib/log/logger.ts";
import { onAnswer } from "../on-answer.ts";
import { traceTurns } from "./turns.ts";

const logger = loggerOf({
  least: "warn",
  format: jsonLine,
  write: (line) => void process.stdout.write(line),
});
const traced = await lambdaTracing(process.env, logger);
if (traced) {
  traceTurns(traced.tracing);
  onAnswer(async () => await traced.answered());
}
