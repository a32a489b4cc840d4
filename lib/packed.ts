/**
 * Plain data as bytes, for what stays on one machine: items in a data file, and what the engine and its host processes say to
 * each other. It takes a quarter of the time of node:v8's serializer for such data: many short texts, small numbers and byte arrays.
 *
 * Plain data is `null`, booleans, numbers, texts, byte arrays, and lists and maps of these. A property that is `undefined` is left out;
 * elsewhere `undefined` stays. Each kind of byte array becomes a `Uint8Array` with a buffer of its own. What is read shares no memory
 * with the bytes.
 *
 * The first byte is {@link PACKED}. Data of node:v8 begins with another one (0xff), so both can be told apart. A value is one
 * byte that says what it is, with a small number or length in it, then its content. A map ends with {@link END}.
 */
import { PACKER_BYTES, PACKER_BYTES_KEPT_MAX } from "./limits/local.ts";

/** The first byte, and the version of what follows. */
const PACKED = 0x01;

const UNDEFINED = 0x00;
const NULL = 0x01;
const TRUE = 0x02;
const FALSE = 0x03;
/** A length or a whole number follows in groups of 7 bits, the lowest first. */
const WHOLE = 0x04;
const DOUBLE = 0x05;
const ASCII = 0x06;
const UTF8 = 0x07;
/** A text that is not well-formed: it has no UTF-8. */
const UTF16 = 0x08;
const BYTE_ARRAY = 0x09;
const LIST = 0x0a;
const MAP = 0x0b;
const END = 0x0c;
/** The lowest 6 bits are the number, the text's length, the list's or the byte array's. */
const SMALL_WHOLE = 0x40;
const SMALL_ASCII = 0x80;
const SMALL_LIST = 0xc0;
const SMALL_BYTE_ARRAY = 0xe0;
const LOW_6_BITS = 0x3f;
const LOW_5_BITS = 0x1f;

/** Beyond, a double is as short. */
const MOST_WHOLE = 0x7fff_ffff;
/** Up to here a loop is faster than a call that copies. */
const SHORT = 32;

/** Throws `TypeError` for what is not plain data, a function for example, and `RangeError` if it is nested too deep. */
export function pack(data: unknown): Uint8Array {
  const packer = free ?? new Packer();
  free = undefined;
  try {
    return packer.pack(data);
  } finally {
    free = packer;
  }
}

/** The inverse of {@link pack}. Throws `TypeError` if the bytes are something else. */
export function unpack(bytes: Uint8Array): unknown {
  return new Unpacker(bytes).unpack();
}

export const isPacked = (bytes: Uint8Array): boolean => bytes[0] === PACKED;

/** Its buffer is used again and again. A getter of the data may pack something itself, so it may be taken. */
let free: Packer | undefined;

class Packer {
  #buffer = Buffer.allocUnsafeSlow(PACKER_BYTES);
  #at = 0;

  pack(data: unknown): Uint8Array {
    this.#at = 0;
    this.#byte(PACKED);
    this.#value(data);
    const packed = new Uint8Array(this.#at);
    packed.set(this.#buffer.subarray(0, this.#at));
    if (this.#buffer.length > PACKER_BYTES_KEPT_MAX) this.#buffer = Buffer.allocUnsafeSlow(PACKER_BYTES);
    return packed;
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return this.#number(value);
      case "boolean":
        return this.#byte(value ? TRUE : FALSE);
      case "undefined":
        return this.#byte(UNDEFINED);
      case "object":
        return this.#object(value);
      case "bigint":
      case "symbol":
      case "function":
        throw new TypeError(`a ${typeof value} is not plain data`);
    }
  }

  #object(value: object | null): void {
    if (value === null) return this.#byte(NULL);
    if (Array.isArray(value)) return this.#list(value);
    if (ArrayBuffer.isView(value)) return this.#bytes(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null && isForeign(value))
      throw new TypeError(`a ${value.constructor.name} is not plain data`);
    this.#map(value as Readonly<Record<string, unknown>>);
  }

  #map(map: Readonly<Record<string, unknown>>): void {
    this.#byte(MAP);
    for (const name of Object.keys(map)) {
      const held = map[name];
      if (held === undefined) continue;
      this.#text(name);
      this.#value(held);
    }
    this.#byte(END);
  }

  #list(list: readonly unknown[]): void {
    const { length } = list;
    if (length <= LOW_5_BITS) this.#byte(SMALL_LIST | length);
    else this.#tagged(LIST, length);
    for (let index = 0; index < length; index++) this.#value(list[index]);
  }

  #bytes(view: ArrayBufferView): void {
    const bytes =
      view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const { length } = bytes;
    if (length < LOW_5_BITS) this.#byte(SMALL_BYTE_ARRAY | length);
    else this.#tagged(BYTE_ARRAY, length);
    this.#reserve(length);
    if (length > SHORT) this.#buffer.set(bytes, this.#at);
    else for (let index = 0; index < length; index++) this.#buffer[this.#at + index] = bytes[index] ?? 0;
    this.#at += length;
  }

  #number(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value <= MOST_WHOLE && !Object.is(value, -0)) {
      if (value <= LOW_6_BITS) this.#byte(SMALL_WHOLE | value);
      else this.#tagged(WHOLE, value);
      return;
    }
    this.#byte(DOUBLE);
    this.#reserve(8);
    this.#at = this.#buffer.writeDoubleLE(value, this.#at);
  }

  #text(text: string): void {
    const { length } = text;
    if (length > LOW_6_BITS) return this.#longText(text);
    this.#reserve(length + 1);
    const from = this.#at + 1;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return this.#longText(text);
      this.#buffer[from + index] = code;
    }
    this.#buffer[this.#at] = SMALL_ASCII | length;
    this.#at = from + length;
  }

  #longText(text: string): void {
    if (!text.isWellFormed()) {
      this.#tagged(UTF16, text.length * 2);
      this.#reserve(text.length * 2);
      this.#at += this.#buffer.write(text, this.#at, "utf16le");
      return;
    }
    const length = Buffer.byteLength(text);
    this.#tagged(length === text.length ? ASCII : UTF8, length);
    this.#reserve(length);
    this.#at += this.#buffer.write(text, this.#at, length === text.length ? "latin1" : "utf8");
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#buffer[this.#at++] = byte;
  }

  #tagged(tag: number, whole: number): void {
    this.#reserve(6);
    this.#buffer[this.#at++] = tag;
    let rest = whole;
    for (; rest > 0x7f; rest >>>= 7) this.#buffer[this.#at++] = 0x80 | (rest & 0x7f);
    this.#buffer[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#at + bytes));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}

/** An object of another realm, and one of a class, are maps of their properties. What holds its data elsewhere is not. */
const isForeign = (value: object): boolean =>
  /^\[object (?!Object\])/.test(Object.prototype.toString.call(value));

class Unpacker {
  readonly #bytes: Uint8Array;
  #buffer: Buffer | undefined;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  unpack(): unknown {
    if (this.#bytes[this.#at++] !== PACKED) throw notPacked();
    const value = this.#value(this.#tag());
    if (this.#at !== this.#bytes.length) throw notPacked();
    return value;
  }

  #value(tag: number): unknown {
    if (tag >= SMALL_BYTE_ARRAY) return this.#bytesOf(tag & LOW_5_BITS);
    if (tag >= SMALL_LIST) return this.#list(tag & LOW_5_BITS);
    if (tag >= SMALL_ASCII) return this.#short(tag & LOW_6_BITS);
    if (tag >= SMALL_WHOLE) return tag & LOW_6_BITS;
    return this.#tagged(tag);
  }

  #tagged(tag: number): unknown {
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case WHOLE:
        return this.#whole();
      case DOUBLE:
        return this.#view().readDoubleLE(this.#advance(8));
      case ASCII:
        return this.#text("latin1");
      case UTF8:
        return this.#text("utf8");
      case UTF16:
        return this.#text("utf16le");
      case BYTE_ARRAY:
        return this.#bytesOf(this.#whole());
      case LIST:
        return this.#list(this.#whole());
      case MAP:
        return this.#map();
      default:
        throw notPacked();
    }
  }

  #map(): unknown {
    const map: Record<string, unknown> = {};
    for (let tag = this.#tag(); tag !== END; tag = this.#tag()) {
      const name = this.#value(tag);
      if (typeof name !== "string") throw notPacked();
      const value = this.#value(this.#tag());
      // An assignment would set the prototype.
      if (name === "__proto__")
        Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
      else map[name] = value;
    }
    return map;
  }

  #list(length: number): unknown[] {
    const list: unknown[] = [];
    for (let index = 0; index < length; index++) list.push(this.#value(this.#tag()));
    return list;
  }

  #bytesOf(length: number): Uint8Array {
    const from = this.#advance(length);
    const bytes = new Uint8Array(length);
    if (length > SHORT) bytes.set(this.#bytes.subarray(from, this.#at));
    else for (let index = 0; index < length; index++) bytes[index] = this.#bytes[from + index] ?? 0;
    return bytes;
  }

  #short(length: number): string {
    const from = this.#advance(length);
    if (length > NAME_LENGTH) return this.#view().toString("latin1", from, this.#at);
    let hash = length;
    for (let at = from; at < this.#at; at++) hash = (Math.imul(hash, 31) + (this.#bytes[at] ?? 0)) | 0;
    const slot = hash & (NAMES - 1);
    const known = names[slot];
    if (known !== undefined && isText(known, this.#bytes, from, length)) return known;
    const text = this.#view().toString("latin1", from, this.#at);
    if (seen[slot] === hash) names[slot] = text;
    else seen[slot] = hash;
    return text;
  }

  #whole(): number {
    let whole = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#tag();
      whole |= (byte & 0x7f) << shift;
      if (byte <= 0x7f) return whole >>> 0;
    }
    throw notPacked();
  }

  #tag(): number {
    const tag = this.#bytes[this.#at++];
    if (tag === undefined) throw notPacked();
    return tag;
  }

  #text(encoding: "latin1" | "utf8" | "utf16le"): string {
    const from = this.#advance(this.#whole());
    return this.#view().toString(encoding, from, this.#at);
  }

  #view(): Buffer {
    const { buffer, byteOffset, byteLength } = this.#bytes;
    return (this.#buffer ??= Buffer.from(buffer, byteOffset, byteLength));
  }

  /** Answers where it was. */
  #advance(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) throw notPacked();
    this.#at += length;
    return from;
  }
}

const notPacked = (): TypeError => new TypeError("the bytes are not packed data");

// Names and statuses come again and again. To find one is faster than to make one. A text is kept when it comes for the second time in a
// row: ids and marks come once, and what is kept for a while costs the garbage collector most.
const NAMES = 1024;
/** Names are no longer. */
const NAME_LENGTH = 20;
const names: (string | undefined)[] = Array.from({ length: NAMES }, () => undefined);
/** The hash of the text that came last to each place. */
const seen = new Int32Array(NAMES);

function isText(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++)
    if (text.charCodeAt(index) !== bytes[from + index]) return false;
  return true;
}
