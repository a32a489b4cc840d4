/**
 * The open invocations of services, and their journals, for the gate (gate.ts). They are found by the list of what rests, which may lag
 * and does not have what is in its first turn. What is read of each is strongly read, and hangs together: its head comes first, and all
 * that the head refers to was there before it.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import {
  GATE_LIST_PAGE_MAX,
  GATE_LISTS_AT_ONCE,
  REHEARSED_JOURNAL_BYTES_MAX,
} from "../../lib/limits/replay.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { sizeOf } from "../../lib/model/item.ts";
import { ALL_TIME, shardsOf } from "../../lib/model/listing.ts";
import type { RecordedItem, RecordedJournal } from "../../lib/model/recorded-journal.ts";
import type { ItemStore, Listing } from "../../lib/ports.ts";

type OpenList = Pick<Listing, "heads">;

export interface OpenSample {
  readonly ids: readonly InvocationId[];
  /** There are more. */
  readonly isMore: boolean;
}

interface Listed {
  readonly id: InvocationId;
  readonly atMs: number;
}

/** `max` of them at most: half of them the newest and half the oldest, which are the likeliest to differ from new code. */
export async function openSample(
  listing: OpenList,
  services: readonly string[],
  max: number,
): Promise<OpenSample> {
  const newest = await listed(listing, services, { max: max + 1, isNewest: true });
  if (newest.length <= max) return { ids: newest.map(({ id }) => id), isMore: false };
  const old = Math.floor(max / 2);
  const oldest = await listed(listing, services, { max: old, isNewest: false });
  const ids = [...newest.slice(0, max - old), ...oldest].map(({ id }) => id);
  return { ids: [...new Set(ids)], isMore: true };
}

async function listed(
  listing: OpenList,
  services: readonly string[],
  { max, isNewest }: { readonly max: number; readonly isNewest: boolean },
): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  await eachAtOnce(services.flatMap(shardsOf), GATE_LISTS_AT_ONCE, async (shard) => {
    let after: string | undefined;
    let count = 0;
    do {
      const page = await listing.heads("open", shard, {
        ...{ ...ALL_TIME, limit: Math.min(max - count, GATE_LIST_PAGE_MAX) },
        ...(isNewest ? { newestFirst: true } : {}),
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page.entries);
      count += page.entries.length;
      after = page.next;
    } while (after !== undefined && count < max);
  });
  return found.toSorted((a, b) => (isNewest ? b.atMs - a.atMs : a.atMs - b.atMs)).slice(0, max);
}

/** What is stored of one invocation, its head first. `isTooLarge`: only the first part. */
export interface StoredJournal extends RecordedJournal {
  readonly isTooLarge: boolean;
}

/** `bytesMax`: when more than that is read, it is too large. */
export async function storedJournal(
  items: Pick<ItemStore, "query">,
  id: InvocationId,
  bytesMax = REHEARSED_JOURNAL_BYTES_MAX,
): Promise<StoredJournal> {
  const { table, pk } = headKey(id);
  const found: RecordedItem[] = [];
  let bytes = 0;
  let after: string | undefined;
  do {
    const page = await items.query(table, pk, "", after === undefined ? {} : { after });
    found.push(...page.items);
    for (const { attributes } of page.items) bytes += sizeOf(attributes);
    if (bytes > bytesMax) return { id, items: found, isTooLarge: true };
    after = page.next;
  } while (after !== undefined);
  return { id, items: found, isTooLarge: false };
}
