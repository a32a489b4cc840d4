/**
 * A wait tree as text: for one that is deep, since an item holds lists within lists only so deep (P1), and for one that is wide,
 * since every note pays for the whole head.
 *
 * Calls, and awakeables, that stand side by side with ascending numbers are one element: `["C", first, count, gap, count, …]`,
 * `["I", …]`. So an `all` over thousands of calls is a few characters, and stays small while they complete.
 */
import type { Value } from "./value.ts";

/** Letters of leaves that are a number alone, and of their series. */
const SERIES: ReadonlyMap<string, string> = new Map([
  ["c", "C"],
  ["i", "I"],
]);
const LEAVES: ReadonlyMap<string, string> = new Map([...SERIES].map(([leaf, series]) => [series, leaf]));

export const waitText = (stored: readonly Value[]): string => JSON.stringify(packed(stored));

/** The lists that the text stands for. Throws `TypeError` for what is no tree. */
export function waitIn(text: string): Value[] {
  const [tree] = unpacked([parsed(text)]);
  if (!Array.isArray(tree)) throw new TypeError(`not a wait tree: ${text.slice(0, 40)}`);
  return tree;
}

function parsed(text: string): Value {
  try {
    return JSON.parse(text) as Value;
  } catch (error) {
    throw new TypeError("a wait tree's text is not JSON", { cause: error });
  }
}

/** Lists and maps around the innermost value. */
export function depthOf(stored: Value): number {
  if (!Array.isArray(stored)) return 0;
  return 1 + stored.reduce<number>((depth, part) => Math.max(depth, depthOf(part)), 0);
}

function packed(stored: readonly Value[]): Value[] {
  const [name, parts] = stored;
  return Array.isArray(parts) ? [name ?? null, inSeries(parts)] : [...stored];
}

function inSeries(parts: readonly Value[]): Value[] {
  const found: Value[] = [];
  let series: Series | undefined;
  for (const part of parts) {
    const [letter, number] = Array.isArray(part) ? part : [];
    const name = typeof letter === "string" && isCount(number) ? SERIES.get(letter) : undefined;
    if (name === undefined || !isCount(number)) {
      series = undefined;
      found.push(Array.isArray(part) ? packed(part) : part);
    } else if (series?.list[0] === name && number >= series.next) series.add(number);
    else {
      series = new Series(name, number);
      found.push(series.list);
    }
  }
  return found;
}

class Series {
  readonly list: Value[];
  next: number;
  #count = 1;

  constructor(name: string, first: number) {
    this.list = [name, first, 1];
    this.next = first + 1;
  }

  add(number: number): void {
    if (number === this.next) this.list[this.list.length - 1] = ++this.#count;
    else {
      this.#count = 1;
      this.list.push(number - this.next, 1);
    }
    this.next = number + 1;
  }
}

const isCount = (value: Value | undefined): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function unpacked(parts: readonly Value[]): Value[] {
  return parts.flatMap((part): Value[] => {
    if (!Array.isArray(part)) throw new TypeError("a wait tree's text holds what is no part of a tree");
    const [name, second, ...rest] = part;
    const leaf = typeof name === "string" ? LEAVES.get(name) : undefined;
    if (leaf !== undefined) return numbersOf([second, ...rest]).map((number) => [leaf, number]);
    return [Array.isArray(second) ? [name ?? null, unpacked(second)] : part];
  });
}

function numbersOf(series: readonly (Value | undefined)[]): number[] {
  if (!series.every(isCount) || series.length % 2 !== 0)
    throw new TypeError("a series of a wait tree's text is malformed");
  const numbers: number[] = [];
  let next = 0;
  for (let at = 0; at < series.length; at += 2) {
    next += series[at] ?? 0;
    for (let count = series[at + 1] ?? 0; count > 0; count--) numbers.push(next++);
  }
  return numbers;
}
