/**
 * What the local engine does besides serving: says what an earlier run left, pokes what is stuck (the reconciler), and
 * deletes what has expired. With a million kept invocations none of it may be felt, so each part goes page by page, and
 * everything else gets its turn between two pages.
 *
 * What is stuck is open, so every few minutes only the open invocations are looked at, which the lists name. Once a day all
 * are: one that has ended may be kept for so long that its items need renewal. Nothing expired is deleted before that, nor
 * after a pass that had something to renew: after weeks without an engine, what is to be renewed looks expired.
 */
import { HEAD } from "../../lib/model/head-keys.ts";
import type { Clock, Entropy, Logger } from "../../lib/ports.ts";
import type { LocalItemStore } from "../local/item-store.ts";
import type { LocalMailbox } from "../local/mailbox.ts";
import { type HeadPages, Reconciler } from "../reconciler/reconciler.ts";
import {
  FULL_PASS_MS,
  HEADS_PAGE,
  RECONCILE_FIRST_MS,
  RECONCILE_MS,
  SWEEP_ITEMS_MAX,
} from "../../lib/limits/local.ts";

export interface UpkeepPorts {
  readonly items: LocalItemStore;
  readonly mailbox: LocalMailbox;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** What an earlier run left to do. */
export interface LeftOver {
  readonly invocations: number;
  readonly messages: number;
}

export class Upkeep {
  readonly #ports: UpkeepPorts;
  #next: NodeJS.Timeout | undefined;
  #runs = false;
  #soonAgain = false;
  #stopped = false;

  constructor(ports: UpkeepPorts) {
    this.#ports = ports;
  }

  /** Call it before messages are handed out. `report` is called once, unless nothing was left. */
  start(report: (left: LeftOver) => void): void {
    void this.#count(report);
    this.#later(RECONCILE_FIRST_MS);
  }

  /** The clock has jumped: much may have expired. */
  soon(): void {
    if (this.#runs) this.#soonAgain = true;
    else if (!this.#stopped) this.#later(RECONCILE_FIRST_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#next);
  }

  async #count(report: (left: LeftOver) => void): Promise<void> {
    const { items, mailbox, clock, logger } = this.#ports;
    const messages = mailbox.depth();
    const nowMs = clock.now();
    let invocations = 0;
    try {
      await items.listing.repair(() => this.#stopped);
      for (let after: string | undefined, isLast = false; !isLast && !this.#stopped;) {
        const page = await items.listing.open(after, HEADS_PAGE);
        // Those of this run come to the lists as well while it counts.
        invocations += page.found.filter(({ atMs }) => atMs < nowMs).length;
        after = page.next;
        isLast = after === undefined;
      }
    } catch (error) {
      if (!this.#stopped) logger.log("warn", "counting unfinished invocations failed", { error });
    }
    if (invocations + messages > 0 && !this.#stopped) report({ invocations, messages });
  }

  #later(ms: number): void {
    clearTimeout(this.#next);
    this.#next = setTimeout(() => {
      this.#runs = true;
      this.run()
        .catch((error: unknown) => {
          if (this.#stopped) return;
          this.#ports.logger.log("error", "looking for stuck invocations failed", { error });
        })
        .finally(() => {
          this.#runs = false;
          const againMs = this.#soonAgain ? RECONCILE_FIRST_MS : RECONCILE_MS;
          this.#soonAgain = false;
          if (!this.#stopped) this.#later(againMs);
        });
    }, ms);
    this.#next.unref();
  }

  /** Looks after what is open; at times after all; then deletes what has expired. */
  async run(): Promise<void> {
    const { items, clock } = this.#ports;
    await items.listing.repair(() => this.#stopped);
    const lastMs = items.meta.get("full-pass") ?? 0;
    const beganMs = clock.now();
    const isFull = beganMs - lastMs > FULL_PASS_MS;
    const heads = isFull ? this.#allHeads() : items.openHeads(HEADS_PAGE);
    const { renewed } = await new Reconciler({ ...this.#ports, heads }).run();
    if (isFull && !this.#stopped) await items.meta.set("full-pass", beganMs);
    if (renewed === 0) await this.#sweep();
  }

  #allHeads(): HeadPages {
    const { items } = this.#ports;
    return {
      page: (after) =>
        items.scan("journal", HEAD, { limit: HEADS_PAGE, ...(after === undefined ? {} : { after }) }),
    };
  }

  /** A little at a time: each write is a transaction of its own turn. */
  async #sweep(): Promise<void> {
    const { items } = this.#ports;
    while (!this.#stopped && (await items.deleteExpired(SWEEP_ITEMS_MAX)) === SWEEP_ITEMS_MAX);
  }
}
