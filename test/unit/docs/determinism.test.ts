/** docs/determinism.md: what it calls wrong does what it says, and what it calls right does not. */
import { DurablePromise, service, type Context } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let mails = 0;
let packed: string[] = [];
let turns = 0;
let payments = 0;
const SECOND = { seconds: 1 };
const items = ["tea", "cup", "spoon"];
const pack = (item: string): void => void packed.push(item);

const quotes = service({
  name: "Quotes",
  handlers: {
    ask: async (ctx: Context, seconds: number) => {
      await ctx.sleep({ seconds });
      return seconds;
    },
  },
});

const shown = service({
  name: "Shown",
  handlers: {
    newIdWrong: async (ctx: Context) => {
      const id = crypto.randomUUID();
      const reserved = await ctx.run("reserve", () => id);
      await ctx.sleep(SECOND);
      return (await ctx.run("confirm", () => id)) === reserved;
    },
    newIdRight: async (ctx: Context) => {
      const id = ctx.rand.uuidv4();
      const reserved = await ctx.run("reserve", () => id);
      await ctx.sleep(SECOND);
      return (await ctx.run("confirm", () => id)) === reserved;
    },
    mailWrong: async (ctx: Context) => {
      mails++;
      await ctx.sleep(SECOND);
    },
    mailRight: async (ctx: Context) => {
      await ctx.run("mail", () => void mails++);
      await ctx.sleep(SECOND);
    },
    totalWrong: async (ctx: Context) => {
      let total = 0;
      await ctx.run("price", () => void (total += 5));
      await ctx.sleep(SECOND);
      return total;
    },
    totalRight: async (ctx: Context) => {
      let total = 0;
      total += await ctx.run("price", () => 5);
      await ctx.sleep(SECOND);
      return total;
    },
    awaitWrong: async (ctx: Context) => {
      void ctx.run("mail", () => void mails++);
      items.forEach((item) => void ctx.run(item, () => pack(item)));
    },
    awaitRight: async (ctx: Context) => {
      for (const item of items) await ctx.run(item, () => pack(item));
      await DurablePromise.all(items.map((item) => ctx.run(item, () => pack(item))));
    },
    combineWrong: async (ctx: Context) => {
      turns++;
      await Promise.all([1, 2, 3, 4, 5].map((seconds) => ctx.serviceClient(quotes).ask(seconds)));
    },
    combineRight: async (ctx: Context) => {
      turns++;
      await DurablePromise.all([1, 2, 3, 4, 5].map((seconds) => ctx.serviceClient(quotes).ask(seconds)));
    },
    swallowWrong: async (ctx: Context) => {
      try {
        await ctx.run("pay", () => {
          if (++payments < 4) throw new Error("the bank is closed");
        });
      } catch {
        return "caught";
      }
      return "paid";
    },
    json: async (ctx: Context) => {
      const kept = await ctx.run("values", () => ({
        date: new Date(0),
        map: new Map([["tea", 1]]),
        nan: NaN,
      }));
      await ctx.sleep(SECOND);
      return kept;
    },
  },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [shown, quotes], time: "auto" });
});
afterAll(async () => await environment.stop());

test("rule 1: an id that is made outside of ctx is another one after the sleep", async () => {
  expect(await environment.service(shown).newIdWrong()).toBe(false);
  expect(await environment.service(shown).newIdRight()).toBe(true);
});

test("rule 2: what is done outside of a step is done in each attempt", async () => {
  mails = 0;
  await environment.service(shown).mailWrong();
  expect(mails).toBe(2);
  mails = 0;
  await environment.service(shown).mailRight();
  expect(mails).toBe(1);
});

test("rule 3: a variable that a step has set is not set by a replay", async () => {
  expect(await environment.service(shown).totalWrong()).toBe(0);
  expect(await environment.service(shown).totalRight()).toBe(5);
});

test("rule 4: a step that is not awaited does not run", async () => {
  [mails, packed] = [0, []];
  await environment.service(shown).awaitWrong();
  expect([mails, packed]).toEqual([0, []]);
  await environment.service(shown).awaitRight();
  expect(packed).toEqual([...items, ...items]);
});

test("rule 5: Promise.all wakes a handler more often than DurablePromise.all", async () => {
  turns = 0;
  await environment.service(shown).combineWrong();
  const wrong = turns;
  turns = 0;
  await environment.service(shown).combineRight();
  expect(turns).toBe(2);
  expect(wrong).toBeGreaterThan(turns);
});

test("rule 8: an ordinary error of a step does not come to catch, but is tried again", async () => {
  expect(await environment.service(shown).swallowWrong()).toBe("paid");
  expect(payments).toBe(4);
});

test("rule 9: what JSON does not have becomes something else", async () => {
  expect(await environment.service(shown).json()).toEqual({
    date: "1970-01-01T00:00:00.000Z",
    map: {},
    nan: null,
  });
});
