/** P1: every kind of payload just below its limit, at it, and just beyond it. Beyond, an error says why. */
import { createHash } from "node:crypto";
import {
  handlers,
  object,
  serde,
  service,
  TerminalError,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PAYLOAD_BYTES_MAX, VALUE_ITEM_BYTES_MAX } from "../../../lib/limits.ts";
import { within, World } from "../semantics/world.ts";

const { binary } = serde;
const WAIT_MS = 30_000;

const made = new Map<string, Uint8Array>();
/** Bytes that differ from place to place, so that swapped or wrongly cut chunks show. */
function bytesOf(count: number, seed = 1): Uint8Array {
  const name = `${count} ${seed}`;
  const bytes = made.get(name) ?? new Uint8Array(count);
  if (made.has(name)) return bytes;
  for (let at = 0; at < count; at++) bytes[at] = (at * 31 + (at >>> 8) * 7 + (at >>> 16) * 13 + seed) & 255;
  made.set(name, bytes);
  return bytes;
}
/** A short fingerprint of bytes, for a result. */
const sumOf = (bytes: Uint8Array): string =>
  `${bytes.byteLength}:${createHash("sha1").update(bytes).digest("hex")}`;
const expected = (count: number, seed = 1): string => sumOf(bytesOf(count, seed));

/** How a part of the code ended: its result, or its terminal error's code and text. */
async function tried(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (!TerminalError.is(error)) throw error;
    return `${error.code} ${error.message}`;
  }
}

const sink = service({
  name: "Sink",
  handlers: {
    take: handlers.handler({ input: binary }, async (_ctx: Context, bytes: Uint8Array) => sumOf(bytes)),
    takeSlowly: handlers.handler({ input: binary }, async (ctx: Context, bytes: Uint8Array) => {
      await ctx.sleep(5);
      return sumOf(bytes);
    }),
    give: handlers.handler({ output: binary }, async (_ctx: Context, count: number) => bytesOf(count)),
  },
});

const source = service({
  name: "Source",
  handlers: {
    step: async (ctx: Context, count: number) =>
      await tried(async () => {
        const bytes = await ctx.run("make", () => bytesOf(count), { serde: binary });
        await ctx.sleep(5);
        return sumOf(bytes);
      }),
    call: async (ctx: Context, count: number) =>
      await tried(
        async () =>
          await ctx.genericCall<Uint8Array, string>({
            ...{ service: "Sink", method: "takeSlowly", parameter: bytesOf(count) },
            ...{ inputSerde: binary, outputSerde: serde.json as never },
          }),
      ),
    send: async (ctx: Context, count: number) =>
      await tried(async () => {
        const handle = ctx.genericSend({
          ...{ service: "Sink", method: "take", parameter: bytesOf(count), inputSerde: binary },
          delay: 5,
        });
        return await ctx.attach<string>(await handle.invocationId);
      }),
    result: async (ctx: Context, count: number) =>
      await tried(async () => {
        const bytes = await ctx.genericCall<number>({
          ...{ service: "Sink", method: "give", parameter: count },
          ...{ inputSerde: serde.json as never, outputSerde: binary },
        });
        await ctx.sleep(5);
        return sumOf(bytes);
      }),
    waitFor: async (ctx: Context, name: string) => {
      const { id, promise } = ctx.awakeable<Uint8Array>(binary);
      await ctx.run("tell", () => void awakeables.set(name, id));
      const bytes = await promise;
      await ctx.sleep(5);
      return sumOf(bytes);
    },
    resolve: async (ctx: Context, { id, count }: { id: string; count: number }) =>
      await tried(async () => {
        ctx.resolveAwakeable(id, bytesOf(count), binary);
        return "sent";
      }),
    listen: async (ctx: Context) => sumOf(await ctx.signal<Uint8Array>("large", binary)),
    signal: async (ctx: Context, { id, count }: { id: string; count: number }) =>
      await tried(async () => {
        ctx.invocation(id).signal("large", binary).resolve(bytesOf(count));
        return "sent";
      }),
  },
});
const awakeables = new Map<string, string>();

const store = object({
  name: "Store",
  handlers: {
    set: async (ctx: ObjectContext, count: number) =>
      await tried(async () => {
        ctx.set("v", bytesOf(count), binary);
        return "set";
      }),
    clear: async (ctx: ObjectContext) => ctx.clear("v"),
    readAndRest: async (ctx: ObjectContext) => {
      const first = await ctx.get<Uint8Array>("v", binary);
      await ctx.sleep(5);
      const second = await ctx.get<Uint8Array>("v", binary);
      return [first, second].map((bytes) => bytes && sumOf(bytes));
    },
    get: handlers.object.shared(async (ctx: ObjectSharedContext) => {
      const bytes = await ctx.get<Uint8Array>("v", binary);
      return bytes && sumOf(bytes);
    }),
  },
});

const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext) => sumOf(await ctx.promise<Uint8Array>("p", binary).get()),
    resolve: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext, count: number) =>
        await tried(async () => {
          await ctx.promise<Uint8Array>("p", binary).resolve(bytesOf(count));
          return "resolved";
        }),
    ),
    peek: handlers.workflow.shared(async (ctx: WorkflowSharedContext) => {
      const bytes = await ctx.promise<Uint8Array>("p", binary).peek();
      return bytes ? sumOf(bytes) : null;
    }),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(sink, source, store, flow);
});
afterAll(async () => await world.stop());

const BINARY = { "content-type": "application/octet-stream" };
const SIZES = [
  ["one item, full", VALUE_ITEM_BYTES_MAX],
  ["one byte more", VALUE_ITEM_BYTES_MAX + 1],
  ["just below the limit", PAYLOAD_BYTES_MAX - 1],
  ["the limit", PAYLOAD_BYTES_MAX],
] as const;
const BEYOND = PAYLOAD_BYTES_MAX + 1;
const REFUSED = new RegExp(
  `^413 .* has ${BEYOND} bytes; at most ${PAYLOAD_BYTES_MAX} are allowed \\(RT0003\\)$`,
);
const call = <T>(path: string, body?: unknown, headers = {}): Promise<T> =>
  within(WAIT_MS, path, world.call<T>(path, body, headers));

describe.each(SIZES)("%s", (_, count) => {
  test.each(["take", "takeSlowly"])("an input, %s", async (handler) => {
    expect(await call(`/Sink/${handler}`, bytesOf(count), BINARY)).toBe(expected(count));
  });

  test("an input under a derived id, and again", async () => {
    const headers = { ...BINARY, "idempotency-key": `input-${count}` };
    expect(await call("/Sink/take", bytesOf(count), headers)).toBe(expected(count));
    expect(await call("/Sink/take", bytesOf(count, 2), headers)).toBe(expected(count));
  });

  test("an input that is sent with a delay", async () => {
    const id = await world.send("/Sink/take", bytesOf(count), "?delay=5ms", BINARY);
    expect(await within(WAIT_MS, "the end", world.attach(id))).toMatchObject({ body: expected(count) });
  });

  test("a result, of a call and once more by id", async () => {
    const response = await within(WAIT_MS, "a result", world.environment.request("/Sink/give", count));
    expect(response.status).toBe(200);
    expect(sumOf(response.body)).toBe(expected(count));
    const id = response.headers["x-restate-id"] ?? "";
    const again = await world.environment.request(`/restate/output/${id}`, undefined, {}, "GET");
    expect(sumOf(again.body)).toBe(expected(count));
  });

  test.each(["step", "call", "send", "result"])("of a handler: %s", async (handler) => {
    expect(await call(`/Source/${handler}`, count)).toBe(expected(count));
  });

  test("a state value: written, read, read after a suspension, replaced, shortened, cleared", async () => {
    const key = `/Store/k${count}`;
    expect(await call(`${key}/set`, count)).toBe("set");
    expect(await call(`${key}/get`)).toBe(expected(count));
    expect(await call(`${key}/readAndRest`)).toEqual([expected(count), expected(count)]);
    expect(await call(`${key}/set`, count - 1)).toBe("set");
    expect(await call(`${key}/set`, count - 2)).toBe("set");
    expect(await call(`${key}/get`)).toBe(expected(count - 2));
    expect(await call(`${key}/set`, 10)).toBe("set");
    expect(await call(`${key}/get`)).toBe(expected(10));
    await call(`${key}/clear`);
    expect(await call(`${key}/get`)).toBe(null);
  });

  test("a promise's value: waited for, peeked at, completed once", async () => {
    const id = await world.send(`/Flow/f${count}/run`);
    expect(await call(`/Flow/f${count}/resolve`, count)).toBe("resolved");
    expect(await call(`/Flow/f${count}/resolve`, count - 1)).toMatch(/^409 /);
    expect(await within(WAIT_MS, "the end", world.attach(id))).toMatchObject({ body: expected(count) });
    expect(await call(`/Flow/f${count}/peek`)).toBe(expected(count));
  });

  test("an awakeable's payload, by a handler and over HTTP", async () => {
    for (const by of ["handler", "http"]) {
      const name = `${by}-${count}`;
      const id = await world.send("/Source/waitFor", name);
      await expect.poll(() => awakeables.get(name), { timeout: WAIT_MS }).toBeDefined();
      const awakeable = awakeables.get(name) ?? "";
      if (by === "handler") expect(await call("/Source/resolve", { id: awakeable, count })).toBe("sent");
      else {
        const path = `/restate/awakeables/${awakeable}/resolve`;
        expect((await world.environment.request(path, bytesOf(count), BINARY)).status).toBe(202);
      }
      expect(await within(WAIT_MS, "the end", world.attach(id))).toMatchObject({ body: expected(count) });
    }
  });

  test("a signal's payload", async () => {
    const id = await world.send("/Source/listen");
    expect(await call("/Source/signal", { id, count })).toBe("sent");
    expect(await within(WAIT_MS, "the end", world.attach(id))).toMatchObject({ body: expected(count) });
  });
});

describe("one byte beyond the limit is a 413", () => {
  test.each(["/Sink/take", "/Sink/take/send", "/restate/awakeables/sign_1x/resolve"])("%s", async (path) => {
    const answer = await world.ask(path, new Uint8Array(BEYOND), BINARY);
    expect(answer).toMatchObject({
      status: 413,
      body: {
        message: `the payload is ${BEYOND} bytes long; at most ${PAYLOAD_BYTES_MAX} are supported (RT0003)`,
      },
    });
  });

  test.each(["step", "call", "send"])("%s: where it happens", async (handler) => {
    expect(await call(`/Source/${handler}`, BEYOND)).toMatch(REFUSED);
  });

  test("a result: to its caller, over HTTP or in a handler", async () => {
    expect(await world.ask("/Sink/give", BEYOND)).toMatchObject({ status: 413 });
    expect(await call("/Source/result", BEYOND)).toMatch(REFUSED);
  });

  test("state, promises, awakeables, signals: where it happens", async () => {
    expect(await call("/Store/beyond/set", BEYOND)).toMatch(REFUSED);
    expect(await call("/Flow/beyond/resolve", BEYOND)).toMatch(REFUSED);
    const id = await world.send("/Source/waitFor", "beyond");
    await expect.poll(() => awakeables.get("beyond")).toBeDefined();
    expect(await call("/Source/resolve", { id: awakeables.get("beyond"), count: BEYOND })).toMatch(REFUSED);
    expect(await call("/Source/signal", { id, count: BEYOND })).toMatch(REFUSED);
  });
});

describe("what people look at is cut where it would be more than an answer holds", () => {
  test("an input and a result", async () => {
    const input = bytesOf(PAYLOAD_BYTES_MAX);
    const id = await world.send("/Sink/takeSlowly", input, "", BINARY);
    await within(WAIT_MS, "the end", world.attach(id));
    const { body } = await world.admin(`/invocations/${id}/journal`);
    expect(body).toMatchObject({ input: { value_ref: `input#0/16/${PAYLOAD_BYTES_MAX}` } });
    const given = await world.environment.request("/Sink/give", PAYLOAD_BYTES_MAX);
    const journal = await world.admin(`/invocations/${given.headers["x-restate-id"]}/journal`);
    expect(journal.body).toMatchObject({
      output: { value_ref: expect.stringMatching(/^value#.*\/16\//) as string },
    });
  });

  test("a value of state, which the version tells from others all the same", async () => {
    const look = async () => (await world.admin("/services/Store/state/viewed")).body;
    await call("/Store/viewed/set", PAYLOAD_BYTES_MAX);
    const first = await look();
    expect(first).toMatchObject({ state: [{ name: "v", bytes: PAYLOAD_BYTES_MAX, omitted: true }] });
    await call("/Store/viewed/set", PAYLOAD_BYTES_MAX - 1);
    expect((await look()) as object).not.toMatchObject({ version: (first as { version: string }).version });
    await call("/Store/viewed/set", VALUE_ITEM_BYTES_MAX + 1);
    const value_base64 = Buffer.from(bytesOf(VALUE_ITEM_BYTES_MAX + 1)).toString("base64");
    expect(await look()).toMatchObject({ state: [{ name: "v", value_base64 }] });
  });
});
