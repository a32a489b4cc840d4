/** What a handler forgets to await is said: once for each handler, at once, and with the line as soon as it is known. */
import { DurablePromise, service, type Context } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { pause } from "../semantics/world.ts";

const other = service({ name: "Other", handlers: { nothing: async (_ctx: Context) => undefined } });
const clientOf = (ctx: Context) => ctx.serviceClient<typeof other>(other);

const forgetful = service({
  name: "Forgetful",
  handlers: {
    step: async (ctx: Context) => {
      void ctx.run("send the e-mail", () => "sent");
    },
    loop: async (ctx: Context) => {
      // oxlint-disable-next-line typescript/no-misused-promises -- that is what it is about
      ["a", "b"].forEach(async (item) => {
        await ctx.run(item, () => item);
      });
    },
    sleep: async (ctx: Context) => void ctx.sleep(1000),
    call: async (ctx: Context) => void clientOf(ctx).nothing(),
    awakeable: async (ctx: Context) => ctx.awakeable().id.length,
    signal: async (ctx: Context) => void ctx.signal("go"),
    many: async (ctx: Context) => {
      for (let at = 0; at < 5; at++) void ctx.run(`step ${at}`, () => at);
    },
    native: async (ctx: Context) => await Promise.race([ctx.sleep(1), ctx.sleep(100_000)]),
    inner: async (ctx: Context) => void DurablePromise.all([ctx.run("part", () => 1)]),
    late: async (ctx: Context) => void setTimeout(() => void ctx.run("late", () => 1), 5),
    // What is right.
    race: async (ctx: Context) => await DurablePromise.race([ctx.sleep(1), ctx.sleep(100_000)]),
    bounded: async (ctx: Context) => await ctx.run("x", () => 1).orTimeout(10_000),
    mapped: async (ctx: Context) => await ctx.run("x", () => 1).map((value = 0) => value + 1),
    returned: (ctx: Context) => ctx.run("x", () => 1),
    later: async (ctx: Context) => {
      const [a, b] = [ctx.run("a", () => 1), ctx.run("b", () => 2)];
      return (await b) + (await a);
    },
    known: async (ctx: Context) => (await clientOf(ctx).nothing().invocationId).length,
    sent: async (ctx: Context) => void ctx.serviceSendClient<typeof other>(other).nothing(),
    settled: async (ctx: Context) => {
      const early = clientOf(ctx).nothing();
      await ctx.sleep(50);
      await early;
    },
    failed: async (ctx: Context) => {
      void ctx.sleep(1000);
      await ctx.run(
        "fails",
        () => {
          throw Object.assign(new Error("no"), { name: "TerminalError" });
        },
        { maxRetryAttempts: 1 },
      );
    },
  },
});

let environment: TestEnvironment;
let said: string[] = [];
beforeAll(async () => {
  environment = await TestEnvironment.start({
    services: [forgetful, other],
    logger: ({ level }, message) => {
      if (level === "warn") said.push(String(message));
    },
  });
});
afterAll(async () => {
  await environment.stop();
});
beforeEach(() => {
  said = [];
});

const call = async (handler: string): Promise<void> => {
  await environment.call(`/Forgetful/${handler}`);
};

const FORGOTTEN: Readonly<Record<string, string>> = {
  step: 'run "send the e-mail"@: it did not run. Was "await" forgotten?',
  sleep: 'sleep@: it did not wait. Was "await" forgotten?',
  call: 'call of Other/nothing@: its result is lost (use a send client if that is meant). Was "await" forgotten?',
  awakeable: 'awakeable@: nobody waits for it. Was "await" forgotten?',
  signal: 'signal "go"@: nobody waits for it. Was "await" forgotten?',
  inner: 'run "part"@: it did not run. Was "await" forgotten?',
};

describe("it is said, and the second time with the line:", () => {
  test.each(Object.entries(FORGOTTEN))("%s", async (handler, words) => {
    for (let time = 0; time < 4; time++) await call(handler);
    const begin = `Forgetful/${handler} returned without awaiting `;
    expect(said).toHaveLength(2);
    expect(said[0]).toBe(begin + words.replace("@", ""));
    const [before = "", after = ""] = (begin + words).split("@");
    expect(said[1]?.startsWith(`${before}, at `)).toBe(true);
    expect(said[1]).toContain("forgotten.test.ts:");
    expect(said[1]?.endsWith(after)).toBe(true);
  });

  test("what a loop by forEach starts", async () => {
    await call("loop");
    expect(said).toEqual([
      'Forgetful/loop returned without awaiting run "a": the code that awaits it was not waited for; ' +
        'run "b": the code that awaits it was not waited for. ' +
        'A loop by forEach does not wait: use "for" with "await", or DurablePromise.all. ' +
        "Combine with DurablePromise.race, not Promise.race.",
    ]);
  });

  test("what has lost a native race", async () => {
    await call("native");
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("Combine with DurablePromise.race, not Promise.race.");
  });

  test("many in one line", async () => {
    await call("many");
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/run "step 0".*run "step 1".*run "step 2": it did not run; and 2 more\. Was/u);
  });
});

test("a context that is used after the end", async () => {
  for (let time = 0; time < 2; time++) {
    await call("late");
    await pause(30);
  }
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(
    /^Forgetful\/late used its context after it had returned: run "late", at .*forgotten\.test\.ts:\d+/u,
  );
});

describe("nothing is said of", () => {
  test.each(["race", "bounded", "mapped", "returned", "later", "known", "sent", "settled"])(
    "%s",
    async (handler) => {
      for (let time = 0; time < 2; time++) await call(handler);
      expect(said).toEqual([]);
    },
  );

  test("a handler that has failed", async () => {
    await expect(call("failed")).rejects.toThrow("no");
    expect(said.filter((text) => text.includes("without awaiting"))).toEqual([]);
  });
});
