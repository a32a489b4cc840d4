/** Prints what it has measured, as JSON: see measure.ts. */
import { service, workflow, type Context, type WorkflowContext } from "../../sdk/index.ts";
import { TestEnvironment, type TestEnvironmentOptions } from "../../sdk/testing/index.ts";
import { medianOf } from "../report/statistics.ts";
import type { KitSpeed } from "./measure.ts";

const ROUNDS = 9;
const STARTS = 20;
const INVOCATIONS = 500;
/** Of a test that awaits several at once. */
const AT_ONCE = 10;
const ENVIRONMENTS = 100;
const BYTES_PER_MB = 1024 * 1024;

const short = service({
  name: "Short",
  handlers: { call: async (ctx: Context, n: number) => await ctx.run("step", () => n) },
});
const month = workflow({
  name: "Month",
  handlers: {
    run: async (ctx: WorkflowContext, sleeps: number) => {
      for (let count = 0; count < sleeps; count++) await ctx.sleep({ days: 30 / sleeps });
    },
  },
});

const [, , determinism] = process.argv;
const options = {
  services: [short, month],
  ...(determinism === "off" ? { determinism: "off" } : {}),
} as TestEnvironmentOptions;

/** The first round warms up. */
async function median(measure: () => Promise<number>): Promise<number> {
  const all: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) all.push(await measure());
  return medianOf(all.slice(1));
}

/** CPU of this process in milliseconds. It depends less than the time does on what else the machine does. */
async function cpuOf(run: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

async function start(): Promise<number> {
  const started: TestEnvironment[] = [];
  const ms = await cpuOf(async () => {
    for (let count = 0; count < STARTS; count++) started.push(await TestEnvironment.start(options));
  });
  for (const environment of started) await environment.stop();
  return ms / STARTS;
}

async function shortOnes(): Promise<number> {
  await using environment = await TestEnvironment.start(options);
  const ms = await cpuOf(async () => {
    for (let n = 0; n < INVOCATIONS; n += AT_ONCE)
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, at) => await environment.service(short).call(n + at)),
      );
  });
  return ms / INVOCATIONS;
}

const longOne = (sleeps: number) => async (): Promise<number> => {
  await using environment = await TestEnvironment.start({ ...options, time: "auto" });
  return await cpuOf(async () => await environment.workflow(month, "a").run(sleeps));
};

function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** SQLite's memory is none of V8's, so the whole process is looked at, too. */
async function environments(): Promise<number> {
  const before = { own: memory(), all: process.memoryUsage.rss() };
  const all = await Promise.all(
    Array.from({ length: ENVIRONMENTS }, async () => await TestEnvironment.start(options)),
  );
  await Promise.all(all.map(async (environment) => await environment.service(short).call(1)));
  const own = memory() - before.own;
  const whole = process.memoryUsage.rss() - before.all;
  await Promise.all(all.map(async (environment) => await environment.stop()));
  return Math.max(own, whole) / ENVIRONMENTS / BYTES_PER_MB;
}

const environmentMb = await environments();
const result: KitSpeed = {
  startMs: await median(start),
  shortMs: await median(shortOnes),
  monthMs: await median(longOne(1)),
  daysMs: await median(longOne(30)),
  environmentMb,
};
console.log(JSON.stringify(result));
