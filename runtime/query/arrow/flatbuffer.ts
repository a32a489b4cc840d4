/**
 * Writes one flatbuffer, the format of Arrow's metadata. It knows what that metadata consists of: tables, texts, lists of tables
 * and lists of structs.
 *
 * A reference points forward in the finished bytes, so what a table refers to is written before it, and all is written from the end
 * to the start. A place is therefore counted from the end. The format:
 *
 *   buffer = u32 place of the root table | …
 *   table  = i32 distance to its vtable | its fields, each aligned to its size
 *   vtable = u16 its size | u16 the table's size | u16 for each slot: where in the table the field is, 0 if it is absent
 *   text   = u32 length | UTF-8 | 0
 *   list   = u32 length | elements
 */

/** A place in the buffer, counted from its end. */
export interface Reference {
  readonly fromEnd: number;
}
export interface Scalar {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly value: number;
}
/** What a slot of a table holds. Undefined: the field is absent, and has its default. */
export type TableField = Reference | Scalar | undefined;

const START_SIZE = 1024;
/** The largest scalar. A buffer whose size is a multiple of it keeps the alignment of all that is in it. */
const ALIGNMENT = 8;
const REFERENCE_SIZE = 4;
const SLOT_SIZE = 2;

export class FlatbufferWriter {
  #bytes = Buffer.alloc(START_SIZE);
  #used = 0;

  text(text: string): Reference {
    const bytes = Buffer.from(text);
    this.#align(REFERENCE_SIZE, bytes.length + 1);
    this.#scalar(1, 0);
    bytes.copy(this.#bytes, this.#room(bytes.length));
    return this.#scalar(4, bytes.length);
  }

  references(targets: readonly Reference[]): Reference {
    this.#align(REFERENCE_SIZE, 0);
    for (const target of targets.toReversed()) this.#reference(target);
    return this.#scalar(4, targets.length);
  }

  /** Structs of two 64-bit integers each. */
  pairs(pairs: readonly (readonly [number, number])[]): Reference {
    this.#align(ALIGNMENT, 0);
    for (const [first, second] of pairs.toReversed()) {
      this.#scalar(8, second);
      this.#scalar(8, first);
    }
    return this.#scalar(4, pairs.length);
  }

  table(fields: readonly TableField[]): Reference {
    const end = this.#used;
    const places = fields.map((field) => {
      if (field === undefined) return 0;
      const size = "fromEnd" in field ? REFERENCE_SIZE : field.bytes;
      this.#align(size, 0);
      return ("fromEnd" in field ? this.#reference(field) : this.#scalar(size, field.value)).fromEnd;
    });
    this.#align(REFERENCE_SIZE, 0);
    const slots = [...places, 0, 0];
    // The vtable stands right before the table.
    const table = this.#scalar(4, slots.length * SLOT_SIZE);
    for (const place of places.toReversed()) this.#scalar(2, place === 0 ? 0 : table.fromEnd - place);
    this.#scalar(2, table.fromEnd - end);
    this.#scalar(2, slots.length * SLOT_SIZE);
    return table;
  }

  /** The finished buffer. Its size is a multiple of 8. */
  finish(root: Reference): Uint8Array {
    this.#align(ALIGNMENT, REFERENCE_SIZE);
    this.#reference(root);
    return this.#bytes.subarray(this.#bytes.length - this.#used);
  }

  #reference(target: Reference): Reference {
    return this.#scalar(4, this.#used + REFERENCE_SIZE - target.fromEnd);
  }

  #scalar(size: Scalar["bytes"], value: number): Reference {
    const at = this.#room(size);
    if (size === 8) this.#bytes.writeBigInt64LE(BigInt(value), at);
    else this.#bytes.writeIntLE(value, at, size);
    return { fromEnd: this.#used };
  }

  /** Afterwards, what is `size` long and written behind `more` bytes is aligned. */
  #align(size: number, more: number): void {
    const past = (this.#used + more) % size;
    if (past > 0) this.#room(size - past);
  }

  /** Takes bytes, which are 0, and says where they begin. */
  #room(size: number): number {
    while (this.#used + size > this.#bytes.length)
      this.#bytes = Buffer.concat([Buffer.alloc(this.#bytes.length), this.#bytes]);
    this.#used += size;
    return this.#bytes.length - this.#used;
  }
}
