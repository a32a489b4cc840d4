/** The reconciler's Lambda entry: run on a schedule. */
import { Connection } from "../../aws/connection.ts";
import { Reconciler } from "./core.ts";

const connection = new Connection(process.env);
const { clock, entropy, logger } = connection;
const reconciler = new Reconciler({
  items: connection.items(),
  mailbox: connection.mailbox(),
  clock,
  entropy,
  logger,
});

export async function handler(): Promise<{ readonly poked: number }> {
  return await reconciler.run();
}
