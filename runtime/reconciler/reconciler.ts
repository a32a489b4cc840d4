/**
 * The reconciler: a safety net under L1. It looks for invocations that should have moved and have not, and only
 * pokes them: the dispatcher then does again what may have been forgotten. It can be wrong without harm, and every
 * poke that helped is worth a look at the log: by M1 there should be none. Besides, it pokes what has been open for so
 * long that its items are to be renewed (lib/store/renewal.ts).
 */
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import { type Head, HEAD, parseHead } from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { idIn } from "../../lib/model/listing.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox } from "../../lib/ports.ts";
import { isOverdue } from "../../lib/model/status-table.ts";
import { isRenewalDue } from "../../lib/store/renewal.ts";

export interface ReconcilerPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

export interface Reconciled {
  /** Invocations that were poked because they should have moved. */
  readonly poked: number;
  /** Those that were poked to have their items renewed. */
  readonly renewed: number;
}

export class Reconciler {
  readonly #ports: ReconcilerPorts;

  constructor(ports: ReconcilerPorts) {
    this.#ports = ports;
  }

  /** One pass over all heads. `look`: sees each of them. */
  async run(look: (head: Head) => void = () => undefined): Promise<Reconciled> {
    const { items, mailbox, clock, logger } = this.#ports;
    let [poked, renewed] = [0, 0];
    let after: string | undefined;
    do {
      const page = await items.scan("journal", HEAD, after === undefined ? {} : { after });
      const pokes = page.items.flatMap(({ pk, attributes }) => {
        const head = parseHead(attributes);
        look(head);
        const id = idIn(pk);
        if (id === undefined) return [];
        if (isOverdue(head, clock.now())) poked++;
        else if (isRenewalDue(id, head, clock.now())) renewed++;
        else return [];
        return [this.#poke(id, head)];
      });
      await sendAll(mailbox, pokes);
      after = page.next;
    } while (after !== undefined);
    if (poked > 0)
      logger.log("warn", "invocations should have moved and have not; they were poked", { poked });
    return { poked, renewed };
  }

  #poke(id: InvocationId, { incarnation }: Head): Outgoing {
    return outgoing({ kind: "resume", id, incarnation, poke: true }, afresh(this.#ports, "poke"));
  }
}
