/** The reconciler's Lambda entry: run on a schedule. */
import { Connection } from "../../aws/connection.ts";
import { ItemRegistry } from "../../core/registry.ts";
import { Reconciler } from "./core.ts";
import { Retirement } from "./retirement.ts";

const connection = new Connection(process.env);
const items = connection.items();
const versions = connection.versions();
const { clock, entropy, logger } = connection;
const registry = new ItemRegistry(items, clock);
const reconciler = new Reconciler({ items, mailbox: connection.mailbox(), clock, entropy, logger });

export async function handler(): Promise<{ readonly poked: number; readonly retired: number }> {
  const retirement = new Retirement({ registry, versions, clock, logger });
  const { poked } = await reconciler.run((head) => retirement.look(head));
  return { poked, retired: await retirement.finish() };
}
