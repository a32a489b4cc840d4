/**
 * What must not become data: promises, contexts, clients. They hold the caller's headers and the turn's connections. Wherever one
 * ends up, there is a terminal error that names the place, and nothing of its inside is shown.
 */
import { inspect } from "node:util";
import {
  DurablePromise,
  object,
  rpc,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
  type WorkflowContext,
} from "perdure";
import { connect } from "perdure/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within, World } from "../semantics/world.ts";

const SECRET = "Bearer s3cret-token";
const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: Context, name: unknown) => `hello ${String(name)}`,
    toJSON: async () => "called",
  },
});
const clientOf = (ctx: Context) => ctx.serviceClient<typeof greeter>(greeter);
/** As a template does. */
const textOf = (value: unknown): string => `: ${value as string}`;
let attempts = 0;

/** Puts a promise, a context or a client where it does not belong. */
const PLACES: Readonly<Record<string, readonly [put: (ctx: ObjectContext) => unknown, words: string]>> = {
  "a result": [
    (ctx) => ({ r: ctx.run("x", () => "v") }),
    'the result of M/put holds a promise at .r: was "await" forgotten before ctx.run("x")?',
  ],
  "a list in a result": [
    (ctx) => ({ "a-b": [1, ctx.get("b")] }),
    'the result of M/put holds a promise at ["a-b"][1]: was "await" forgotten before ctx.get("b")?',
  ],
  "a state value": [
    (ctx) => ctx.set("a", ctx.get("b")),
    'the value of state key "a" is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a part of a state value": [
    (ctx) => ctx.set("a", { deep: { er: ctx.stateKeys() } }),
    'the value of state key "a" holds a promise at .deep.er: was "await" forgotten before ctx.stateKeys()?',
  ],
  "an argument": [
    async (ctx) => await clientOf(ctx).greet({ name: ctx.run("name", () => "Ada") }),
    'the input of Greeter/greet holds a promise at .name: was "await" forgotten before ctx.run("name")?',
  ],
  "a header": [
    async (ctx) =>
      await clientOf(ctx).greet("Ada", rpc.opts({ headers: { who: ctx.get("b") as unknown as string } })),
    'the headers of Greeter/greet holds a promise at .who: was "await" forgotten before ctx.get("b")?',
  ],
  "a send's argument": [
    (ctx) => ctx.serviceSendClient<typeof greeter>(greeter).greet(ctx.get("b")),
    'the input of Greeter/greet is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a step's result": [
    async (ctx) => {
      const late = ctx.get("b");
      return await ctx.run("step", () => ({ late }));
    },
    'the result of step "step" holds a promise at .late: was "await" forgotten before ctx.get("b")?',
  ],
  "a payload": [
    (ctx) => ctx.resolveAwakeable(ctx.awakeable().id, [ctx.sleep(5)]),
    'the payload of an awakeable holds a promise at [0]: was "await" forgotten before ctx.sleep(...)?',
  ],
  "a call that is not awaited": [
    (ctx) => ({ greeting: clientOf(ctx).greet("Ada") }),
    'the result of M/put holds a promise at .greeting: was "await" forgotten before the call of Greeter/greet?',
  ],
  "a combined promise": [
    (ctx) => [DurablePromise.all([ctx.get("b") as DurablePromise<unknown>])],
    'the result of M/put holds a promise at [0]: was "await" forgotten before DurablePromise.all(...)?',
  ],
  "a mapped one": [
    (ctx) => [(ctx.get("b") as DurablePromise<unknown>).map(() => 1)],
    'the result of M/put holds a promise at [0]: was "await" forgotten before ctx.get("b")?',
  ],
  "a workflow's promise": [
    (ctx) => ({ p: (ctx as unknown as WorkflowContext).promise("p") }),
    'the result of M/put holds a promise at .p: was "await" forgotten before ctx.promise("p")?',
  ],
  "a template": [
    (ctx) => textOf(ctx.get("b")),
    'what is used as a text or a number is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "its own text": [
    (ctx) => (ctx.get("b") as { toString(): string }).toString(),
    'what is used as a text or a number is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "an error made of it": [
    (ctx) => {
      throw new TerminalError(ctx.get("b") as unknown as string);
    },
    'a promise (was "await" forgotten before ctx.get("b")?)',
  ],
  "a rejection's reason": [
    (ctx) => ctx.rejectAwakeable(ctx.awakeable().id, ctx.get("b") as unknown as string),
    'the reason of a rejection is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a signal's rejection": [
    (ctx) =>
      ctx
        .invocation(ctx.request().id)
        .signal("s")
        .reject(ctx.get("b") as unknown as string),
    'the reason of a rejection is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "an awakeable's id": [
    (ctx) => ctx.resolveAwakeable(ctx.get("b") as unknown as string, 1),
    'what is turned into JSON is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a send's id": [
    (ctx) => ({ id: ctx.serviceSendClient<typeof greeter>(greeter).greet("Ada").invocationId }),
    'the result of M/put holds a promise at .id: was "await" forgotten before .invocationId?',
  ],
  "a call's id": [
    (ctx) => ctx.set("a", { id: clientOf(ctx).greet("Ada").invocationId }),
    'the value of state key "a" holds a promise at .id: was "await" forgotten before .invocationId?',
  ],
  "the clock in an argument": [
    async (ctx) => await clientOf(ctx).greet({ at: ctx.date }),
    "the input of Greeter/greet holds ctx.date at .at: store what `await ctx.date.now()` gives",
  ],
  "a sum": [
    (ctx) => (ctx.get("b") as unknown as number) + 1,
    'what is used as a text or a number is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "JSON of one's own": [
    (ctx) => JSON.stringify({ b: ctx.get("b") }),
    'what is turned into JSON is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a message": [
    (ctx) => {
      throw new Error(`cannot: ${textOf(ctx.get("b"))}`);
    },
    'what is used as a text or a number is a promise: was "await" forgotten before ctx.get("b")?',
  ],
  "a context in a result": [
    (ctx) => ({ all: ctx }),
    "the result of M/put holds the context of M/put at .all: use plain data of it",
  ],
  "a context in the state": [
    (ctx) => ctx.set("a", ctx),
    'the value of state key "a" is the context of M/put: use plain data of it',
  ],
  "a client in a result": [
    (ctx) => ({ client: clientOf(ctx) }),
    "the result of M/put holds a client of Greeter at .client: call one of its handlers",
  ],
  "a client in a text": [
    (ctx) => textOf(clientOf(ctx)),
    "what is used as a text or a number is a client of Greeter: call one of its handlers",
  ],
};

const m = object({
  name: "M",
  options: { passHeaders: ["authorization"] },
  handlers: {
    put: async (ctx: ObjectContext, place: string) => {
      attempts++;
      return await PLACES[place]?.[0](ctx);
    },
    shown: async (ctx: ObjectContext) => {
      const promise = ctx.get("b");
      const shown = [ctx, promise, clientOf(ctx)].map((held) =>
        inspect(held, { depth: 20, showHidden: true }),
      );
      // What a structured logger does.
      const logged = [ctx, clientOf(ctx)].map((held) => JSON.stringify({ held }));
      await promise;
      return { shown, logged, spread: Object.keys({ ...ctx }), own: JSON.stringify(Object.entries(promise)) };
    },
    error: async (_ctx: ObjectContext) => {
      const error = new TerminalError("declined", { errorCode: 402 });
      return [JSON.stringify(error), inspect(error).includes("Symbol"), TerminalError.is(error)];
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(m, greeter);
});
afterAll(async () => {
  await world.stop();
});

describe("it is a terminal error, and says where:", () => {
  test.each(Object.keys(PLACES))("in %s", async (place) => {
    attempts = 0;
    const headers = { authorization: SECRET };
    const { status, body } = await within(5000, place, world.ask("/M/k/put", place, headers));
    expect({ status, body }).toMatchObject({ status: 500, body: { message: PLACES[place]?.[1] } });
    expect(attempts).toBe(1);
    expect(JSON.stringify(body)).not.toContain("s3cret");
  });
});

test("what is shown of them says what they are, and nothing of their inside", async () => {
  const { shown, logged, spread, own } = await world.call<{
    shown: string[];
    logged: string[];
    spread: string[];
    own: string;
  }>("/M/k/shown", undefined, { authorization: SECRET });
  expect(shown).toEqual(["[the context of M/shown]", "[a promise]", "[a client of Greeter]"]);
  expect(logged).toEqual(['{"held":"[the context of M/shown]"}', '{"held":"[a client of Greeter]"}']);
  expect(spread).toEqual(["date"]);
  expect(own).toBe("[]");
});

test("a TerminalError shows its code, and no symbols", async () => {
  expect(await world.call("/M/k/error")).toEqual([
    JSON.stringify({ name: "TerminalError", code: 402 }),
    false,
    true,
  ]);
});

test("a client of the ingress makes no request when it is logged", () => {
  const requests: unknown[] = [];
  const ingress = connect({
    url: "http://localhost:1",
    fetch: async (request) => {
      requests.push(request);
      return await Promise.reject(new Error("no"));
    },
  });
  const client = ingress.serviceClient<typeof greeter>(greeter);
  expect(JSON.stringify({ client })).toBe('{"client":"[a client of Greeter]"}');
  expect(inspect(client)).toBe("[a client of Greeter]");
  expect(() => textOf(client)).toThrow("a client of Greeter");
  expect(requests).toEqual([]);
});
