/**
 * Errors of any shape. Libraries put texts into `code`, objects into `message`, and errors of another realm are no instances of
 * this one's class. Whatever is thrown: it ends as it was meant to, and what a journal holds can be read.
 */
import { runInNewContext } from "node:vm";
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cutText, fullMessageOf } from "../../../lib/errors.ts";
import { ERROR_MESSAGE_CHARS_MAX } from "../../../lib/limits.ts";
import { decodeOutcome, encodeOutcome, failure } from "../../../lib/model/outcome.ts";
import { run } from "../../support/entries.ts";
import { turnOfObject, turnOfService } from "../../support/transcript.ts";
import { until, within, World } from "../semantics/world.ts";

/** As `any` is in user code: an error whose fields were assigned later. */
const withFields = <E extends Error>(error: E, fields: object): E => Object.assign(error, fields);
const terminal = (options: object): TerminalError => new TerminalError("declined", options);

/** What is thrown, and what its caller gets. */
const TERMINALS: Readonly<Record<string, readonly [make: () => unknown, code: number, message: string]>> = {
  "a text as code": [() => terminal({ errorCode: "ECONNREFUSED" }), 500, "declined"],
  "a number's text as code": [() => terminal({ errorCode: "23505" }), 500, "declined"],
  "NaN as code": [() => terminal({ errorCode: Number("x") }), 500, "declined"],
  "an infinite code": [() => terminal({ errorCode: Number.POSITIVE_INFINITY }), 500, "declined"],
  "a code that no store holds": [() => terminal({ errorCode: 1e300 }), 500, "declined"],
  "a BigInt as code": [() => terminal({ errorCode: 500n }), 500, "declined"],
  "null as code": [() => terminal({ errorCode: null }), 500, "declined"],
  "a code that is assigned": [() => withFields(terminal({}), { code: "P2002" }), 500, "declined"],
  "an unusual code": [() => terminal({ errorCode: 404.5 }), 404.5, "declined"],
  "no message": [() => withFields(terminal({ errorCode: 402 }), { message: null }), 402, "null"],
  "an object as message": [
    () => withFields(terminal({ errorCode: 402 }), { message: { reason: "limit" } }),
    402,
    '{"reason":"limit"}',
  ],
  "an object as message, given": [() => new TerminalError({ a: 1 } as never), 500, '{"a":1}'],
  "metadata that is no map": [() => terminal({ metadata: null }), 500, "declined"],
  "metadata that is no text": [() => terminal({ metadata: { size: 5, who: "me" } }), 500, "declined"],
};
/** What is thrown, and the message of the failure of the last attempt. */
const OTHERS: Readonly<Record<string, readonly [make: () => unknown, message: string]>> = {
  "an object as message": [() => withFields(new Error("x"), { message: { a: 1 } }), '{"a":1}'],
  "an error of another realm": [() => runInNewContext("new Error('payment declined')"), "payment declined"],
  "a cause": [
    () => new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED 127.0.0.1:1") }),
    "fetch failed; cause: connect ECONNREFUSED 127.0.0.1:1",
  ],
  parts: [
    () => new AggregateError([new Error("one"), new Error("two")], "all failed"),
    "all failed; one; two",
  ],
  NaN: [() => Number.NaN, "a value that is no Error was thrown: NaN"],
  "a BigInt": [() => 5n, "a value that is no Error was thrown: 5"],
  "a symbol": [() => Symbol("s"), "a value that is no Error was thrown: Symbol(s)"],
  null: [() => null, "a value that is no Error was thrown: null"],
  nothing: [() => undefined, "a value that is no Error was thrown: undefined"],
  "a frozen error": [() => Object.freeze(new Error("frozen")), "frozen"],
  "parts without a message of their own": [
    () => withFields(new AggregateError([new Error("one")]), { code: "ECONNREFUSED" }),
    "ECONNREFUSED; one",
  ],
};

const once = { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" as const } };
const settled = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    return await work();
  } catch (error) {
    if (!TerminalError.is(error)) throw error;
    return { code: error.code, message: error.message, metadata: error.metadata };
  }
};

const thrower = object({
  name: "Thrower",
  options: once,
  handlers: {
    terminal: async (_ctx: ObjectContext, name: string) => {
      throw TERMINALS[name]?.[0]();
    },
    other: async (_ctx: ObjectContext, name: string) => {
      throw OTHERS[name]?.[0]();
    },
    long: async (_ctx: ObjectContext) => {
      throw new Error("x".repeat(9_000_000));
    },
    ping: async (_ctx: ObjectContext) => "pong",
  },
});
const catcher = service({
  name: "Catcher",
  options: once,
  handlers: {
    step: async (ctx: Context, name: string) => {
      const caught = await settled(() =>
        ctx.run("step", () => {
          throw TERMINALS[name]?.[0]();
        }),
      );
      await ctx.sleep(1);
      return caught;
    },
    call: async (ctx: Context, name: string) => {
      const caught = await settled(() =>
        ctx
          .objectClient<{ terminal: (ctx: unknown, name: string) => Promise<void> }>(thrower, "called")
          .terminal(name),
      );
      await ctx.sleep(1);
      return caught;
    },
    reject: async (ctx: Context, name: string) => {
      const { id, promise } = ctx.awakeable();
      ctx.rejectAwakeable(id, TERMINALS[name]?.[0]() as TerminalError);
      return await settled(() => promise);
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(thrower, catcher);
});
afterAll(async () => {
  await world.stop();
});

describe("a TerminalError with", () => {
  test.each(Object.keys(TERMINALS))("%s is terminal", async (name) => {
    const [, code, message] = TERMINALS[name] ?? [];
    const metadata = name === "metadata that is no text" ? { who: "me" } : undefined;
    const id = await world.send("/Thrower/k/terminal", name);
    const ended = await until(async () => (await world.view(id))?.completion_failure, "the end");
    expect(ended).toContain(message);
    for (const handler of ["step", "call", "reject"]) {
      const caught = await within(5000, handler, world.call(`/Catcher/${handler}`, name));
      expect({ handler, caught }).toEqual({
        handler,
        caught: { code, message, ...(metadata ? { metadata } : {}) },
      });
    }
    expect(await world.call("/Thrower/k/ping")).toBe("pong");
  });
});

describe("an error with", () => {
  test.each(Object.keys(OTHERS))("%s fails the attempt, and says what it can", async (name) => {
    const answer = await within(5000, name, world.ask("/Thrower/k/other", name));
    expect(answer).toMatchObject({ status: 500, body: { message: OTHERS[name]?.[1] } });
    expect(await world.call("/Thrower/k/ping")).toBe("pong");
  });
});

test("a message that is too long is cut, also if it is not terminal", async () => {
  const { status, body } = await world.ask("/Thrower/k/long");
  expect(status).toBe(500);
  expect((body as { message: string }).message).toBe("x".repeat(ERROR_MESSAGE_CHARS_MAX));
});

describe("what is kept", () => {
  test("no half of a pair of surrogates", () => {
    expect(cutText("ab😀", 3)).toBe("ab");
    expect(cutText("ab😀", 4)).toBe("ab😀");
    expect(cutText("ab😀c", 4)).toBe("ab😀");
    const [, message] = encodeOutcome(
      failure(500, `${"x".repeat(ERROR_MESSAGE_CHARS_MAX - 1)}😀`),
    ) as string[];
    expect(message).toBe("x".repeat(ERROR_MESSAGE_CHARS_MAX - 1));
  });

  test("of causes in a circle, each once", () => {
    const one = new Error("one");
    const two = new Error("two", { cause: one });
    one.cause = two;
    expect(fullMessageOf(one)).toBe("one; cause: two");
  });

  test.each([
    [["ECONNREFUSED", "t"], 500, "t"],
    [[null, "declined"], 500, "declined"],
    [[402, null], 402, "null"],
    [[404, "t", { a: "b" }], 404, "t"],
  ])("the failure %j, which an older version has recorded, can be read", async (stored, code, message) => {
    expect(decodeOutcome(stored)).toMatchObject({ ok: false, failure: { code, message } });
    const told = await turnOfService(async (ctx) => await settled(() => ctx.run("step", () => "never")), {
      log: [run(0, "step", stored)],
    });
    const caught = JSON.parse(
      new TextDecoder().decode((told[0] as { outcome: { value: Uint8Array } }).outcome.value),
    ) as unknown;
    expect(caught).toMatchObject({ code, message });
  });

  test("a list of state names is no failure", async () => {
    const seen: string[][] = [];
    await turnOfObject(async (ctx) => void seen.push(await ctx.stateKeys()), {
      log: [{ kind: "stateKeys", command: 0, names: ["ECONNREFUSED", "t"] }],
    });
    expect(seen).toEqual([["ECONNREFUSED", "t"]]);
  });
});
