/** In a test each handler runs once more over what it has recorded, and must do the same. What it prints is kept by invocation. */
import { service, type Context } from "perdure";
import { DeterminismError, TestEnvironment, type TestEnvironmentOptions } from "perdure/testing";
import { expect, test, vi } from "vitest";

let turns = 0;
const later = async (ms: number): Promise<void> => await new Promise((done) => void setTimeout(done, ms));

const shop = service({
  name: "Shop",
  handlers: {
    total: async (ctx: Context) => {
      let total = 0;
      await ctx.run("price", () => void (total += 5));
      return total;
    },
    name: async (ctx: Context) => {
      await ctx.run(`step ${Math.random()}`, () => 1);
      await ctx.sleep({ days: 1 });
    },
    more: async (ctx: Context) => {
      await ctx.run("first", () => 1);
      if (turns++ > 0) await ctx.run("second", () => 1);
    },
    less: async (ctx: Context) => {
      await ctx.run("first", () => 1);
      if (turns++ === 0) await ctx.run("second", () => 1);
    },
    sleepsMore: async (ctx: Context) => {
      await ctx.run("first", () => 1);
      if (turns++ > 0) await ctx.sleep({ days: 1 });
    },
    fails: async (ctx: Context) => {
      await ctx.run("first", () => 1);
      if (turns++ > 0) throw new Error("the second time");
    },
    right: async (ctx: Context, text: string) => {
      console.log("began %s", text);
      const at = await ctx.date.now();
      const id = ctx.rand.uuidv4();
      ctx.console.warn("has an id");
      await ctx.run("in a step", () => {
        console.error("in a step");
        return Math.random() + Date.now();
      });
      await ctx.sleep({ days: 30 });
      return (await ctx.run("after", () => id + String(at))) === id + String(at);
    },
    clock: async (ctx: Context) => {
      const at = Date.now();
      await ctx.run("look", () => 1);
      return at > 0;
    },
    sends: async (ctx: Context) => {
      await ctx.run("look", () => 1);
      return await fetch("http://127.0.0.1:1/").catch(() => "no answer");
    },
    big: async (ctx: Context) => {
      const text = await ctx.run("big", () => "x".repeat(400_000));
      return text + text;
    },
  },
});
const starting = (more: Partial<TestEnvironmentOptions> = {}) =>
  TestEnvironment.start({ services: [shop], time: "auto", ...more });

test.each([
  [
    "total",
    /^Shop\/total does not do the same in each attempt\. The handler had returned 5, and the code now returns 0\./u,
  ],
  [
    "name",
    /the journal recorded run "step 0\.\d+", but the code now does run "step 0\.\d+", with another name, at .*determinism\.test\.ts:\d+:\d+\)?\.\nIt uses Math\.random\(\) outside of a step, at .*determinism\.test\.ts:\d+:\d+/u,
  ],
  ["more", /The handler had ended after 1 entry, and the code now does run "second" besides\./u],
  ["less", /the journal recorded run "second", but the code ends without doing it/u],
  ["sleepsMore", /The handler had ended after 1 entry, and the code now does sleep besides\./u],
  ["fails", /The handler had ended after 1 entry, and the code now fails: the second time/u],
] as const)("%s: both sides are told, and the test fails", async (handler, words) => {
  turns = 0;
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await using environment = await starting();
  const client = environment.service(shop);
  const error: unknown = await client[handler]().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeterminismError);
  expect((error as DeterminismError).message).toMatch(words);
  expect((error as DeterminismError).target).toBe(`Shop/${handler}`);
});

test("one that nobody awaits is told at the end", async () => {
  turns = 0;
  const environment = await starting();
  void environment.client.serviceSendClient(shop).total().catch(String);
  await environment.settled();
  await expect(environment.stop()).rejects.toThrow(/had returned 5/u);
  const unchecked = await starting({ determinism: "off" });
  expect(await unchecked.service(shop).total()).toBe(5);
  await unchecked.stop();
  await expect(starting({ determinism: "maybe" as "off" })).rejects.toThrow(
    'determinism must be one of replay, strict, off; got "maybe"',
  );
});

test("right code passes, and what it prints is its invocation's", async () => {
  const spy = vi.spyOn(process.stdout, "write");
  await using environment = await starting();
  const before = environment.counts;
  expect(await environment.service(shop).right("now")).toBe(true);
  expect(environment.counts.invocations - before.invocations).toBe(2);
  const [invocation] = await environment.invocations();
  // `console` prints in each attempt, and `ctx.console` once.
  expect(invocation?.logs.map(({ level, text, source }) => `${source} ${level}: ${text}`)).toEqual([
    ...["console info: began now", "ctx.console warn: has an id", "console error: in a step"],
    "console info: began now",
  ]);
  expect(spy.mock.calls.filter(([text]) => String(text).includes("has an id"))).toEqual([]);
  expect(await environment.timeline()).toMatch(
    /\+\d+ \w+ {2}info: began now\n +\+\d+ \w+ {2}warn: has an id/u,
  );
});

test("a result that is kept apart is compared, too", async () => {
  await using environment = await starting();
  expect((await environment.service(shop).big()).length).toBe(800_000);
});

test("uses of the clock are said once for each line, and fail the test if they shall", async () => {
  const spy = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  await using environment = await starting();
  for (let times = 0; times < 2; times++) await environment.service(shop).clock();
  const own = spy.mock.calls.map(([text]) => String(text)).filter((text) => text.includes("Shop/clock"));
  expect(own).toHaveLength(1);
  expect(own[0]).toMatch(
    /^warning: Shop\/clock uses Date\.now\(\) outside of a step, at .*determinism\.test\.ts:\d+:\d+\)?: another attempt gets another time\./u,
  );
  await using strict = await starting({ determinism: "strict" });
  await expect(strict.service(shop).clock()).rejects.toThrow(
    /Shop\/clock uses Date\.now\(\) outside of a step/u,
  );
});

test("a request outside of steps is not sent again", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const sent = vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.reject(new Error("no")));
  await using environment = await starting();
  expect(await environment.service(shop).sends()).toBe("no answer");
  expect(sent).toHaveBeenCalledTimes(1);
});

test("the test's own code is not trapped, and everything is put back", async () => {
  const replaced = (): readonly unknown[] => [
    console.log,
    Date.now,
    Math.random,
    Date,
    new Date().constructor,
  ];
  const before = replaced();
  const spy = vi.spyOn(console, "warn");
  {
    await using first = await starting();
    await using second = await starting();
    expect(Date.now() - new Date().getTime()).toBeLessThan(1000);
    expect(Math.random()).toBeLessThan(1);
    await later(1);
    void [first, second];
  }
  expect(spy).not.toHaveBeenCalled();
  spy.mockRestore();
  expect(replaced()).toEqual(before);
});
