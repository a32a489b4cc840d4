/** The only randomness of a run: sfc32, seeded by text. Each use has a stream of its own, so no stream changes another. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: number, stream: string) {
    let hash = 2166136261 ^ seed;
    for (let at = 0; at < stream.length; at++) hash = Math.imul(hash ^ stream.charCodeAt(at), 16777619);
    this.#a = hash >>> 0;
    this.#b = (seed * 2654435761) >>> 0;
    this.#c = (hash ^ (seed + 0x9e3779b9)) >>> 0;
    for (let warmUp = 0; warmUp < 16; warmUp++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  unit(): number {
    return this.next() / 2 ** 32;
  }
  /** In [from, to), a fraction. */
  between(from: number, to: number): number {
    return from + this.unit() * (to - from);
  }
  /** An integer in [from, to]. */
  int(from: number, to: number): number {
    return from + Math.floor(this.unit() * (to - from + 1));
  }
  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }
  /** Throws `RangeError` if there is nothing to pick from. */
  pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.unit() * from.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }
  shuffle<T>(items: readonly T[]): T[] {
    const left = [...items];
    const shuffled: T[] = [];
    while (left.length > 0) shuffled.push(...left.splice(Math.floor(this.unit() * left.length), 1));
    return shuffled;
  }
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count; at++) bytes[at] = this.next() & 0xff;
    return bytes;
  }
}
