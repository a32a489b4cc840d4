/**
 * When the entries of a log were made (docs/decisions/0031-times.md).
 *
 * Job: the mark behind an entry's other elements, in a few bytes, since the head is billed by the KB. Boundary: for people
 * alone. No decision of the engine looks at a mark, and a log without marks is as good.
 *
 * A mark is up to three numbers: how long after the entry before it this one began, in milliseconds and either direction, with
 * a bit that says whether both were written by the same append; how long it took; how often it was tried again. Zeros at the
 * end are left out. So is a mark that would say "at once, with the one before it". The first entry follows the acceptance.
 */
import { NumberReader, putNumber } from "./varint.ts";

/** What a turn knows of an entry that it has made. */
export interface When {
  /** It was issued, came, or, of a step, ended then. */
  readonly atMs: number;
  /** Of a step: how long before that its first try began. */
  readonly tookMs?: number;
  /** Of a step: how often it was tried. */
  readonly tries?: number;
}

interface Timed {
  readonly mark?: Uint8Array;
  readonly when?: When;
}

const SAME_APPEND = 1;

/** Twice the number; one less than that for what is negative. */
const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

/** Times of one append. They become those of the log once the append was won. */
export class MarkWriter {
  /** The last time that the log has. */
  lastMs: number;
  #isFirst = true;

  constructor(lastMs: number) {
    this.lastMs = lastMs;
  }

  /** `undefined`: it needs none. */
  markOf({ atMs, tookMs = 0, tries = 1 }: When): Uint8Array | undefined {
    const at = Number.isFinite(atMs) ? Math.round(atMs) : this.lastMs;
    const took = Number.isFinite(tookMs) ? Math.max(0, Math.round(tookMs)) : 0;
    const gap = at - took - this.lastMs;
    const numbers = [2 * zigzag(gap) + (this.#isFirst ? 0 : SAME_APPEND), took, Math.max(0, tries - 1)];
    this.#isFirst = false;
    this.lastMs = at;
    while (numbers.at(-1) === 0 && numbers.length > 1) numbers.pop();
    if (numbers.length === 1 && numbers[0] === SAME_APPEND) return undefined;
    const bytes: number[] = [];
    for (const number of numbers) putNumber(bytes, number);
    return Uint8Array.from(bytes);
  }
}

/** What a log says of one of its entries. */
export interface EntryTimes {
  /** The number of the append that it came with. */
  readonly append: number;
  readonly startedAtMs: number;
  /** The same for what takes no time. */
  readonly atMs: number;
  readonly tries: number;
}

/** Goes along a log. */
export class MarkReader {
  lastMs: number;
  #append = -1;

  constructor(acceptedAtMs: number) {
    this.lastMs = acceptedAtMs;
  }

  /** `undefined`: no entry has a mark yet, since an earlier version wrote them, or another invocation. */
  next({ mark }: Timed): EntryTimes | undefined {
    if (!mark && this.#append < 0) return undefined;
    const reader = new NumberReader(mark ?? Uint8Array.of(SAME_APPEND));
    const first = reader.next();
    if (first % 2 !== SAME_APPEND || this.#append < 0) this.#append++;
    const startedAtMs = this.lastMs + unzigzag(Math.floor(first / 2));
    this.lastMs = startedAtMs + reader.next();
    return { append: this.#append, startedAtMs, atMs: this.lastMs, tries: reader.next() + 1 };
  }
}

export function timesIn(log: readonly Timed[], acceptedAtMs: number): readonly (EntryTimes | undefined)[] {
  const reader = new MarkReader(acceptedAtMs);
  return log.map((entry) => reader.next(entry));
}

/** The time from which the next mark counts. */
export function lastTimeIn(log: readonly Timed[], acceptedAtMs: number): number {
  const reader = new MarkReader(acceptedAtMs);
  for (const entry of log) reader.next(entry);
  return reader.lastMs;
}
