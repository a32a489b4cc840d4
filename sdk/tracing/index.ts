/**
 * Traces the turns of this process, if its environment says where spans go (docs/tracing.md): `import "perdure/tracing"`. `perdure dev`
 * and the CDK's bundle do so themselves where tracing is on. Without it a handler's code has nothing of it.
 */
import { systemClock } from "../../lib/clock.ts";
import { readableLine } from "../../lib/log/line.ts";
import { leastLevel, loggerOf } from "../../lib/log/logger.ts";
import { Tracing } from "../../lib/tracing/tracing.ts";
import { traceTurns } from "./turns.ts";

const logger = loggerOf({
  least: leastLevel(process.env, "info"),
  format: readableLine,
  write: (line) => void process.stderr.write(line),
});
const tracing = Tracing.from(process.env, { clock: systemClock, logger, fetch });
if (tracing) traceTurns(tracing);
