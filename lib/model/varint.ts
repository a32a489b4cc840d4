/** Whole numbers from 0 in as few bytes as they need, seven bits in each, the lowest first. For what a head holds many of. */

const BASE = 128;

/** Appends the number. What is no such number is 0. */
export function putNumber(bytes: number[], value: number): void {
  let rest = Number.isFinite(value) && value > 0 ? Math.min(Math.round(value), Number.MAX_SAFE_INTEGER) : 0;
  for (; rest >= BASE; rest = Math.floor(rest / BASE)) bytes.push((rest % BASE) + BASE);
  bytes.push(rest);
}

/** Reads one number after another. Behind the end there are zeros. */
export class NumberReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  next(): number {
    let value = 0;
    for (let factor = 1; ; factor *= BASE) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte % BASE) * factor;
      if (byte < BASE) return value;
    }
  }

  /** That many bytes as they are; fewer at the end. */
  take(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }
}
