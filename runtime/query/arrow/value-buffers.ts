/**
 * The values of one column as Arrow lays them out, and the column's nodes for the batch's metadata. Each node has a bitmap that says
 * which values are there, then by its layout:
 *
 *   bits      one bit a value
 *   numbers   all of one size, little-endian
 *   bytes     offsets, one more than values, then all bytes in a row
 *   list      offsets, then a node of its own for the elements of all lists
 *   nothing   no buffer at all, not even the bitmap
 */
import { type ArrowType, type Layout, layoutOf } from "./type.ts";
import { asText, isNull } from "./value.ts";

export interface ValueBuffers {
  /** Of each node: how many values, and how many of them are null. */
  readonly nodes: (readonly [number, number])[];
  readonly buffers: Uint8Array[];
}

const LIST_OFFSET_SIZE = 4;
const BITS_PER_BYTE = 8;

/** Adds a column. Its values fit the type: see value.ts. */
export function addValues(type: ArrowType, values: readonly unknown[], to: ValueBuffers): void {
  const layout = layoutOf(type);
  const nulls = values.reduce<number>((count, value) => count + (isNull(value) ? 1 : 0), 0);
  to.nodes.push([values.length, nulls]);
  if (layout.kind === "nothing") return;
  // Where nothing is null, the bitmap may be left out.
  to.buffers.push(nulls === 0 ? Buffer.alloc(0) : bitsOf(values, (value) => !isNull(value)));
  switch (layout.kind) {
    case "bits":
      to.buffers.push(bitsOf(values, (value) => value !== null && Boolean(value)));
      return;
    case "numbers":
      to.buffers.push(numbersOf(layout, values));
      return;
    case "bytes":
      to.buffers.push(...(layout.of === "text" ? textsOf(layout, values) : bytesOf(layout, values)));
      return;
    case "list": {
      const lists = values.map((value): readonly unknown[] => (Array.isArray(value) ? value : []));
      to.buffers.push(offsetsOf(LIST_OFFSET_SIZE, lists.map(lengthOf)));
      addValues(layout.of, lists.flat(), to);
    }
  }
}

/** Setters of a DataView are faster than a Buffer's. */
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function bitsOf(values: readonly unknown[], isSet: (value: unknown) => boolean): Uint8Array {
  const bits = Buffer.alloc(Math.ceil(values.length / BITS_PER_BYTE));
  values.forEach((value, index) => {
    const at = Math.floor(index / BITS_PER_BYTE);
    if (isSet(value)) bits[at] = (bits[at] ?? 0) | (1 << (index % BITS_PER_BYTE));
  });
  return bits;
}

function numbersOf(layout: Layout & { kind: "numbers" }, values: readonly unknown[]): Uint8Array {
  const numbers = Buffer.alloc(values.length * layout.bytes);
  const view = viewOf(numbers);
  values.forEach((value, index) => {
    if (typeof value !== "number" && typeof value !== "bigint") return;
    const at = index * layout.bytes;
    // Setters of integers keep the low bits, so a signed number is written right, too.
    if (layout.format === "float") view.setFloat64(at, Number(value), true);
    else if (layout.bytes === 4) view.setUint32(at, Number(value), true);
    else view.setBigUint64(at, BigInt(value), true);
  });
  return numbers;
}

const lengthOf = ({ length }: { readonly length: number }): number => length;

function bytesOf(layout: Layout & { kind: "bytes" }, values: readonly unknown[]): Uint8Array[] {
  const all = values.map((value) => (value instanceof Uint8Array ? value : Buffer.alloc(0)));
  return [offsetsOf(layout.offsetBytes, all.map(lengthOf)), Buffer.concat(all)];
}

function textsOf(layout: Layout & { kind: "bytes" }, values: readonly unknown[]): Uint8Array[] {
  const texts = values.map((value) => (isNull(value) ? "" : asText(value)));
  const joined = texts.join("");
  const bytes = Buffer.from(joined);
  // All of it is ASCII: each text is as long in bytes as in characters.
  if (bytes.length === joined.length) return [offsetsOf(layout.offsetBytes, texts.map(lengthOf)), bytes];
  // One at a time: halves of a pair in two texts are not one character.
  const all = texts.map((text) => Buffer.from(text));
  return [offsetsOf(layout.offsetBytes, all.map(lengthOf)), Buffer.concat(all)];
}

function offsetsOf(size: 4 | 8, lengths: readonly number[]): Uint8Array {
  const offsets = Buffer.alloc((lengths.length + 1) * size);
  const view = viewOf(offsets);
  let end = 0;
  lengths.forEach((length, index) => {
    end += length;
    // A batch has less than 4 GiB, so the upper half of a long offset stays 0.
    view.setUint32((index + 1) * size, end, true);
  });
  return offsets;
}
