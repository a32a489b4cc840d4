/**
 * Promises, contexts and clients must not become data. They hold the request of their turn and its connections, and a promise in
 * a result is a forgotten `await`. Their insides are private, so nothing shows them. This is what they show instead.
 *
 * - Stored, as a result, a state value or an argument: a terminal error that names the place.
 * - As a text or a number: a terminal error.
 * - As JSON by the user's own code: a promise is a terminal error. A context or a client is a short text, since it is usually
 *   a logger that asks.
 * - In `console.log`: a short text.
 */
import { TerminalError } from "../lib/errors.ts";
import { HELD_NODES_MAX } from "../lib/limits.ts";

export const HELD = Symbol.for("perdure.held");
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

export interface Held {
  /** What it is, in an error: `a promise`, `the context of Cart/add`. */
  readonly is: string;
  /** What to do instead. */
  readonly advice: string;
  /** It is text in JSON that is not stored. */
  readonly isText?: true;
}
interface Holder {
  readonly [HELD]: Held;
}

let isStoring = false;

/** Runs a serializer. What must not become data throws from its `toJSON` meanwhile. */
export function whileStoring<T>(serialize: () => T): T {
  const before = isStoring;
  isStoring = true;
  try {
    return serialize();
  } finally {
    isStoring = before;
  }
}

/** `at`: where it was found in it, ` at .items[0]`. */
export function heldError(what: string, { is, advice }: Held, at = ""): TerminalError {
  return new TerminalError(`${what} ${at === "" ? "is" : "holds"} ${is}${at}: ${advice}`);
}

/** Throws for what is handed over as a reason or a text. */
export function assertNotHeld(value: unknown, what: string): void {
  const held = heldOf(value);
  if (held) throw heldError(what, held);
}

const asPrimitive = {
  value(this: Holder) {
    throw heldError("what is used as a text or a number", this[HELD]);
  },
};

/** For an object, or the prototype of a class, that says with {@link HELD} what it is. None of them is enumerable. */
export const heldProperties: Readonly<Record<PropertyKey, PropertyDescriptor>> & ThisType<Holder> = {
  [INSPECT]: {
    value() {
      return `[${this[HELD].is}]`;
    },
  },
  [Symbol.toPrimitive]: asPrimitive,
  toString: asPrimitive,
  toJSON: {
    value() {
      if (isStoring || this[HELD].isText !== true) throw heldError("what is turned into JSON", this[HELD]);
      return `[${this[HELD].is}]`;
    },
  },
};

/** Marks an object. */
export const asHeld = <T extends object>(object: T, held: Held): T =>
  Object.defineProperties(object, { ...heldProperties, [HELD]: { value: held } });

/** A method `toJSON` that has an effect of its own: none while a value is stored. */
export const unlessStored =
  <T>(held: Held, toJSON: () => T) =>
  (): T => {
    if (isStoring) throw heldError("what is turned into JSON", held);
    return toJSON();
  };

/** A client: every name is a method, but for what a held object answers itself. */
export function clientProxy(service: string, method: (name: string) => unknown): object {
  const is: Held = { is: `a client of ${service}`, advice: "call one of its handlers", isText: true };
  const answers = asHeld({}, is);
  return new Proxy(answers, {
    get: (_, name) => {
      // A handler may be called toString.
      if (name !== "toString" && Object.hasOwn(answers, name)) return Reflect.get(answers, name) as unknown;
      return typeof name === "string" && name !== "then" ? method(name) : undefined;
    },
  });
}

export const heldOf = (value: unknown): Held | undefined =>
  (typeof value === "object" && value !== null) || typeof value === "function"
    ? (value as Partial<Holder>)[HELD]
    : undefined;

/** Where in a value there is something that must not become data; `undefined` if nowhere. */
export function findHeld(value: unknown): { readonly held: Held; readonly at: string } | undefined {
  const queue: { readonly value: unknown; readonly at: string }[] = [{ value, at: "" }];
  const seen = new Set<unknown>();
  for (const { value: next, at } of queue) {
    const held = heldOf(next);
    if (held) return { held, at: at === "" ? "" : ` at ${at}` };
    if (typeof next !== "object" || next === null || ArrayBuffer.isView(next) || seen.has(next)) continue;
    if (seen.add(next).size > HELD_NODES_MAX) return undefined;
    for (const [name, part] of entriesOf(next)) {
      const place = Array.isArray(next) ? `[${name}]` : placeOf(name);
      queue.push({ value: part, at: at + place });
    }
  }
  return undefined;
}

/** None if looking throws: a getter or a proxy may. */
function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  try {
    return Object.entries(value);
  } catch {
    return [];
  }
}

const placeOf = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
