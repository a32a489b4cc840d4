/** `perdure/client`: its requests, and its retries by the rules of Restate's published client; results, status, cancel, kill. */
import { connect as connectPublished, rpc } from "@restatedev/restate-sdk-clients";
import fc from "fast-check";
import { iface, implement, object, service, TerminalError, workflow } from "perdure";
import type { Context, ObjectContext, Serde, WorkflowContext, WorkflowSharedContext } from "perdure";
import { connect, HttpCallError, options, type ClientOptions } from "perdure/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { until, within, World } from "../semantics/world.ts";

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: Context, name: string) => await Promise.resolve(`hello ${name}`),
    ping: async (_ctx: Context) => await Promise.resolve("pong"),
    header: async (ctx: Context) => await Promise.resolve(ctx.request().headers.get("x-own") ?? "none"),
    fail: async (_ctx: Context) => await Promise.reject(new TerminalError("no", { errorCode: 418 })),
    wait: async (ctx: Context) => {
      await ctx.sleep({ days: 1 });
    },
  },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      return sum;
    },
  },
});
const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: WorkflowContext, name: string) => `${name}, ${await ctx.promise<string>("approved")}`,
    approve: async (ctx: WorkflowSharedContext, how: string) => {
      await ctx.promise<string>("approved").resolve(how);
    },
  },
});
const shouted: Serde<string> = {
  contentType: "text/shouted",
  serialize: (value) => new TextEncoder().encode(`${value}!`),
  deserialize: (data) => new TextDecoder().decode(data).replace(/!$/, ""),
};
const contract = iface.service("Contract", { echo: iface.serdes({ input: shouted, output: shouted }) });
const contracted = implement(contract, {
  handlers: { echo: async (_ctx, text) => await Promise.resolve(text.toUpperCase()) },
});

describe("against the engine", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.of(greeter, counter, signup, contracted);
  });
  afterAll(async () => await world.stop());

  /** The engine's answers, without a server. */
  const answers: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const body = init?.body as Uint8Array | undefined;
    const { environment } = world;
    const answer =
      url.port === "9070"
        ? await environment.admin(url.pathname, init?.method)
        : await environment.request(`${url.pathname}${url.search}`, body, headers, init?.method);
    const bytes = answer.body.byteLength === 0 ? null : new Uint8Array(answer.body);
    return new Response(bytes, { status: answer.status, headers: answer.headers });
  };
  const client = connect({ url: "http://local:8080/", adminUrl: "http://local:9070", fetch: answers });

  test("calls and sends, typed by definitions, contracts or not at all", async () => {
    expect(await client.serviceClient(greeter).greet("a")).toBe("hello a");
    expect(await client.serviceClient<typeof greeter>({ name: "Greeter" }).ping()).toBe("pong");
    expect(await client.serviceClient(greeter).header(options({ headers: { "x-own": "1" } }))).toBe("1");
    expect(await client.objectClient(counter, "a/b").add(2)).toBe(2);
    expect(await client.client(contract).echo("loud")).toBe("LOUD");
    expect(await client.call({ service: "Greeter", handler: "greet", parameter: "b" })).toBe("hello b");
    const once = options({ idempotencyKey: "once", delay: "1ms" });
    const sent = await client.objectSendClient(counter, "k").add(3, once);
    expect(sent.status).toBe("Accepted");
    expect(await client.attach<number>(sent.invocationId)).toBe(3);
    const again = await client.objectSendClient(counter, "k").add(3, once);
    expect([again.invocationId, again.status]).toEqual([sent.invocationId, "PreviouslyAccepted"]);
    const target = { service: "Counter", key: "k", handler: "add", idempotencyKey: "once" };
    expect(await client.attach(target)).toBe(3);
    const { invocationId } = await client.send(
      { service: "Contract", handler: "echo", parameter: "x" },
      { input: shouted },
    );
    expect(invocationId).toMatch(/^inv_/);
    expect((await client.sendClient(contract).echo("x")).status).toBe("Accepted");
  });

  test("a workflow: submitted, looked at, approved, attached to", async () => {
    await client.workflowSendClient(signup, "me").run("Ann");
    const run = { workflow: "Signup", key: "me" };
    expect(await client.output(run)).toEqual({ ready: false });
    await client.workflowClient(signup, "me").approve("yes");
    expect(await client.attach(run)).toBe("Ann, yes");
    expect(await client.output(run)).toEqual({ ready: true, result: "Ann, yes" });
  });

  test("status, cancel and kill", async () => {
    const wait = async () =>
      (await client.serviceSendClient(greeter).wait(options({ idempotencyKey: crypto.randomUUID() })))
        .invocationId;
    const [cancelled, killed] = [await wait(), await wait()];
    await until(async () => (await client.status(cancelled)).stage === "started", "the start");
    await client.cancel(cancelled);
    await client.kill(killed);
    for (const [id, message] of [
      [cancelled, "Cancelled"],
      [killed, "killed"],
    ] as const) {
      const end = async () => (await client.status(id)).stage === "completed";
      await until(end, "the end");
      expect((await client.status(id)).error).toMatchObject({ code: 409, message });
      await expect(client.attach(id)).rejects.toMatchObject({ status: 409 });
    }
    await expect(connect({ url: "http://local:8080", fetch: answers }).cancel(killed)).rejects.toThrow(
      "cancel() needs connect({ adminUrl })",
    );
  });

  test("a failure carries its status, its text and the invocation's id", async () => {
    const error: unknown = await client
      .serviceClient(greeter)
      .fail()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HttpCallError);
    expect(error).toMatchObject({ status: 418, invocationId: expect.stringMatching(/^inv_/) as string });
    expect((error as HttpCallError).responseText).toContain("no");
    await expect(client.status("inv_nonsense")).rejects.toMatchObject({ status: 400 });
  });
});

/** One answer of a scripted server. `undefined`: the connection breaks. */
interface Scripted {
  readonly status: number;
  readonly headers?: Record<string, string>;
}
interface Script {
  readonly fetch: typeof fetch;
  /** When requests came, in milliseconds from the first. */
  readonly atMs: number[];
}

function scripted(answers: readonly (Scripted | undefined)[]): Script {
  const atMs: number[] = [];
  const startMs = Date.now();
  const answering: typeof fetch = async () => {
    const answer = answers[atMs.length];
    atMs.push(Date.now() - startMs);
    await Promise.resolve();
    if (atMs.length > answers.length) return new Response('"done"', { status: 200 });
    if (!answer) throw new TypeError("fetch failed");
    return new Response("{}", answer);
  };
  return { fetch: answering, atMs };
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A request to a scripted server: when each attempt is made, and how it ends. */
async function goes(
  answers: readonly (Scripted | undefined)[],
  ask: (fetching: typeof fetch) => PromiseLike<unknown>,
): Promise<readonly [number[], unknown]> {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  vi.spyOn(Math, "random").mockReturnValue(0.25);
  const script = scripted(answers);
  const asked = Promise.resolve(ask(script.fetch)).then(
    (value) => value,
    (error: unknown) => (error as { status?: number }).status ?? (error as Error).name,
  );
  await vi.runAllTimersAsync();
  const end = await within(1000, "the end", asked);
  vi.useRealTimers();
  return [script.atMs.map(Math.round), end];
}

const keyed = { idempotencyKey: "k" };
const published = (retry: boolean | object) => (fetching: typeof fetch) =>
  connectPublished({ url: "http://local", retry, fetch: fetching })
    .serviceClient<{ greet(ctx: unknown, name: string): Promise<string> }>({ name: "Greeter" })
    .greet("a", rpc.opts(keyed));
const own =
  (retry: ClientOptions["retry"], given: Parameters<typeof options>[0] = keyed) =>
  (fetching: typeof fetch) =>
    connect({ url: "http://local", fetch: fetching, ...(retry === undefined ? {} : { retry }) })
      .serviceClient(greeter)
      .greet("a", options(given));
const overloaded = { status: 503 };

describe("retries", () => {
  test("none by default, and none of what must not be sent twice", async () => {
    expect(await goes([overloaded], own(undefined))).toEqual([[0], 503]);
    expect(await goes([overloaded], own(true, {}))).toEqual([[0], 503]);
    expect(await goes([overloaded], own(true))).toEqual([[0, 225], "done"]);
    const submit = (fetching: typeof fetch) =>
      connect({ url: "http://local", retry: true, fetch: fetching }).workflowSendClient(signup, "k").run("a");
    expect((await goes([overloaded], submit))[0]).toHaveLength(2);
    const approve = (fetching: typeof fetch) =>
      connect({ url: "http://local", retry: true, fetch: fetching }).workflowClient(signup, "k").approve("a");
    expect((await goes([overloaded], approve))[0]).toHaveLength(1);
    const cancel = (fetching: typeof fetch) =>
      connect({ url: "http://l", adminUrl: "http://a", retry: true, fetch: fetching }).cancel("inv_1");
    expect((await goes([overloaded], cancel))[0]).toHaveLength(1);
  });

  test("an invocation's own failure is final; a wait that does not fit is not begun", async () => {
    const failed = { status: 500, headers: { "x-restate-error-source": "invocation" } };
    expect(await goes([failed], own(true))).toEqual([[0], 500]);
    expect(await goes([{ status: 429, headers: { "retry-after": "120" } }], own(true))).toEqual([[0], 429]);
    expect(await goes([{ status: 429, headers: { "retry-after": "2" } }], own(true))).toEqual([
      [0, 2000],
      "done",
    ]);
    const isOnce = own({ maxAttempts: 3, shouldRetry: (_failure, attempt) => attempt === 0 });
    expect(await goes([{ status: 404 }, { status: 404 }], isOnce)).toEqual([[0, 225], 404]);
    expect(() => connect({ url: "", retry: { maxAttempts: false, maxDuration: false } })).toThrow(
      /need a bound/,
    );
  });

  test("the same as the published client's, whatever the server does", async () => {
    const answer = fc.option(
      fc.record({
        status: fc.constantFrom(400, 404, 408, 409, 425, 429, 470, 500, 502, 503, 504, 599),
        headers: fc.oneof(
          fc.constant({}),
          fc
            .constantFrom("0", "1", "2.5", "30", "soon", "", "Tue, 14 Nov 2023 22:13:25 GMT")
            .map((after) => ({
              "retry-after": after,
            })),
          fc.constantFrom("ingress", "invocation").map((source) => ({ "x-restate-error-source": source })),
        ),
      }),
      { nil: undefined, freq: 4 },
    );
    const policy = fc.oneof(
      fc.constant(true),
      fc.constant(false),
      fc.record(
        {
          maxAttempts: fc.constantFrom<(number | false)[]>(1, 2, 4, 9, false),
          maxDuration: fc.constantFrom(0, 1000, 20_000),
          initialInterval: fc.constantFrom(1, 100, { seconds: 1 }),
          maxInterval: fc.constantFrom(50, 2000),
          exponentiationFactor: fc.constantFrom(1, 3),
          respectRetryAfter: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 10 }), policy, async (script, retry) => {
        expect(await goes(script, own(retry))).toEqual(await goes(script, published(retry)));
      }),
      { numRuns: 150 },
    );
  });
});

describe("limits", () => {
  const never: typeof fetch = async (_url, init) =>
    await new Promise((_, reject) =>
      init?.signal?.addEventListener("abort", () => reject(init.signal?.reason as Error)),
    );

  test("a timeout ends each attempt", async () => {
    const given = options({ timeout: 5, idempotencyKey: "k" });
    const greet = connect({
      url: "http://local",
      retry: { maxAttempts: 3, initialInterval: 1 },
      fetch: never,
    });
    await expect(greet.serviceClient(greeter).greet("a", given)).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  test("a signal ends the request, and the wait for its repeat", async () => {
    for (const fetching of [never, scripted([overloaded, overloaded]).fetch]) {
      const controller = new AbortController();
      const client = connect({
        url: "http://local",
        retry: { initialInterval: 10_000, maxInterval: 10_000 },
        fetch: fetching,
      });
      const asked = client
        .serviceClient(greeter)
        .greet("a", options({ ...keyed, signal: controller.signal }));
      setTimeout(() => controller.abort(new Error("enough")), 5);
      await expect(within(1000, "the end", asked)).rejects.toThrow("enough");
    }
  });

  test("one of them", async () => {
    const both = options({ timeout: 1, signal: AbortSignal.timeout(1) });
    const client = connect({ url: "http://local", fetch: never }).serviceClient(greeter);
    await expect(client.greet("a", both)).rejects.toThrow("a signal or a timeout, not both");
  });
});
