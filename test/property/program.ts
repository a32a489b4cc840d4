/**
 * Small random programs over a context, and their interpreter. A program has one possible result, however often it is
 * replayed. So the parts of a race end far apart.
 */
import { DurablePromise, rpc, TerminalError, type Context, type ObjectContext } from "perdure";
import fc from "fast-check";

/** What the programs call. */
export interface Echo {
  after(ctx: Context, input: { value: number; ms: number; ok: boolean }): Promise<number>;
}

/** Something that can be awaited, alone or combined. */
export type Part =
  | { readonly op: "run"; readonly value: number; readonly ok: boolean }
  | { readonly op: "call"; readonly value: number; readonly ms: number; readonly ok: boolean }
  | { readonly op: "sleep"; readonly ms: number }
  | { readonly op: "awakeable"; readonly value: number }
  | { readonly op: "map"; readonly part: Part }
  | { readonly op: "all" | "any" | "settled"; readonly parts: readonly Part[] }
  /** Against a sleep that is much longer. */
  | { readonly op: "limited"; readonly part: Part };

export type Action =
  | { readonly op: "await"; readonly part: Part }
  /** Begins here, and is awaited after the following action. */
  | { readonly op: "later"; readonly part: Part }
  /** Side by side, as native promises. */
  | { readonly op: "branches"; readonly parts: readonly Part[] }
  | { readonly op: "set"; readonly name: string; readonly value: number }
  | { readonly op: "get" | "clear"; readonly name: string }
  | { readonly op: "keys" | "clearAll" | "random" | "date" }
  | { readonly op: "send"; readonly value: number };

const small = fc.integer({ min: 0, max: 9 });
const ok = fc.boolean();
const soon = fc.integer({ min: 0, max: 3 });
const name = fc.constantFrom("a", "b", "c");

const { part } = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ op: fc.constant("run" as const), value: small, ok }),
    fc.record({ op: fc.constant("call" as const), value: small, ms: soon, ok }),
    fc.record({ op: fc.constant("sleep" as const), ms: soon }),
    fc.record({ op: fc.constant("awakeable" as const), value: small }),
    fc.record({ op: fc.constant("map" as const), part: tie("part") }),
    fc.record({ op: fc.constantFrom("settled" as const), parts: fc.array(tie("part"), { maxLength: 3 }) }),
    fc.record({ op: fc.constant("limited" as const), part: tie("part") }),
  ),
}));

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: part.map((awaited): Action => ({ op: "await", part: awaited })) },
  part.map((begun): Action => ({ op: "later", part: begun })),
  fc.array(part, { minLength: 2, maxLength: 3 }).map((parts): Action => ({ op: "branches", parts })),
  fc.record({ op: fc.constant("set" as const), name, value: small }),
  fc.record({ op: fc.constantFrom("get" as const, "clear" as const), name }),
  fc.record({
    op: fc.constantFrom("keys" as const, "clearAll" as const, "random" as const, "date" as const),
  }),
  fc.record({ op: fc.constant("send" as const), value: small }),
);
export const program = fc.array(action, { minLength: 1, maxLength: 8 });

/** What the test does between actions: a suspension or a failed attempt after the n-th. */
export interface Disturbance {
  after(ctx: ObjectContext, index: number): Promise<void>;
  /** A step's action ran. */
  ran(step: string): void;
}

const textOf = (error: unknown): string => {
  if (error instanceof AggregateError) return `none: ${error.errors.map(textOf).join()}`;
  if (error instanceof TerminalError) return `${error.code} ${error.message}`;
  throw error;
};

export class Interpreter {
  readonly #ctx: ObjectContext;
  readonly #disturbance: Disturbance;
  readonly #echo: { readonly name: string };
  #steps = 0;

  constructor(ctx: ObjectContext, echo: { readonly name: string }, disturbance: Disturbance) {
    this.#ctx = ctx;
    this.#echo = echo;
    this.#disturbance = disturbance;
  }

  async run(actions: readonly Action[]): Promise<unknown[]> {
    const results: unknown[] = [];
    let begun: DurablePromise<unknown> | undefined;
    for (const [index, next] of actions.entries()) {
      const late = begun;
      begun = undefined;
      if (next.op === "later") begun = this.#begin(next.part);
      else results.push(await this.#act(next));
      if (late) results.push(await late.catch(textOf));
      await this.#disturbance.after(this.#ctx, index);
    }
    if (begun) results.push(await begun.catch(textOf));
    return results.map((result) => (result === undefined ? "nothing" : result));
  }

  async #act(next: Exclude<Action, { op: "later" }>): Promise<unknown> {
    const ctx = this.#ctx;
    switch (next.op) {
      case "await":
        return await this.#begin(next.part).catch(textOf);
      case "branches":
        return await Promise.all(next.parts.map(async (each) => await this.#begin(each).catch(textOf)));
      case "set":
        return ctx.set(next.name, next.value);
      case "get":
        return await ctx.get(next.name);
      case "clear":
        return ctx.clear(next.name);
      case "keys":
        return await ctx.stateKeys();
      case "clearAll":
        return ctx.clearAll();
      case "random":
        return ctx.rand.random() < 1;
      case "date":
        return (await ctx.date.now()) > 0;
      case "send":
        return typeof (await ctx.serviceSendClient<Echo>(this.#echo).after({ ...next, ms: 0, ok: true })
          .invocationId);
    }
  }

  #begin(begun: Part): DurablePromise<unknown> {
    const ctx = this.#ctx;
    switch (begun.op) {
      case "run": {
        const step = `step ${this.#steps++}`;
        return ctx.run(step, () => {
          this.#disturbance.ran(step);
          if (!begun.ok) throw new TerminalError(`no ${begun.value}`, { errorCode: 422 });
          return begun.value;
        });
      }
      case "call":
        return ctx.serviceClient<Echo>(this.#echo).after(begun, rpc.opts({ name: "echo" }));
      case "sleep":
        return ctx.sleep(begun.ms);
      case "awakeable": {
        const { id, promise } = ctx.awakeable();
        ctx.resolveAwakeable(id, begun.value);
        return promise;
      }
      case "map":
        return this.#begin(begun.part).map((value, error) => (error ? `healed ${textOf(error)}` : { value }));
      case "limited":
        return this.#begin(begun.part).orTimeout({ minutes: 5 });
      case "all":
      case "any":
        return DurablePromise[begun.op](begun.parts.map((each) => this.#begin(each)));
      case "settled":
        return DurablePromise.allSettled(begun.parts.map((each) => this.#begin(each))).map((results) =>
          (results ?? []).map((result) =>
            result.status === "fulfilled" ? (result.value ?? "nothing") : textOf(result.reason),
          ),
        );
    }
  }
}
