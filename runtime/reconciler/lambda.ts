/** The reconciler's Lambda entry: run on a schedule. */
import { Connection, once } from "../../aws/connection.ts";
import { lambdaVersions } from "../../aws/lambda-connection.ts";
import { ItemRegistry } from "../../core/registry.ts";
import { Reconciler } from "./core.ts";
import { Retirement } from "./retirement.ts";

const connect = once(() => {
  const connection = new Connection(process.env);
  const items = connection.items();
  const { clock, entropy, logger, meter } = connection;
  const reconciler = new Reconciler({ items, mailbox: connection.mailbox(), clock, entropy, logger });
  const retiring = { registry: new ItemRegistry(items, clock), versions: lambdaVersions(), clock, logger };
  return { meter, reconciler, retiring };
});

export async function handler(): Promise<{ readonly poked: number; readonly retired: number }> {
  const { meter, reconciler, retiring } = connect();
  const retirement = new Retirement(retiring);
  try {
    const { poked } = await reconciler.run((head) => retirement.look(head));
    if (poked > 0) meter.measure("poked", poked);
    return { poked, retired: await retirement.finish() };
  } finally {
    meter.flush();
  }
}
