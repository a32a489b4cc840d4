/**
 * Objects with named fields in memory, short lists in a store.
 *
 * Job: a table that names an object's fields, each with its type, is all that encoding and decoding need. The order of
 * the names in the table is the order of the list. The compiler checks the table against the object's type, and
 * decoding checks a list against the table. lib/model/entry.ts and lib/model/wait.ts have the tables.
 */
import type { Value } from "./value.ts";
import { ENTRY_EXCERPT_CHARS_MAX } from "../limits.ts";

/** How one field is stored. */
export interface Field<T> {
  /** `undefined`: what is stored is of another type. */
  readonly decode: (stored: Value | undefined) => T | undefined;
  readonly encode: (held: T) => Value;
  /** Where a possibly large value is, if it is in this field. */
  readonly large?: Lens<T>;
  /** It stands behind those that are always there, and may be missing. */
  readonly isOptional?: true;
}
interface Lens<T> {
  readonly get: (held: T) => Value;
  readonly with: (held: T, value: Value) => T;
}

export interface Kind<Name extends string = string> {
  readonly kind: Name;
}
/** `when` is what memory holds beside the stored fields. */
export type Fields<T> = {
  readonly [Name in Exclude<keyof T, "kind" | "when">]-?: Field<Exclude<T[Name], undefined>>;
};
/** The kinds of a union; in a list the letter, which comes first, stands for the kind. */
export type Formats<T extends Kind> = {
  readonly [Name in T["kind"]]: {
    readonly letter: string;
    readonly fields: Fields<Extract<T, Kind<Name>>>;
  };
};

// --- fields ----------------------------------------------------------------------------------------------------

type Guard<T extends Value> = (stored: Value | undefined) => stored is T;

const isNumber: Guard<number> = (stored) => typeof stored === "number";
const isText: Guard<string> = (stored) => typeof stored === "string";
const isMap: Guard<{ [name: string]: Value }> = (stored): stored is { [name: string]: Value } =>
  typeof stored === "object" && stored !== null && !Array.isArray(stored) && !(stored instanceof Uint8Array);

const plain = <T extends Value>(is: Guard<T>): Field<T> => ({
  decode: (stored) => (is(stored) ? stored : undefined),
  encode: (held) => held,
});
const orNull = <T extends Value>(is: Guard<T>): Field<T | null> =>
  plain((stored): stored is T | null => stored === null || is(stored));

export const number = plain(isNumber);
export const text = plain(isText);
export const numberOrText = plain((stored): stored is number | string => isNumber(stored) || isText(stored));
export const numberOrNull = orNull(isNumber);
export const textOrNull = orNull(isText);
export const textMap = plain(
  (stored): stored is Record<string, string> => isMap(stored) && Object.values(stored).every(isText),
);
export const texts: Field<readonly string[]> = {
  decode: (stored) => (Array.isArray(stored) && stored.every(isText) ? stored : undefined),
  encode: (held) => [...held],
};
/** What may be missing. What is there and of another type, a later version has put there. */
export const optionalBytes: Field<Uint8Array> = {
  decode: (stored) => (stored instanceof Uint8Array ? stored : undefined),
  encode: (held) => held,
  isOptional: true,
};
export const optionalText: Field<string> = { ...text, isOptional: true };
export const optionalNumber: Field<number> = { ...number, isOptional: true };
/** A value that may be too long for the head. Then it has an item of its own, and the name of that item is here. */
export const largeValue: Field<Value> = {
  decode: (stored) => stored,
  encode: (held) => held,
  large: { get: (held) => held, with: (_, value) => value },
};

/** An object without kinds, as a list within a list. */
export function record<T extends object>(fields: Fields<T>): Field<T> {
  const shape = new Shape<T>(fields);
  return {
    decode: (stored) => {
      if (!Array.isArray(stored)) return undefined;
      const into = {};
      return shape.decode(stored, 0, into) === undefined ? (into as T) : undefined;
    },
    encode: (held) => shape.encode(held, []),
    ...(shape.large ? { large: shape.large } : {}),
  };
}

// --- objects ---------------------------------------------------------------------------------------------------

type Held = { [name: string]: unknown };
type Part = Omit<Field<unknown>, "large"> & { readonly name: string };

class Shape<T extends object> {
  readonly large: Lens<T> | undefined;
  readonly #parts: readonly Part[];

  constructor(fields: Fields<T> | object) {
    const all: [string, Field<unknown>][] = Object.entries(fields);
    this.#parts = all.map(([name, { decode, encode, isOptional }]) => ({
      ...{ name, decode, encode },
      ...(isOptional ? { isOptional } : {}),
    }));
    const [name = "", field] = all.find(([, { large }]) => large) ?? [];
    this.large = field?.large && lensOf(name, field.large);
  }

  /**
   * Returns the name of a field that is missing or of another type. What comes after the fields is left alone: a newer version
   * may have appended fields of its own, and both versions are there during a deployment and after a rollback.
   */
  decode(stored: readonly Value[], from: number, into: Held): string | undefined {
    const parts = this.#parts;
    for (let at = 0; at < parts.length; at++) {
      const { name, decode, isOptional } = parts[at] as Part;
      const held = decode(stored[from + at]);
      if (held !== undefined) into[name] = held;
      else if (!isOptional) return name;
    }
    return undefined;
  }

  encode(held: T, into: Value[]): Value[] {
    let missing = 0;
    for (const { name, encode, isOptional } of this.#parts) {
      const value = (held as Held)[name];
      if (isOptional && value === undefined) missing++;
      else {
        for (; missing > 0; missing--) into.push(null);
        into.push(encode(value));
      }
    }
    return into;
  }
}

const lensOf = <T extends object>(name: string, inner: Lens<unknown>): Lens<T> => ({
  get: (held) => inner.get((held as Held)[name]),
  with: (held, value) => ({ ...held, [name]: inner.with((held as Held)[name], value) }),
});

interface Kept<T extends Kind> {
  readonly kind: string;
  readonly letter: string;
  readonly shape: Shape<T>;
}

export class TupleCodec<T extends Kind> {
  readonly #what: string;
  readonly #byKind = new Map<string, Kept<T>>();
  readonly #byLetter = new Map<string, Kept<T>>();

  /** `what`: what the objects are called in errors. */
  constructor(what: string, formats: Formats<T>) {
    this.#what = what;
    const all: readonly [string, { letter: string; fields: object }][] = Object.entries(formats);
    for (const [kind, { letter, fields }] of all) {
      const kept = { kind, letter, shape: new Shape<T>(fields) };
      this.#byKind.set(kind, kept);
      this.#byLetter.set(letter, kept);
    }
  }

  /** Throws `TypeError` for a list that is not the stored form of any of these kinds, and says why. */
  decode(stored: Value | undefined): T {
    const [letter] = Array.isArray(stored) ? stored : [];
    const kept = typeof letter === "string" ? this.#byLetter.get(letter) : undefined;
    if (!kept || !Array.isArray(stored)) throw new TypeError(`unknown ${this.#what}: ${excerpt(stored)}`);
    const into: Held = { kind: kept.kind };
    const wrong = kept.shape.decode(stored, 1, into);
    if (wrong === undefined) return into as unknown as T;
    const where = `field "${wrong}" is missing or of another type`;
    throw new TypeError(`malformed ${this.#what} of kind "${kept.kind}": ${where}: ${excerpt(stored)}`);
  }

  encode(held: T): Value[] {
    const { letter, shape } = this.#kept(held);
    return shape.encode(held, [letter]);
  }

  /** The possibly large value in it; `undefined`: its kind has none. */
  largeValueOf(held: T): Value | undefined {
    return this.#kept(held).shape.large?.get(held);
  }

  /** The same with another value in that place. */
  withLargeValue<U extends T>(held: U, value: Value): U {
    return (this.#kept(held).shape.large?.with(held, value) ?? held) as U;
  }

  #kept({ kind }: T): Kept<T> {
    const kept = this.#byKind.get(kind);
    if (!kept) throw new TypeError(`unknown kind of ${this.#what}: ${kind}`);
    return kept;
  }
}

const excerpt = (stored: Value | undefined): string =>
  stored === undefined ? "nothing" : JSON.stringify(stored).slice(0, ENTRY_EXCERPT_CHARS_MAX);
