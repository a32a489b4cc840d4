/** The source door's Lambda entry. Its events come from event source mappings, each by its alias. */
import { RegistryReader } from "../../lib/store/registry-reader.ts";
import { Connection, early } from "../aws/connection.ts";
import { answerSource, type SourceAnswer, type SourceContext } from "./source-function.ts";

const connect = await early(
  () => {
    const connection = new Connection(process.env);
    const items = connection.items();
    const { clock, entropy, logger, meter } = connection;
    const registry = new RegistryReader(items, clock);
    return { items, mailbox: connection.mailbox(), registry, clock, entropy, logger, meter };
  },
  "dynamodb",
  "sqs",
);

export async function handler(event: unknown, context: SourceContext): Promise<SourceAnswer> {
  const ports = connect();
  try {
    return await answerSource(ports, event, context);
  } finally {
    ports.meter.flush();
  }
}
