/** Tells a tally of what is in the data file already: what is open, how many have ended, and the last of these. In the background. */
import { HEAD } from "../../../lib/model/head-keys.ts";
import type { Clock, Logger } from "../../../lib/ports.ts";
import {
  OVERVIEW_ENDED_MAX,
  OVERVIEW_MINUTES,
  OVERVIEW_OPEN_MAX,
  OVERVIEW_PRIMED_MAX,
} from "../../../lib/limits/ui.ts";
import { HEADS_PAGE } from "../../../lib/limits/local.ts";
import type { Tally } from "../../admin/overview/tally.ts";
import type { LocalItemStore } from "../../local/item-store.ts";

const MINUTE = 60_000;

interface Kept {
  readonly items: LocalItemStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `stopped`: the database is about to close. */
export async function primeTally(tally: Tally, kept: Kept, stopped: () => boolean): Promise<void> {
  try {
    await tellEnded(tally, kept, stopped);
    await tellOpen(tally, kept, stopped);
  } catch (error) {
    if (!stopped()) kept.logger.log("warn", "counting what is kept failed", { error });
  }
}

async function tellEnded(tally: Tally, { items, clock }: Kept, stopped: () => boolean): Promise<void> {
  const ended = items.listing.endedCount(OVERVIEW_ENDED_MAX);
  tally.knownEnded(ended, ended === OVERVIEW_ENDED_MAX);
  const since = clock.now() - OVERVIEW_MINUTES * MINUTE;
  for (const pk of items.listing.endedSince(since, OVERVIEW_PRIMED_MAX)) {
    if (stopped()) return;
    const head = await items.get({ table: "journal", pk, sk: HEAD });
    if (head) tally.known(pk, head);
  }
}

async function tellOpen(tally: Tally, { items }: Kept, stopped: () => boolean): Promise<void> {
  const heads = items.openHeads(HEADS_PAGE);
  let told = 0;
  let after: string | undefined;
  do {
    const page = await heads.page(after);
    if (stopped()) return;
    for (const { pk, attributes } of page.items) tally.known(pk, attributes);
    told += page.items.length;
    after = page.next;
  } while (after !== undefined && told < OVERVIEW_OPEN_MAX);
  tally.allKnown(after === undefined);
}
