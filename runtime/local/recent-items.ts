/**
 * The items that were written last, as they are. A turn writes its head again and again, and each write needs the item as it
 * was: from here it is neither read nor decoded.
 *
 * This process alone writes the data file, so an item in here is the one in the file, or the one that the transaction in progress
 * has written. If that transaction is rolled back, all is forgotten ({@link RecentItems.clear}).
 */
import type { Attributes, ItemKey } from "../../lib/model/item.ts";
import { RECENT_BYTES_MAX, RECENT_ITEM_BYTES_MAX, RECENT_OVERHEAD_BYTES } from "../../lib/limits/local.ts";

export interface RecentItem {
  /** Nobody may change them. */
  readonly attributes: Attributes;
  /** As the file holds them. */
  readonly body: Uint8Array;
  /** No other state of an item ever has it. */
  readonly version: string;
}

export class RecentItems {
  /** The oldest first. */
  readonly #items = new Map<string, RecentItem>();
  #bytes = 0;

  get(name: string): RecentItem | undefined {
    return this.#items.get(name);
  }

  set(name: string, item: RecentItem): void {
    this.delete(name);
    if (item.body.byteLength > RECENT_ITEM_BYTES_MAX) return;
    this.#items.set(name, item);
    this.#bytes += bytesOf(item);
    for (const oldest of this.#items.keys()) {
      if (this.#bytes <= RECENT_BYTES_MAX) return;
      this.delete(oldest);
    }
  }

  delete(name: string): void {
    const item = this.#items.get(name);
    if (!item) return;
    this.#items.delete(name);
    this.#bytes -= bytesOf(item);
  }

  clear(): void {
    this.#items.clear();
    this.#bytes = 0;
  }
}

/** No two keys have the same name. */
export const itemName = ({ table, pk, sk }: ItemKey): string => `${table} ${pk.length} ${pk}${sk}`;

const bytesOf = ({ body }: RecentItem): number => body.byteLength + RECENT_OVERHEAD_BYTES;
