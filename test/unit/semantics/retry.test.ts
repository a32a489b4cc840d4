/** Retries of whole invocations: how often, how soon, and which errors end one. */
import {
  CancelledError,
  handlers,
  object,
  RetryableError,
  serde,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { within, World } from "./world.ts";

const attempts = new Map<string, number[]>();
/** Counts the attempt, and returns its number. */
const attempt = (name: string): number => {
  const times = [...(attempts.get(name) ?? []), Date.now()];
  attempts.set(name, times);
  return times.length;
};
const countOf = (name: string): number => attempts.get(name)?.length ?? 0;
class DomainError extends Error {}

const fast = { initialInterval: 1, maxInterval: 3, onMaxAttempts: "kill" } as const;

const failing = service({
  name: "Failing",
  options: {
    retryPolicy: { ...fast, maxAttempts: 3 },
    asTerminalError: (error) =>
      error instanceof DomainError ? new TerminalError(error.message, { errorCode: 409 }) : undefined,
  },
  handlers: {
    always: async () => {
      throw new Error(`attempt ${attempt("always")}`);
    },
    afterProgress: async (ctx: Context) => {
      const number = attempt("afterProgress");
      await ctx.run("first", () => 1);
      if (number > 2) await ctx.run("second", () => 2);
      throw new Error(`attempt ${number}`);
    },
    ownPolicy: handlers.handler({ retryPolicy: { maxAttempts: 5 } }, async () => {
      throw new Error(`attempt ${attempt("ownPolicy")}`);
    }),
    once: handlers.handler({ retryPolicy: { maxAttempts: 1 } }, async () => {
      throw new Error(`attempt ${attempt("once")}`);
    }),
    synchronously: () => {
      throw new Error(`attempt ${attempt("synchronously")}`);
    },
    terminal: () => {
      attempt("terminal");
      throw new TerminalError("at once", { errorCode: 403 });
    },
    domain: async () => {
      attempt("domain");
      throw new DomainError("not enough");
    },
    domainInStep: async (ctx: Context) => {
      await ctx.run("step", () => {
        throw new DomainError("in a step");
      });
    },
    retryAfter: async () => {
      if (attempt("retryAfter") < 3) throw new RetryableError("wait", { retryAfter: 40 });
      return "ok";
    },
    retryableFrom: async () => {
      throw RetryableError.from(new Error("the cause"), { retryAfter: 1 });
    },
    ownCancelled: async () => {
      throw new CancelledError();
    },
    code: async (_ctx: Context, errorCode: number) => {
      throw new TerminalError("odd", { errorCode });
    },
    longMessage: async () => {
      throw new TerminalError("x".repeat(100_000));
    },
    badMetadata: async () => {
      throw new TerminalError("odd", { metadata: { a: 1, b: undefined, c: { d: 1 } } as never });
    },
    badInput: handlers.handler(
      {
        input: {
          contentType: "text/plain",
          serialize: () => new Uint8Array(0),
          deserialize: () => {
            throw new Error("not what I take");
          },
        },
      },
      async () => attempt("badInput"),
    ),
    bytes: handlers.handler(
      { input: serde.binary, output: serde.binary },
      async (_ctx: Context, input: Uint8Array) => input.toReversed(),
    ),
    plainValue: (_ctx: Context, n: number) => n + 1,
    thenable: (_ctx: Context) => ({
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      then: (resolve: (value: string) => void) => resolve("from a thenable"),
    }),
  },
});

const keyed = object({
  name: "Keyed",
  options: { retryPolicy: { ...fast, maxAttempts: 3 } },
  handlers: {
    fail: async (ctx: ObjectContext) => {
      ctx.set("attempted", true);
      throw new Error(`attempt ${attempt("keyed")}`);
    },
    read: async (ctx: ObjectContext) => await ctx.get("attempted"),
  },
});
const caller = service({
  name: "Caller",
  handlers: {
    ofKilled: async (ctx: Context) =>
      await ctx
        .serviceClient(failing)
        .always()
        .then(
          () => "ok",
          (error: unknown) =>
            error instanceof TerminalError ? `${error.code} ${error.message}` : "not terminal",
        ),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(failing, keyed, caller);
});
afterAll(async () => await world.stop());
const ask = (path: string, body?: unknown) => within(3000, path, world.ask(path, body));

test.each([
  ["always", 3],
  ["ownPolicy", 5],
  ["once", 1],
  ["synchronously", 3],
])("attempts include the first; the last error is the failure: %s", async (handler, count) => {
  expect(await ask(`/Failing/${handler}`)).toMatchObject({
    status: 500,
    body: { message: `attempt ${count}` },
  });
  expect(countOf(handler)).toBe(count);
});

test("attempts are counted without progress: what records something starts anew", async () => {
  expect(await ask("/Failing/afterProgress")).toMatchObject({ status: 500, body: { message: "attempt 5" } });
});

test("a terminal error ends it at once", async () => {
  expect(await ask("/Failing/terminal")).toMatchObject({
    status: 403,
    body: { code: 403, message: "at once" },
  });
  expect(countOf("terminal")).toBe(1);
});

test("so does one that the service takes for terminal, in a handler and in a step", async () => {
  expect(await ask("/Failing/domain")).toMatchObject({ status: 409, body: { message: "not enough" } });
  expect(countOf("domain")).toBe(1);
  expect(await ask("/Failing/domainInStep")).toMatchObject({ status: 409, body: { message: "in a step" } });
});

test("an error's own delay is waited for", async () => {
  expect((await ask("/Failing/retryAfter")).body).toBe("ok");
  const times = attempts.get("retryAfter") ?? [];
  expect(times.slice(1).every((time, index) => time - (times[index] ?? 0) >= 39)).toBe(true);
  expect(await ask("/Failing/retryableFrom")).toMatchObject({ status: 500, body: { message: "the cause" } });
});

test("the caller of a killed invocation gets a terminal failure", async () => {
  attempts.delete("always");
  expect((await ask("/Caller/ofKilled")).body).toBe("500 attempt 3");
});

test("a killed object invocation frees its key and leaves its state", async () => {
  expect(await ask("/Keyed/k/fail")).toMatchObject({ status: 500, body: { message: "attempt 3" } });
  expect((await ask("/Keyed/k/read")).body).toBe(true);
});

test.each([
  [400, 400],
  [599, 599],
  [200, 500],
  [0, 500],
  [99, 500],
  [1000, 500],
  [404.5, 500],
])("a terminal error's code %d is status %d", async (code, status) => {
  expect((await ask("/Failing/code", code)).status).toBe(status);
});

test("a long message is cut; odd metadata ends the invocation all the same", async () => {
  const { body } = await ask("/Failing/longMessage");
  expect((body as { message: string }).message.length).toBeLessThanOrEqual(10_000);
  expect(await ask("/Failing/badMetadata")).toMatchObject({ status: 500, body: { message: "odd" } });
});

test("an input that its serde refuses is a 400", async () => {
  const asText = { "content-type": "text/plain" };
  expect(await within(3000, "an answer", world.ask("/Failing/badInput", 1, asText))).toMatchObject({
    status: 400,
    body: { message: "Failed to deserialize input: not what I take" },
  });
  expect(countOf("badInput")).toBe(0);
});

test("handlers of other shapes: bytes, a plain value, a thenable, a cancellation of its own", async () => {
  const response = await world.environment.request("/Failing/bytes", new Uint8Array([1, 2, 3]));
  expect([...response.body]).toEqual([3, 2, 1]);
  expect((await ask("/Failing/plainValue", 1)).body).toBe(2);
  expect((await ask("/Failing/thenable")).body).toBe("from a thenable");
  expect(await ask("/Failing/ownCancelled")).toMatchObject({ status: 409 });
});
