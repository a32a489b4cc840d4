/** `TestEnvironment.skip`: days pass in a moment, and everything that is due happens in order. */
import { handlers, object, RetryableError, rpc, service, type Context, type ObjectContext } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const log: string[] = [];
let failures = 0;
const DAY_MS = 24 * 60 * 60 * 1000;

const sleeper = service({
  name: "Sleeper",
  handlers: {
    days: async (ctx: Context, days: number) => {
      const startMs = await ctx.date.now();
      await ctx.sleep({ days });
      log.push(`slept ${days}`);
      return Math.floor(((await ctx.date.now()) - startMs) / DAY_MS);
    },
    later: async (ctx: Context, what: string) => {
      ctx.serviceSendClient(sleeper0).note(what, rpc.sendOpts({ delay: { days: 2 } }));
    },
    note: async (_ctx: Context, what: string) => void log.push(what),
    fails: async () => {
      if (failures++ < 3) throw new RetryableError("later", { retryAfter: { hours: 1 } });
      return failures;
    },
    kept: handlers.handler({ idempotencyRetention: { days: 1 } }, async () => log.push("kept")),
  },
});
const sleeper0 = service({
  name: "Sleeper",
  handlers: { note: async (_ctx: Context, _what: string) => undefined },
});
const thing = object({
  name: "Thing",
  handlers: { limited: async (ctx: ObjectContext) => await ctx.awakeable().promise.orTimeout({ days: 30 }) },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [sleeper, thing] });
});
afterAll(async () => await environment.stop());
const bodyOf = ({ body }: { body: Uint8Array }) => new TextDecoder().decode(body);

test("sleeps end in order, each at its time", async () => {
  const answers = [3, 1, 2].map((days) => environment.call<number>("/Sleeper/days", days));
  await environment.skip({ days: 4 });
  expect(await Promise.all(answers)).toEqual([3, 1, 2]);
  expect(log.splice(0)).toEqual(["slept 1", "slept 2", "slept 3"]);
});

test("a sleep that is not over goes on", async () => {
  const answer = environment.call<number>("/Sleeper/days", 2);
  await environment.skip({ days: 1 });
  expect(log).toEqual([]);
  await environment.skip({ days: 1 });
  expect(await answer).toBe(2);
  expect(log.splice(0)).toEqual(["slept 2"]);
});

test("a delayed send comes when it is due", async () => {
  await environment.call("/Sleeper/later", "delayed");
  await environment.skip({ days: 1, hours: 23 });
  expect(log).toEqual([]);
  await environment.skip({ hours: 2 });
  expect(log.splice(0)).toEqual(["delayed"]);
});

test("back-offs and limits pass", async () => {
  const retried = environment.call("/Sleeper/fails");
  const limited = environment.request("/Thing/k/limited");
  await environment.skip({ days: 31 });
  expect(await retried).toBe(4);
  expect((await limited).status).toBe(408);
});

test("a result whose retention has passed is gone", async () => {
  const key = { "idempotency-key": "k" };
  expect(await environment.call("/Sleeper/kept", undefined, key)).toBe(1);
  expect(await environment.call("/Sleeper/kept", undefined, key)).toBe(1);
  await environment.skip({ days: 1 });
  expect(bodyOf(await environment.request("/Sleeper/kept", undefined, key))).toBe("2");
});
