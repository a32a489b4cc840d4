/**
 * The reconciler: a safety net under L1. It looks for invocations that should have moved and have not, and only
 * pokes them: the dispatcher then does again what may have been forgotten. It can be wrong without harm, and every
 * poke that helped is worth a look at the log: by M1 there should be none. Besides, it pokes what has been open for so
 * long that its items are to be renewed (lib/store/renewal.ts).
 */
import { asError } from "../../lib/errors.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import { type Head, isStub, parseHead } from "../../lib/model/head.ts";
import { HEAD } from "../../lib/model/head-keys.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { idIn } from "../../lib/model/listing.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox } from "../../lib/ports.ts";
import { isOverdue } from "../../lib/model/status-table.ts";
import { isRenewalDue } from "../../lib/store/renewal.ts";

export interface ReconcilerPorts {
  readonly items: ItemStore;
  /** Where heads are found. Absent: all items are scanned. */
  readonly heads?: HeadPages;
  readonly mailbox: Mailbox;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** Stored heads, a page at a time. What exists all the while is on one of the pages from the first to the last. */
export interface HeadPages {
  page(after: string | undefined): Promise<{
    readonly items: readonly { readonly pk: string; readonly attributes: Attributes }[];
    readonly next?: string;
  }>;
}

/** A pass may be made in parts. */
export interface PassPart {
  /** Sees each head. */
  readonly look?: (head: Head) => void;
  /** Where the last part stopped. Absent: from the beginning. */
  readonly after?: string;
  /** By the clock: no page is begun after it. Absent: to the end. */
  readonly untilMs?: number;
  /** Called after each page but the last, with the place to go on from. */
  readonly reached?: (after: string) => Promise<void>;
}

export interface Reconciled {
  /** Invocations that were poked because they should have moved. */
  readonly poked: number;
  /** Those that were poked to have their items renewed. */
  readonly renewed: number;
  /** Heads that this version cannot read. */
  readonly unreadable: number;
  /** Where to go on. Absent: that was the end. */
  readonly next?: string;
}

export class Reconciler {
  readonly #ports: ReconcilerPorts;
  readonly #heads: HeadPages;

  constructor(ports: ReconcilerPorts) {
    const { items } = ports;
    this.#ports = ports;
    this.#heads = ports.heads ?? {
      page: (after) => items.scan("journal", HEAD, after === undefined ? {} : { after }),
    };
  }

  /** Makes a pass over all heads, or a part of one. At least one page is looked at. */
  async run({ look, after: from, untilMs, reached }: PassPart = {}): Promise<Reconciled> {
    const { mailbox, clock, logger } = this.#ports;
    let [poked, renewed, unreadable] = [0, 0, 0];
    const isLate = (): boolean => untilMs !== undefined && clock.now() >= untilMs;
    let after = from;
    do {
      const page = await this.#heads.page(after);
      const pokes = page.items.flatMap(({ pk, attributes }) => {
        if (isStub(attributes)) return [];
        const head = this.#read(pk, attributes);
        if (head === undefined) unreadable++;
        const id = idIn(pk);
        if (head === undefined || id === undefined) return [];
        look?.(head);
        if (isOverdue(head, clock.now())) poked++;
        else if (isRenewalDue(id, head, clock.now())) renewed++;
        else return [];
        return [this.#poke(id, head)];
      });
      await sendAll(mailbox, pokes);
      after = page.next;
      if (after !== undefined) await reached?.(after);
    } while (after !== undefined && !isLate());
    if (poked > 0)
      logger.log("warn", "invocations should have moved and have not; they were poked", { poked });
    return { poked, renewed, unreadable, ...(after === undefined ? {} : { next: after }) };
  }

  /** One head that cannot be read must not hide those behind it. */
  #read(pk: string, attributes: Attributes): Head | undefined {
    try {
      return parseHead(attributes);
    } catch (error) {
      this.#ports.logger.log("error", "a head cannot be read, so it is not looked after", {
        partition: pk,
        error: asError(error),
      });
      return undefined;
    }
  }

  #poke(id: InvocationId, { incarnation }: Head): Outgoing {
    return outgoing({ kind: "resume", id, incarnation, poke: true }, afresh(this.#ports, "poke"));
  }
}
