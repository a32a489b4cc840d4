/** What a turn needs of the world. */
import type { Clock, Entropy, ItemStore, Logger, Mailbox, Registry } from "../lib/ports.ts";

export interface TurnPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}
