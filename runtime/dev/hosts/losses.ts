/**
 * What a value loses when it is written as JSON, and read again. JSON's writer says nothing of it: a Map becomes {}, NaN becomes null.
 * Said once for each place, in `perdure dev` alone.
 */
import { LOSSES_NODES_MAX, LOSSES_SAID_MAX } from "../../../lib/limits/author.ts";

interface Loss {
  /** Within the value: `.cart[0]`; empty for the value itself. */
  readonly at: string;
  readonly words: string;
}

/** By the name of the class that `Object.prototype.toString` tells, of any realm. */
const CLASSES: Readonly<Record<string, string>> = {
  Map: "a Map becomes {}. Store Object.fromEntries(map) or [...map].",
  Set: "a Set becomes {}. Store [...set].",
  WeakMap: "a WeakMap becomes {}.",
  WeakSet: "a WeakSet becomes {}.",
  RegExp: "a RegExp becomes {}. Store its source.",
  Error: "an Error becomes {}. Store its message.",
  Promise: 'a Promise becomes {}. Was "await" forgotten?',
  Response: "a Response becomes {}. Store what `await response.json()` gives.",
  ArrayBuffer: "an ArrayBuffer becomes {}. Give serde.binary.",
};

/** Most parts of most values. */
const isKept = (part: unknown): boolean =>
  typeof part === "string" ||
  typeof part === "boolean" ||
  part === null ||
  (typeof part === "number" && Number.isFinite(part));

function lossIn(value: unknown, keepsDates: boolean): Loss | undefined {
  const queue: { readonly part: unknown; readonly at: string; readonly inList: boolean }[] = [
    { part: value, at: "", inList: false },
  ];
  const seen = new Set<unknown>();
  for (const { part, at, inList } of queue) {
    const words = wordsOf(part, { inList, isTop: at === "", keepsDates });
    if (words !== undefined) return { at, words };
    if (typeof part !== "object" || part === null || seen.has(part) || hasJson(part)) continue;
    seen.add(part);
    const inPart = Array.isArray(part);
    for (const name of Object.keys(part)) {
      const each = (part as Record<string, unknown>)[name];
      if (isKept(each)) continue;
      if (queue.length > LOSSES_NODES_MAX) return undefined;
      queue.push({ part: each, at: at + (inPart ? `[${name}]` : userPlaceOf(name)), inList: inPart });
    }
  }
  return undefined;
}

interface Place {
  readonly inList: boolean;
  readonly isTop: boolean;
  readonly keepsDates: boolean;
}

function wordsOf(part: unknown, { inList, isTop, keepsDates }: Place): string | undefined {
  if (typeof part === "number") return Number.isFinite(part) ? undefined : `${part} becomes null.`;
  if (part === undefined) return inList ? "undefined becomes null in a list." : undefined;
  // The value itself is refused.
  if (typeof part === "function" || typeof part === "symbol")
    return isTop ? undefined : `a ${typeof part} is left out.`;
  return typeof part === "object" && part !== null ? objectWords(part, keepsDates) : undefined;
}

function objectWords(part: object, keepsDates: boolean): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(part);
  if (prototype === Object.prototype || prototype === Array.prototype) return undefined;
  const tag = Object.prototype.toString.call(part).slice("[object ".length, -1);
  if (tag === "Date")
    return keepsDates
      ? undefined
      : "a Date becomes a text, although its type says Date. new Date(text) makes one again.";
  if (ArrayBuffer.isView(part)) return `a ${tag} becomes an object of numbers. Give serde.binary.`;
  if (hasJson(part)) return undefined;
  const words = CLASSES[tag];
  if (words !== undefined) return words;
  const name = classOf(part);
  return name === undefined ? undefined : `a ${name} becomes a plain object, without its class and methods.`;
}

/** Its class, if that has more than fields. */
function classOf(part: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(part);
  if (typeof prototype !== "object" || prototype === null || Array.isArray(part)) return undefined;
  const constructor = (prototype as { readonly constructor?: unknown }).constructor;
  // A class that names itself is renamed by the bundler.
  const name = typeof constructor === "function" ? constructor.name.replace(/^_/u, "") : "";
  if (name === "" || name === "Object") return undefined;
  return Object.getOwnPropertyNames(prototype).some((each) => each !== "constructor") ? name : undefined;
}

const hasJson = (part: object): boolean =>
  typeof (part as { readonly toJSON?: unknown }).toJSON === "function";
const userPlaceOf = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;

/** A result over HTTP is read as text anyway. What the handler itself gets back is not. */
const IS_READ_BACK = /^the (?:result of step|value of) /u;

export class Losses {
  readonly #say: (text: string) => void;
  readonly #said = new Set<string>();

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** `what` is written as JSON. `line`: where in the user's code, if it is known. */
  stored(value: unknown, what: string, line: () => string | undefined): void {
    if (this.#said.size >= LOSSES_SAID_MAX) return;
    const loss = found(value, !IS_READ_BACK.test(what));
    if (!loss) return;
    const place = line();
    const key = place ?? what;
    if (this.#said.has(key)) return;
    this.#said.add(key);
    const within = loss.at === "" ? "" : `in ${loss.at} `;
    const where = place === undefined ? "" : `, at ${place}`;
    this.#say(`warning: ${what} cannot be kept whole as JSON${where}: ${within}${loss.words}`);
  }
}

/** Looking may throw: a getter or a proxy may. Then JSON's writer throws, too. */
function found(value: unknown, keepsDates: boolean): Loss | undefined {
  try {
    return lossIn(value, keepsDates);
  } catch {
    return undefined;
  }
}
