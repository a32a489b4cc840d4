/**
 * What makes attempts differ, trapped: functions of this process are replaced by ones that first say that they were called. Two use it:
 * the processes that run handlers for `perdure dev` (traps.ts), and test environments (sdk/testing/determinism).
 *
 * Whose code counts. Only a call that stands in a file of the user's. A call from a package does not: loggers, database clients and
 * frameworks ask for the time for reasons of their own, and nobody can change their lines.
 *
 * Cost. The one who listens asks first whether a handler runs, which is one look at an asynchronous context. Only then the place of the
 * call is looked at, without source maps. Each place is mapped to its file once.
 */
import nodeCrypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

export type AnyFunction = Function;

/** What is trapped, and what to write instead. */
export const INSTEAD = {
  "Math.random()": "another attempt gets another number. Use ctx.rand.random(), or take it in ctx.run.",
  "Date.now()": "another attempt gets another time. Use await ctx.date.now(), or take it in ctx.run.",
  "new Date()":
    "another attempt gets another time. Use new Date(await ctx.date.now()), or take it in ctx.run.",
  "crypto.randomUUID()": "another attempt gets another id. Use ctx.rand.uuidv4(), or take it in ctx.run.",
  "setTimeout()": "it is waited for again in each attempt, and costs time. Use await ctx.sleep(...).",
  "setInterval()": "it is lost when the handler waits or ends. Use ctx.sleep in a loop.",
  "fetch()": "another attempt sends it again. Put it into ctx.run.",
} as const;
export type Trapped = keyof typeof INSTEAD;

/** Frames that are looked at: a native function may have called what is trapped. */
const FRAMES = 4;

/** Something that is trapped was called. `from`: the function that stands in its place. Answers what to do instead, if anything. */
export type Sprung = (what: Trapped, from: AnyFunction) => (() => unknown) | undefined;

type Replaceable<Name extends string> = { [N in Name]: AnyFunction };

export class TrapSet {
  readonly #sprung: Sprung;
  readonly #undo: (() => void)[] = [];

  constructor(sprung: Sprung) {
    this.#sprung = sprung;
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

  /** Puts back what was there. What somebody else has replaced since stays as it is. */
  remove(): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo();
    syncBuiltinESMExports();
  }

  #replace<Name extends string>(holder: Replaceable<Name>, name: Name, what: Trapped): void {
    const original = holder[name];
    const sprung = (from: AnyFunction) => this.#sprung(what, from);
    const trapped = {
      [name](this: unknown, ...args: unknown[]): unknown {
        const instead = sprung(trapped as AnyFunction);
        return instead ? instead() : (Reflect.apply(original, this, args) as unknown);
      },
    }[name];
    // promisify has a version of its own of a timer.
    Object.defineProperties(trapped, Object.getOwnPropertyDescriptors(original));
    this.#put(holder, name, trapped as AnyFunction);
  }

  #put<Name extends string>(holder: Replaceable<Name>, name: Name, value: AnyFunction): void {
    const before = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, {
      ...{ value, writable: true, configurable: true },
      enumerable: before?.enumerable ?? false,
    });
    this.#undo.push(() => {
      if (holder[name] !== value) return;
      if (before) Object.defineProperty(holder, name, before);
      else Reflect.deleteProperty(holder, name);
    });
  }

  /** The same class for everybody who compares constructors. */
  #replaceDate(): void {
    this.#replace(Date, "now", "Date.now()");
    const sprung = (from: AnyFunction): void => void this.#sprung("new Date()", from);
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
    this.#put<"constructor">(Date.prototype, "constructor", TrappedDate);
    this.#put<"Date">(globalThis, "Date", TrappedDate);
  }
}

/** Where the caller of `from` stands, in the code that runs. */
export function userPlaceOf(from: AnyFunction): string | undefined {
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
export function usersLine(from: AnyFunction): string | undefined {
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

/** The folder of this package, unless this is part of a bundle, whose files are the user's. */
const OWN = /[\\/]runtime[\\/]dev[\\/]hosts[\\/]trap-set\.[jt]s$/u.test(import.meta.url)
  ? ["sdk", "lib", "runtime"].map((folder) => new URL(`../../../${folder}/`, import.meta.url))
  : [];
const isOwn = (frame: string): boolean =>
  OWN.some(({ href, pathname }) => frame.includes(href) || frame.includes(pathname));

const NOT_USERS =
  /[\\/]node_modules[\\/]|\(?node:|[\\/](?:perdure[\\/](?:dist[\\/](?:cjs[\\/])?)?)(?:sdk|lib|runtime)[\\/]/u;
const NATIVE = /<anonymous>\)?$/u;

/** The innermost frame with a file, if that is the user's. */
export function usersFrame(stack: string): string | undefined {
  const frames = stack.split("\n").filter((line) => line.startsWith("    at ") && !NATIVE.test(line));
  const [frame] = frames;
  if (frame === undefined || NOT_USERS.test(frame) || isOwn(frame)) return undefined;
  return frame.slice("    at ".length).replace("file://", "");
}
