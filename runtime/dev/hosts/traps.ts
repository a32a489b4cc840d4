/**
 * Tells the author of a handler, once for each line, what makes attempts differ: time, random numbers, timers and requests that the
 * handler uses outside of steps. Only in the processes that run handlers for `perdure dev`; never in Lambda. `PERDURE_TRAPS=off`
 * turns it off.
 *
 * Who is told. The SDK knows whether code of a handler runs, outside of a step and of interceptors (sdk/development.ts). Of that
 * code only a call that stands in a file of the user's counts. A call from a package does not: loggers, database clients and
 * frameworks ask for the time for reasons of their own, and nobody can change their lines. A file of the user's that only logs the
 * time is told once, which is what the switch is for.
 *
 * Cost. What is trapped asks first whether a handler runs, which is one look at an asynchronous context. Only then the place of the
 * call is looked at, without source maps. Each place is mapped to its file once. After so many places nothing is looked at any more.
 */
import nodeCrypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { TRAPPED_PLACES_MAX } from "../../../lib/limits/author.ts";

type AnyFunction = Function;

/** Which code runs now: `Cart/add`; `undefined` if it may do what it likes. */
export type Where = () => string | undefined;

/** What is trapped, and what to write instead. */
const INSTEAD = {
  "Math.random()": "another attempt gets another number. Use ctx.rand.random(), or take it in ctx.run.",
  "Date.now()": "another attempt gets another time. Use await ctx.date.now(), or take it in ctx.run.",
  "new Date()":
    "another attempt gets another time. Use new Date(await ctx.date.now()), or take it in ctx.run.",
  "crypto.randomUUID()": "another attempt gets another id. Use ctx.rand.uuidv4(), or take it in ctx.run.",
  "setTimeout()": "it is waited for again in each attempt, and costs time. Use await ctx.sleep(...).",
  "setInterval()": "it is lost when the handler waits or ends. Use ctx.sleep in a loop.",
  "fetch()": "another attempt sends it again. Put it into ctx.run.",
} as const;
type Trapped = keyof typeof INSTEAD;

/** Frames that are looked at: a native function may have called what is trapped. */
const FRAMES = 4;

export class Traps {
  readonly #where: Where;
  readonly #say: (text: string) => void;
  readonly #seen = new Set<string>();
  #hasSaid = false;

  constructor(where: Where, say: (text: string) => void) {
    this.#where = where;
    this.#say = say;
  }

  /** Something that is trapped was called. `from`: the function that stands in its place. */
  sprung(what: Trapped, from: AnyFunction): void {
    if (this.#seen.size >= TRAPPED_PLACES_MAX) return;
    const handler = this.#where();
    if (handler === undefined) return;
    const place = placeOf(from);
    if (place === undefined || this.#seen.has(place)) return;
    this.#seen.add(place);
    const line = usersLine(from);
    if (line === undefined) return;
    const off = this.#hasSaid ? "" : " (PERDURE_TRAPS=off turns such lines off.)";
    this.#hasSaid = true;
    this.#say(`warning: ${handler} uses ${what} outside of a step, at ${line}: ${INSTEAD[what]}${off}`);
  }

  /** Puts the traps into this process. */
  set(): void {
    this.#replace(Math, "random", "Math.random()");
    this.#replace(globalThis, "setTimeout", "setTimeout()");
    this.#replace(globalThis, "setInterval", "setInterval()");
    this.#replace(globalThis, "fetch", "fetch()");
    this.#replace(nodeCrypto, "randomUUID", "crypto.randomUUID()");
    this.#replace(globalThis.crypto, "randomUUID", "crypto.randomUUID()");
    syncBuiltinESMExports();
    this.#replaceDate();
  }

  #replace<Name extends string>(holder: { [N in Name]: AnyFunction }, name: Name, what: Trapped): void {
    const original = holder[name];
    const sprung = (from: AnyFunction): void => this.sprung(what, from);
    const trapped = {
      [name](this: unknown, ...args: unknown[]): unknown {
        sprung(trapped as AnyFunction);
        return Reflect.apply(original, this, args) as unknown;
      },
    }[name];
    // promisify has a version of its own of a timer.
    Object.defineProperties(trapped, Object.getOwnPropertyDescriptors(original));
    Object.defineProperty(holder, name, {
      value: trapped,
      writable: true,
      configurable: true,
      enumerable: Object.getOwnPropertyDescriptor(holder, name)?.enumerable ?? false,
    });
  }

  /** The same class for everybody who compares constructors. */
  #replaceDate(): void {
    this.#replace(Date, "now", "Date.now()");
    const sprung = (from: AnyFunction): void => this.sprung("new Date()", from);
    const handler: Required<Pick<ProxyHandler<DateConstructor>, "construct" | "apply">> = {
      construct: (target, args, newTarget) => {
        if (args.length === 0) sprung(handler.construct);
        return Reflect.construct(target, args, newTarget === TrappedDate ? target : newTarget) as Date;
      },
      apply: (target) => {
        sprung(handler.apply);
        return target();
      },
    };
    const TrappedDate = new Proxy(Date, handler);
    // oxlint-disable-next-line no-extend-native -- what compares constructors must find the one that everybody sees
    Object.defineProperty(Date.prototype, "constructor", {
      value: TrappedDate,
      writable: true,
      configurable: true,
    });
    globalThis.Date = TrappedDate;
  }
}

/** Where the caller of `from` stands, in the code that runs. */
function placeOf(from: AnyFunction): string | undefined {
  const { stackTraceLimit } = Error;
  // oxlint-disable-next-line typescript/unbound-method -- it is put back
  const { prepareStackTrace } = Error;
  const holder: { stack?: unknown } = {};
  Error.stackTraceLimit = FRAMES;
  Error.prepareStackTrace = (_, frames) => frames;
  try {
    Error.captureStackTrace(holder, from);
    const frames = holder.stack as readonly NodeJS.CallSite[];
    const frame = frames.find((each) => !each.isNative() && each.getFileName() !== null);
    return frame && `${frame.getFileName()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** The same as its author knows it; `undefined` if it is no file of the user's. */
function usersLine(from: AnyFunction): string | undefined {
  const { stackTraceLimit } = Error;
  const holder: { stack?: string } = {};
  Error.stackTraceLimit = FRAMES;
  try {
    Error.captureStackTrace(holder, from);
    return usersFrame(holder.stack ?? "");
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const NOT_USERS =
  /[\\/]node_modules[\\/]|\(?node:|[\\/](?:perdure[\\/](?:dist[\\/])?)(?:sdk|lib|runtime)[\\/]/u;
const NATIVE = /<anonymous>\)?$/u;

/** The innermost frame with a file, if that is the user's. */
export function usersFrame(stack: string): string | undefined {
  const frames = stack.split("\n").filter((line) => line.startsWith("    at ") && !NATIVE.test(line));
  const [frame] = frames;
  if (frame === undefined || NOT_USERS.test(frame)) return undefined;
  return frame.slice("    at ".length).replace("file://", "");
}
