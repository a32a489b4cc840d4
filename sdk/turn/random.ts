/** `ctx.rand`: the same numbers on every replay, from a seed of the invocation. Not for cryptography. */
import { digest } from "../../lib/hash.ts";
import type { Rand } from "../context.ts";

/** sfc32 (Doty-Humphrey's small fast counter), seeded by the invocation's identity. */
export class SeededRandom implements Rand {
  readonly #state: Uint32Array;

  constructor(id: string, incarnation: number) {
    const seed = Buffer.from(digest(16, "random", id, String(incarnation)));
    this.#state = Uint32Array.from([0, 4, 8, 12].map((at) => seed.readUInt32LE(at)));
    for (let warmUp = 0; warmUp < 12; warmUp++) this.#next();
  }

  random(): number {
    // 53 bits, as Math.random has.
    return ((this.#next() >>> 5) * 2 ** 26 + (this.#next() >>> 6)) / 2 ** 53;
  }

  uuidv4(): string {
    const bytes = Buffer.alloc(16);
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32LE(this.#next(), at);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = bytes.toString("hex");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }

  #next(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#state;
    const sum = (((a + b) | 0) + d) | 0;
    this.#state.set([b ^ (b >>> 9), (c + (c << 3)) | 0, (((c << 21) | (c >>> 11)) + sum) | 0, (d + 1) | 0]);
    return sum >>> 0;
  }
}
