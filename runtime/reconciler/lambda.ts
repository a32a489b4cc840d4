/** The reconciler's Lambda entry: run on a schedule. */
import { Connection, once } from "../aws/connection.ts";
import { lambdaVersions } from "../aws/lambda-connection.ts";
import { SqsDeadLetters } from "../aws/sqs-dead-letters.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { Reconciler } from "./reconciler.ts";
import { DeadLetterWatch } from "./dead-letters.ts";
import { Retirement } from "./retirement.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const reconciler = new Reconciler({ items, mailbox: connection.mailbox(), clock, entropy, logger });
  const retiring = { registry: new ItemRegistry(items, clock), versions: lambdaVersions(), clock, logger };
  const deadLetters = new SqsDeadLetters(connection.sqs(), connection.required("mailboxDeadLettersUrl"));
  const watch = new DeadLetterWatch({ items, deadLetters, clock, logger });
  return { meter, reconciler, retiring, watch };
});

interface Reconciled {
  readonly poked: number;
  readonly retired: number;
  readonly deadLetters: number;
}

export async function handler(): Promise<Reconciled> {
  const { meter, reconciler, retiring, watch } = connect();
  const retirement = new Retirement(retiring);
  try {
    // First, since what is paused is not poked.
    const { found: deadLetters } = await watch.run();
    if (deadLetters > 0) meter.measure("deadLetters", deadLetters);
    const { poked } = await reconciler.run((head) => retirement.look(head));
    if (poked > 0) meter.measure("poked", poked);
    return { poked, retired: await retirement.finish(), deadLetters };
  } finally {
    meter.flush();
  }
}
