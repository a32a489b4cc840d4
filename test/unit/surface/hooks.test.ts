/** Interceptors run around every attempt, and around each step that really runs. */
import {
  handlers,
  type HooksProvider,
  isSuspendedError,
  service,
  TerminalError,
  type Context,
  type InvocationRequest,
} from "perdure";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { until, World } from "../semantics/world.ts";

let seen: string[] = [];
let attempts = 0;
const nameOf = (error: unknown): string =>
  isSuspendedError(error)
    ? "suspended"
    : error instanceof Error
      ? `${error.name}: ${error.message}`
      : String(error);
const recording =
  (who: string): HooksProvider =>
  ({ request }) => {
    const around = async (what: string, next: () => Promise<void>): Promise<void> => {
      seen.push(`${who} > ${what}`);
      try {
        await next();
        seen.push(`${who} < ${what}`);
      } catch (error) {
        seen.push(`${who} ! ${what} ${nameOf(error)}`);
        throw error;
      }
    };
    return {
      interceptor: {
        handler: (next) => around(String(request.target), next),
        run: (name, next) => around(name, next),
      },
    };
  };

const withHook = (hook: HooksProvider, handler: (ctx: Context, input: string) => Promise<unknown>) =>
  handlers.handler({ hooks: [hook] }, handler);
const failing = async (): Promise<void> => {
  throw new TerminalError("inner", { errorCode: 418 });
};
const hooked = service({
  name: "Hooked",
  handlers: {
    both: withHook(recording("handler"), async (ctx) => await ctx.run("step", () => "result")),
    sleepy: withHook(recording("handler"), async (ctx) => {
      await ctx.run("first", () => 1);
      await ctx.sleep(30);
      return await ctx.run("second", () => 2);
    }),
    flaky: async (ctx: Context) => {
      await ctx.run("kept", () => 1);
      return await ctx.run("flaky", () => {
        if (attempts++ === 0) throw new Error("once");
        return "done";
      });
    },
    bounded: async (ctx: Context) => {
      const action = (): string => {
        if (attempts++ === 0) throw new Error("once");
        return "done";
      };
      return await ctx.run("bounded", action, { maxRetryAttempts: 3, initialRetryInterval: 1 });
    },
    transformed: withHook(
      () => ({
        interceptor: {
          handler: async (next) =>
            await next().catch((error: unknown) => {
              throw new TerminalError(`outer of ${nameOf(error)}`, { errorCode: 409 });
            }),
        },
      }),
      failing,
    ),
    swallowed: withHook(
      () => ({ interceptor: { handler: async (next) => await next().catch(() => undefined) } }),
      failing,
    ),
    step: withHook(
      () => ({
        interceptor: {
          run: async (_, next) => {
            await next();
            throw new TerminalError("after the step", { errorCode: 410 });
          },
        },
      }),
      async (ctx) => await ctx.run("step", () => 1),
    ),
    forgetful: handlers.handler(
      {
        hooks: [() => ({ interceptor: { handler: async () => undefined } })],
        retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" },
      },
      async () => "never",
    ),
    eager: handlers.handler(
      {
        hooks: [
          () => ({ interceptor: { handler: async (next) => void (await Promise.all([next(), next()])) } }),
        ],
        retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" },
      },
      async () => "twice",
    ),
    terminal: handlers.handler(
      {
        asTerminalError: (error) =>
          error instanceof RangeError ? new TerminalError(error.message, { errorCode: 416 }) : undefined,
      },
      async (ctx: Context, where: string) => {
        if (where === "step")
          await ctx.run("out", () => {
            throw new RangeError("out of range in a step");
          });
        throw new RangeError("out of range");
      },
    ),
  },
  options: { hooks: [recording("service")] },
});

const requests: InvocationRequest[] = [];
const replaced = service({
  name: "Replaced",
  handlers: { plain: async () => "plain" },
});

let world: World;
beforeAll(async () => {
  world = await World.of(hooked, replaced);
});
afterAll(async () => await world.stop());
beforeEach(() => {
  seen = [];
  attempts = 0;
  requests.length = 0;
});

test("the service's are outermost, around handler and step", async () => {
  expect(await world.call("/Hooked/both", "x")).toBe("result");
  expect(seen).toEqual([
    "service > Hooked/both",
    "handler > Hooked/both",
    "service > step",
    "handler > step",
    "handler < step",
    "service < step",
    "handler < Hooked/both",
    "service < Hooked/both",
  ]);
});

test("a suspension ends an attempt, and steps that are replayed are left out", async () => {
  expect(await world.call("/Hooked/sleepy", "x")).toBe(2);
  const around = (who: string) =>
    seen.filter((line) => line.startsWith(who)).map((line) => line.slice(who.length + 1));
  for (const who of ["service", "handler"]) {
    expect(around(who)).toEqual([
      "> Hooked/sleepy",
      "> first",
      "< first",
      "! Hooked/sleepy suspended",
      "> Hooked/sleepy",
      "> second",
      "< second",
      "< Hooked/sleepy",
    ]);
  }
});

test("every attempt has its own", async () => {
  expect(await world.call("/Hooked/flaky", "x")).toBe("done");
  expect(seen).toEqual([
    "service > Hooked/flaky",
    "service > kept",
    "service < kept",
    "service > flaky",
    "service ! flaky Error: once",
    "service ! Hooked/flaky Error: once",
    "service > Hooked/flaky",
    "service > flaky",
    "service < flaky",
    "service < Hooked/flaky",
  ]);
});

test("a step that is retried within an attempt is intercepted each time", async () => {
  expect(await world.call("/Hooked/bounded", "x")).toBe("done");
  expect(seen.filter((line) => line.includes("bounded") && !line.includes("Hooked"))).toEqual([
    "service > bounded",
    "service ! bounded Error: once",
    "service > bounded",
    "service < bounded",
  ]);
});

test("what they throw is what happens; what they swallow is a success without a result", async () => {
  expect(await world.ask("/Hooked/transformed", "x")).toMatchObject({
    status: 409,
    body: { message: "outer of TerminalError: inner" },
  });
  expect(await world.ask("/Hooked/swallowed", "x")).toMatchObject({ status: 200, body: undefined });
  expect(await world.ask("/Hooked/step", "x")).toMatchObject({
    status: 410,
    body: { message: "after the step" },
  });
});

test("next() is called exactly once", async () => {
  expect(await world.ask("/Hooked/forgetful", "x")).toMatchObject({
    status: 500,
    body: { message: /did not call next/ },
  });
  expect(await world.ask("/Hooked/eager", "x")).toMatchObject({
    status: 500,
    body: { message: /called next\(\) twice/ },
  });
});

test("asTerminalError turns errors of handlers and steps into terminal ones", async () => {
  expect(await world.ask("/Hooked/terminal", "handler")).toMatchObject({
    status: 416,
    body: { message: "out of range" },
  });
  expect(await world.ask("/Hooked/terminal", "step")).toMatchObject({
    status: 416,
    body: { message: "out of range in a step" },
  });
});

test("an endpoint's defaults hold where a service says nothing", async () => {
  const logged: string[] = [];
  const own = service({
    name: "Own",
    handlers: { plain: async () => "own" },
    options: { hooks: [recording("own")] },
  });
  const { TestEnvironment } = await import("perdure/testing");
  const environment = await TestEnvironment.start({
    services: [replaced, own],
    defaultServiceOptions: { hooks: [recording("default")], ingressPrivate: true },
    logger: (metadata) => void logged.push(metadata.level),
  });
  try {
    expect((await environment.request("/Own/plain")).status).toBe(400);
  } finally {
    await environment.stop();
  }
  const open = await TestEnvironment.start({
    services: [replaced, own],
    defaultServiceOptions: { hooks: [recording("default")] },
  });
  try {
    await open.call("/Own/plain");
    await open.call("/Replaced/plain");
  } finally {
    await open.stop();
  }
  await until(() => seen.length >= 4, "both");
  expect(seen).toEqual([
    "own > Own/plain",
    "own < Own/plain",
    "default > Replaced/plain",
    "default < Replaced/plain",
  ]);
});
