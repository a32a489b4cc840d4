// Recorded journals tell whether handlers do what is recorded, and nothing happens meanwhile.
import { expect, onTestFinished, test } from "vitest";
import { type Context, object, type ObjectContext, service } from "perdure";
import { replay, TestEnvironment } from "perdure/testing";

let effects = 0;

const orders = (step: string, more?: (ctx: ObjectContext) => Promise<unknown>) =>
  object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext, item: string) => {
        const price = await ctx.run(step, () => ++effects);
        ctx.set("status", "paid");
        await more?.(ctx);
        await ctx.sleep({ minutes: 5 });
        await ctx.run("ship", () => ++effects);
        return { item, price };
      },
    },
  });

const long = (count: number, bytes: number) =>
  service({
    name: "Long",
    handlers: {
      go: async (ctx: Context, text: string) => {
        for (let n = 0; n < count; n++) await ctx.run(`step ${n}`, () => "x".repeat(bytes));
        return text.length;
      },
    },
  });

async function environmentOf(...services: object[]): Promise<TestEnvironment> {
  const environment = await TestEnvironment.start({ services });
  onTestFinished(() => environment.stop());
  return environment;
}

async function asleep(): Promise<string> {
  const environment = await environmentOf(orders("price"));
  const { invocationId } = await environment.call<{ invocationId: string }>("/Order/o-1/place/send", "tea");
  await environment.settled();
  return await environment.invocation(invocationId).recorded();
}

test("the same code fits, and nothing happens", async () => {
  const journal = await asleep();
  const before = effects;
  expect(await replay(journal, { services: [orders("price")] })).toEqual([
    {
      id: expect.stringMatching(/^inv_1/) as string,
      target: "Order/o-1/place",
      deployment: "dp_test",
      ...{ status: "suspended", entries: 3, fits: true },
    },
  ]);
  expect(effects).toBe(before);
});

test("other code does not fit: both operations and the line are said", async () => {
  const journal = await asleep();
  const [renamed] = await replay(journal, { services: [orders("cost")] });
  expect(renamed).toMatchObject({ fits: false });
  expect(renamed?.reason).toMatch(
    /^Journal mismatch at operation 0 of 3 recorded: the journal recorded run "price", but the code now does run "cost".*replay\.test\.ts:\d+/,
  );
  expect(renamed?.reason).not.toContain("kill it");
  const [longer] = await replay(journal, {
    services: [orders("price", (ctx) => ctx.run("check", () => ++effects))],
  });
  expect(longer?.reason).toContain('the journal recorded sleep, but the code now does run "check"');
});

test("code that changes behind the recorded part fits", async () => {
  const changed = object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext) => {
        await ctx.run("price", () => ++effects);
        ctx.set("status", "paid");
        await ctx.sleep({ minutes: 7 });
        await ctx.run("send", () => ++effects);
      },
    },
  });
  expect(await replay(await asleep(), { services: [changed] })).toMatchObject([{ fits: true }]);
});

test("code that fails on the way: nobody can tell", async () => {
  const failing = object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext) => {
        await ctx.run("price", () => ++effects);
        throw new Error("no database");
      },
    },
  });
  const [replayed] = await replay(await asleep(), { services: [failing] });
  expect(replayed).toMatchObject({ fits: false, isUnsure: true });
  expect(replayed?.reason).toMatch(/^the code ended before it had done all that is recorded: no database/);
});

test("a service or a handler that is gone does not fit", async () => {
  const journal = await asleep();
  const other = object({ name: "Order", handlers: { cancel: async () => undefined } });
  expect(await replay(journal, { services: [other] })).toMatchObject([
    { fits: false, reason: "the code has no handler Order/place" },
  ]);
  expect(await replay(journal, { services: [long(1, 1)] })).toMatchObject([
    { fits: false, reason: "the code does not serve Order" },
  ]);
});

test("an invocation that has completed, with pages of its journal and long values, to its end", async () => {
  const environment = await environmentOf(long(120, 100_000));
  const { invocationId } = await environment.call<{ invocationId: string }>("/Long/go/send", "text");
  expect(await environment.invocation(invocationId).result()).toBe(4);
  const journal = await environment.invocation(invocationId).recorded();
  expect(await replay(journal, { services: [long(120, 100_000)] })).toMatchObject([
    { status: "completed", entries: 120, fits: true },
  ]);
  const [shorter] = await replay(journal, { services: [long(119, 1)] });
  expect(shorter?.reason).toContain('recorded run "step 119", but the code ends without doing it');
});

test("an invocation that has completed in one turn, and has read state", async () => {
  const counter = object({
    name: "Counter",
    handlers: {
      add: async (ctx: ObjectContext, more: number) => {
        const sum = ((await ctx.get<number>("sum")) ?? 0) + more;
        ctx.set("sum", sum);
        return sum;
      },
    },
  });
  const environment = await TestEnvironment.start({ services: [counter], determinism: "replay" });
  onTestFinished(() => environment.stop());
  const began = performance.now();
  for (const more of [1, 2]) await environment.call("/Counter/a/add", more);
  // Each was repeated, and what it had read was there: nothing was waited for.
  expect(performance.now() - began).toBeLessThan(1000);
  const invocations = await environment.invocations();
  const journals = await Promise.all(invocations.map((invocation) => invocation.recorded()));
  expect((await replay(journals, { services: [counter] })).map(({ fits }) => fits)).toEqual([true, true]);
});

const READS_LOST = "its last turn read state or a promise, and what it read was not kept, so nobody can tell";

/** An object whose invocations end in one turn, as in production: without what they read. */
const stocks = (more?: (ctx: ObjectContext) => Promise<unknown>, read = "left") =>
  object({
    name: "Stock",
    handlers: {
      add: async (ctx: ObjectContext, count: number) => {
        await more?.(ctx);
        const left = ((await ctx.get<number>("left")) ?? 0) + count;
        ctx.set("left", left);
        return left;
      },
      move: async (ctx: ObjectContext, count: number) => {
        const left = (await ctx.get<number>("left")) ?? 0;
        const held = (await ctx.get<number>("held")) ?? 0;
        if (left < count) throw new Error("there is not enough");
        ctx.set("left", left - count);
        ctx.set("held", held + count);
      },
      names: async (ctx: ObjectContext) => {
        const names = await ctx.stateKeys();
        ctx.set("names", names.length);
      },
      late: async (ctx: ObjectContext) => {
        await more?.(ctx);
        await ctx.run("first", () => ++effects);
        await ctx.sleep({ minutes: 1 });
        ctx.set("left", ((await ctx.get<number>("left")) ?? 0) + 1);
      },
      early: async (ctx: ObjectContext) => {
        ctx.set("left", ((await ctx.get<number>("left")) ?? 0) + 1);
        // It begins when all before it is recorded.
        await ctx.run("tell", () => ++effects);
      },
      known: async (ctx: ObjectContext) => {
        ctx.set("left", 1);
        await ctx.get(read);
        await ctx.sleep({ minutes: 5 });
      },
      only: async (ctx: ObjectContext) => await ctx.get<number>("left"),
      beside: async (ctx: ObjectContext) => {
        const left = ctx.get<number>("left");
        await ctx.run("first", () => ++effects);
        return await left;
      },
    },
  });

/** Of those that have ended: state is there that they read. A handler each, with its input. */
async function ended(...handlers: readonly (readonly [name: string, input?: unknown])[]): Promise<string[]> {
  const environment = await environmentOf(stocks());
  for (const count of [3, 4]) await environment.call("/Stock/cup/add", count);
  const journals: string[] = [];
  for (const [name, input] of handlers) {
    const path = `/Stock/cup/${name}/send`;
    const { invocationId } = await environment.call<{ invocationId: string }>(path, input);
    await environment.skip({ minutes: 2 });
    await environment.invocation(invocationId).result();
    journals.push(await environment.invocation(invocationId).recorded());
  }
  return journals;
}

test("what an invocation read in its last turn was not kept, so nobody can tell what rests on it", async () => {
  const journals = await ended(["add", 5], ["move", 5], ["names"], ["late"]);
  const untold = { status: "completed", fits: false, isUnsure: true, reason: READS_LOST };
  expect(await replay(journals, { services: [stocks()] })).toMatchObject(journals.map(() => untold));
});

test("nothing that is recorded rests on it", async () => {
  const journals = await ended(["early"], ["only"], ["beside"]);
  const told = { status: "completed", fits: true };
  expect(await replay(journals, { services: [stocks()] })).toMatchObject(journals.map(() => told));
});

/** Of one that sleeps. It reads what it has written itself, so that read has no entry. */
async function known(): Promise<string> {
  const environment = await environmentOf(stocks());
  const path = "/Stock/cup/known/send";
  const { invocationId } = await environment.call<{ invocationId: string }>(path, "left");
  await environment.settled();
  return await environment.invocation(invocationId).recorded();
}

test("code that does something else before it reads differs all the same, and so does another read of what is under way", async () => {
  const services = [stocks((ctx) => ctx.run("check", () => ++effects), "held")];
  const journals = [...(await ended(["late"], ["add", 5])), await known()];
  const [late, add, open] = await replay(journals, { services });
  expect(late?.reason).toContain('the journal recorded run "first", but the code now does run "check"');
  expect(add?.reason).toContain('recorded set "left", but the code came to rest without doing it');
  expect(open).toMatchObject({ status: "suspended", fits: false });
  expect(open?.reason).toContain("recorded sleep, but the code came to rest without doing it");
  expect([late, add, open].map((replayed) => replayed?.isUnsure)).toEqual([undefined, undefined, undefined]);
  expect(await replay(await known(), { services: [stocks()] })).toMatchObject([{ fits: true }]);
});

test("many journals are answered in their order", async () => {
  const journals = [await asleep(), await asleep()];
  const both = await replay(journals.join("\n"), { services: [orders("price")] });
  expect(both.map(({ fits }) => fits)).toEqual([true, true]);
  expect(await replay(journals, { services: [orders("price")] })).toEqual(both);
  expect(await replay("\n", { services: [orders("price")] })).toEqual([]);
});

test.each([
  ["{", "no JSON"],
  ["[]", "no object"],
  ['{"id":"inv_1"}', "no format"],
  ['{"perdure_journal":2}', "format 2 is of another version"],
  ['{"perdure_journal":1,"id":"x"}', "no id of an invocation"],
])("%s is no recorded journal", async (text, why) => {
  await expect(replay(text, { services: [orders("price")] })).rejects.toThrow(
    new TypeError(`not a recorded journal: ${why}`),
  );
});

test("a journal that is cut is refused", async () => {
  const journal = await asleep();
  const { items, ...rest } = JSON.parse(journal) as { items: unknown[] };
  const replaying = async (changed: object) =>
    await replay(JSON.stringify(changed), { services: [orders("price")] });
  await expect(replaying(rest)).rejects.toThrow("not a recorded journal: no items");
  await expect(replaying({ ...rest, items: [] })).rejects.toThrow("not a recorded journal: no head");
  await expect(replaying({ ...rest, items, next: "page#1" })).rejects.toThrow("only a part of one");
});

test("an invocation whose input was not kept, as a long one is not that ends in one turn: nobody can tell", async () => {
  const journal = JSON.parse(await asleep()) as {
    readonly items: readonly { readonly attributes: Record<string, unknown> }[];
  };
  for (const { attributes } of journal.items) delete attributes["in"];
  expect(await replay(JSON.stringify(journal), { services: [orders("charge")] })).toMatchObject([
    { fits: false, reason: "its input was not kept, so nobody can tell" },
  ]);
});
