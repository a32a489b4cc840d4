/**
 * Reads values in the order in which a replay will want them, a bounded number of bytes ahead of it: one after the other
 * would take a round trip each, all at once more memory than there is.
 */
import { READ_AHEAD_BYTES_MAX, VALUE_ITEM_BYTES_MAX } from "../limits.ts";
import { chunksOf } from "../model/value-ref.ts";

type Read = (ref: string) => Promise<Uint8Array>;

export class ReadAhead {
  readonly #read: Read;
  readonly #refs: readonly string[];
  /** Place in the list of the next one to be wanted, and of the next one to be read. */
  #wanted = 0;
  #next = 0;
  /** Of those that are read, or being read, and not wanted yet, by their places. */
  readonly #held = new Map<number, Promise<Uint8Array>>();
  #heldBytes = 0;

  /** `refs`: in the order in which they are wanted first. */
  constructor(refs: readonly string[], read: Read) {
    this.#refs = refs;
    this.#read = read;
  }

  /** The value, which may be one that is not in the list. */
  async take(ref: string): Promise<Uint8Array> {
    const at = this.#refs[this.#wanted] === ref ? this.#wanted++ : undefined;
    if (at === undefined) return await this.#read(ref);
    this.#readOn(at);
    const value = this.#held.get(at) ?? this.#read(ref);
    this.#release(at);
    this.#readOn(at + 1);
    return await value;
  }

  /** Starts reads while there is room; the one at `wanted` has it always. */
  #readOn(wanted: number): void {
    for (this.#next = Math.max(this.#next, wanted); this.#next < this.#refs.length; this.#next++) {
      const ref = this.#refs[this.#next] ?? "";
      const bytes = sizeOf(ref);
      if (this.#next > wanted && this.#heldBytes + bytes > READ_AHEAD_BYTES_MAX) return;
      const reading = this.#read(ref);
      // The error is thrown where the value is wanted. Until then it must not count as an unhandled rejection.
      reading.catch(() => undefined);
      this.#held.set(this.#next, reading);
      this.#heldBytes += bytes;
    }
  }

  #release(at: number): void {
    if (this.#held.delete(at)) this.#heldBytes -= sizeOf(this.#refs[at] ?? "");
  }
}

/** In bytes, at most: the name of a single item does not tell. */
const sizeOf = (ref: string): number => chunksOf(ref)?.bytes ?? VALUE_ITEM_BYTES_MAX;
