/** The reconciler's Lambda entry: run on a schedule. */
import { Connection, once } from "../aws/connection.ts";
import { delayQueueOf } from "../aws/sqs-timers.ts";
import { lambdaVersions } from "../aws/lambda-connection.ts";
import { SqsDeadLetters } from "../aws/sqs-dead-letters.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { Reconciler } from "./reconciler.ts";
import { DeadLetterWatch } from "./dead-letters.ts";
import { revivePasses } from "./guard-revival.ts";
import { runPass } from "./pass.ts";
import { PASS_CLOSING_MS } from "../../lib/limits.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const mailbox = connection.mailbox();
  const registry = new ItemRegistry(items, clock);
  const reconciler = new Reconciler({ items, mailbox, clock, entropy, logger });
  const retiring = { registry, versions: lambdaVersions(connection.environment), clock, logger };
  const deadLetters = new SqsDeadLetters(connection.sqs(), connection.required("mailboxDeadLettersUrl"));
  const watch = new DeadLetterWatch({ items, deadLetters, mailbox, registry, clock, entropy, logger });
  const revival =
    connection.optional("guardTable") === undefined
      ? undefined
      : { items, clock, logger, passTimers: delayQueueOf(connection) };
  return { meter, clock, watch, revival, pass: { items, clock, logger, reconciler, retiring } };
});

interface Reconciled {
  readonly poked: number;
  readonly retired: number;
  readonly complete: boolean;
  readonly deadLetters: number;
}

/** What is needed of Lambda's context. */
interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

export async function handler(_event: unknown, context: LambdaContext): Promise<Reconciled> {
  const { meter, clock, pass, watch, revival } = connect();
  const untilMs = clock.now() + context.getRemainingTimeInMillis() - PASS_CLOSING_MS;
  try {
    // First, since what is paused is not poked.
    const { found: deadLetters, paused } = await watch.run();
    if (deadLetters > 0) meter.measure("deadLetters", deadLetters);
    // An operator must see to it, as to any that is paused.
    if (paused > 0) meter.measure("paused", paused);
    // What waits for these was to move, too.
    const revived = revival && (await revivePasses(revival)) ? 1 : 0;
    const run = await runPass(pass, untilMs);
    if (run.poked + revived > 0) meter.measure("poked", run.poked + revived);
    return { ...run, deadLetters };
  } finally {
    meter.flush();
  }
}
