/**
 * Durations and due times. A long one is cut to a hundred years, which every adapter takes. What is no duration is refused, in
 * words and once. What an error of a library asks for is taken as far as it makes sense.
 */
import {
  object,
  RetryableError,
  service,
  TerminalError,
  type Context,
  type ObjectContext,
  type RunOptions,
} from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askedDelayMs, parseDuration, toDelayMs, toMs } from "../../../lib/duration.ts";
import { DELAY_MS_MAX } from "../../../lib/limits.ts";
import { backoffMs } from "../../../lib/retry.ts";
import { viewTime } from "../../../runtime/admin/value-view.ts";
import { until, within, World } from "../semantics/world.ts";

const FOR_EVER = [Number.MAX_SAFE_INTEGER, 1e300, DELAY_MS_MAX + 1];
const NO_DURATION = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const MINUTE_MS = 60_000;

let attempts = 0;
const numberOf = (text: string): number => Number(text);

const keyed = object({
  name: "Keyed",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 3, onMaxAttempts: "pause" } },
  handlers: {
    sleep: async (ctx: ObjectContext, ms: string) => await ctx.sleep(numberOf(ms)),
    timeout: async (ctx: ObjectContext, ms: string) => await ctx.awakeable().promise.orTimeout(numberOf(ms)),
    send: async (ctx: ObjectContext, ms: string) => {
      const sent = ctx.genericSend({
        ...{ service: "Plain", method: "note", parameter: new Uint8Array(0), delay: numberOf(ms) },
      });
      return await sent.invocationId;
    },
    foreign: async (_ctx: ObjectContext, ms: string) => {
      attempts++;
      throw Object.assign(new Error("rate limited"), { retryAfterMs: numberOf(ms) });
    },
    step: async (ctx: ObjectContext, ms: string) =>
      await ctx.run("step", () => {
        const error = new RetryableError("rate limited");
        throw Object.assign(error, { retryAfterMs: numberOf(ms) });
      }),
    retries: async (ctx: ObjectContext, options: Record<string, string>) => {
      const numbers = Object.entries(options).map(([name, text]) => [name, numberOf(text)]);
      await ctx.run(
        "step",
        () => {
          attempts++;
          throw new Error("no luck");
        },
        Object.fromEntries(numbers) as RunOptions<void>,
      );
    },
    refused: async (ctx: ObjectContext, ms: string) => {
      attempts++;
      try {
        return await ctx.sleep(numberOf(ms));
      } catch (error) {
        if (!TerminalError.is(error)) throw error;
        return `${error.code} ${error.message}`;
      }
    },
  },
});
const plain = service({ name: "Plain", handlers: { note: async (_ctx: Context) => "noted" } });

let world: World;
beforeAll(async () => {
  world = await World.of(keyed, plain);
});
afterAll(async () => {
  await world.stop();
});

/** When it is due, as the admin API says: in a list as in the view of one invocation. */
async function dueOf(id: string, status: string): Promise<number> {
  await world.untilStatus(id, status);
  const { body } = await world.admin(`/invocations/${id}`);
  const list = await world.admin("/invocations");
  expect(list.status).toBe(200);
  expect(JSON.stringify(list.body)).toContain(id);
  const [due = ""] = /\d{4}-\d\d-\d\dT[\d:.]+Z(?= \(|"}?$)/.exec(dueText(body)) ?? [];
  return Date.parse(due);
}
const dueText = (body: unknown): string => {
  const view = body as Record<string, string>;
  return view["next_retry_at"] === undefined ? (view["waiting_on"] ?? "") : `${view["next_retry_at"]}"`;
};

describe("for ever is a hundred years:", () => {
  test.each(FOR_EVER)("%d ms", async (ms) => {
    expect(toMs(ms)).toBe(DELAY_MS_MAX);
    const id = await world.send(`/Keyed/${ms}/sleep`, String(ms));
    const due = await dueOf(id, "suspended");
    expect(Math.abs(due - Date.now() - DELAY_MS_MAX)).toBeLessThan(MINUTE_MS);
    await world.kill(id);
    const timeout = await world.send(`/Keyed/${ms}/timeout`, String(ms));
    await world.untilStatus(timeout, "suspended");
    expect((await world.admin("/invocations")).status).toBe(200);
    await world.kill(timeout);
    const sender = await world.call<string>(`/Keyed/${ms}/send`, String(ms));
    const view = await world.untilStatus(sender, "scheduled");
    const at = (view as unknown as { scheduled_start_at: string }).scheduled_start_at;
    expect(Math.abs(Date.parse(at) - Date.now() - DELAY_MS_MAX)).toBeLessThan(MINUTE_MS);
  });

  test.each([...FOR_EVER, Number.POSITIVE_INFINITY])(
    "also if an error of a library asks for %d ms",
    async (ms) => {
      for (const handler of ["foreign", "step"]) {
        const id = await world.send(`/Keyed/${handler}${ms}/${handler}`, String(ms));
        const due = await dueOf(id, "backing-off");
        expect(Math.abs(due - Date.now() - DELAY_MS_MAX)).toBeLessThan(MINUTE_MS);
        await world.kill(id);
      }
    },
  );
});

describe("refused once, in words:", () => {
  test.each([...NO_DURATION, -1])("%d ms", async (ms) => {
    attempts = 0;
    const said = await within(5000, "the refusal", world.call("/Keyed/r/refused", String(ms)));
    expect(said).toBe(`400 A duration must be a finite number of milliseconds, not negative; got ${ms}`);
    expect(attempts).toBe(1);
  });

  test("a send's delay that is no number", async () => {
    const { status, body } = await within(5000, "the refusal", world.ask("/Keyed/r/send", "NaN"));
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("got NaN") },
    });
  });
});

test("a delay that is over is no delay", async () => {
  const id = await world.call<string>("/Keyed/past/send", "-1500");
  expect((await world.attach(id)).body).toBe("noted");
  expect(toDelayMs(-1500)).toBe(0);
  expect(toDelayMs({ seconds: -2 })).toBe(0);
});

test.each([
  [{ maxRetryAttempts: "NaN" }, "maxRetryAttempts must be a number that is not negative; got NaN"],
  [{ retryIntervalFactor: "-2", initialRetryInterval: "1" }, "retryIntervalFactor must be a number"],
  [{ retryIntervalFactor: "NaN" }, "retryIntervalFactor must be a number"],
  [{ maxRetryDuration: "NaN" }, "A duration must be a finite number"],
  [{ initialRetryInterval: "Infinity", maxRetryAttempts: "2" }, "A duration must be a finite number"],
  [{ maxRetryInterval: "-1" }, "A duration must be a finite number"],
])("a failing step with the options %j ends the invocation, the first time", async (options, words) => {
  attempts = 0;
  const answer = await within(4000, "the end", world.ask(`/Keyed/${crypto.randomUUID()}/retries`, options));
  expect(answer).toMatchObject({
    status: 400,
    body: { message: expect.stringMatching(/^the options of a step: .*no luck$/) },
  });
  expect(JSON.stringify(answer.body)).toContain(words);
  expect(attempts).toBe(1);
});

test.each([Number.NaN, -5])(
  "an error of a library that asks for %d ms is retried by the policy",
  async (ms) => {
    attempts = 0;
    const id = await world.send(`/Keyed/n${ms}/foreign`, String(ms));
    await until(async () => (await world.view(id))?.status === "paused", "the pause");
    expect(attempts).toBe(3);
  },
);

test("what an error may ask for", () => {
  expect([undefined, "5", null, Number.NaN, 5n].map(askedDelayMs)).toEqual(Array(5).fill(undefined));
  expect([1.5, -1, Infinity].map(askedDelayMs)).toEqual([1, 0, DELAY_MS_MAX]);
});

test("a request's delay is not cut, since one so long is a mistake", () => {
  expect(parseDuration("P99999999D")).toBe(99_999_999 * 86_400_000);
});

test("a back-off of nothing stays nothing, however often", () => {
  expect(backoffMs({ initialIntervalMs: 0, maxIntervalMs: 1000, factor: 2 }, 5000)).toBe(0);
  expect(backoffMs({ initialIntervalMs: 1, maxIntervalMs: 1000, factor: 2 }, 5000)).toBe(1000);
});

test("a time beyond all dates, which an older version has recorded, can be shown", () => {
  expect(viewTime(1e300)).toBe("beyond all dates (1e+300 ms)");
  expect(viewTime(0)).toBe("1970-01-01T00:00:00.000Z");
});
