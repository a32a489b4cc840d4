/**
 * `kill -9` of the engine, or of its host processes, at random moments while 200 invocations run.
 *
 * - Each invocation ends once, with the right result.
 * - A step whose result was recorded does not run again.
 * - Sums are right, and the order of a key's sends holds.
 *
 * `PERDURE_SEED=n` repeats a run's choices: what is called, and when the engine is killed. What is under way at that moment
 * depends on the machine.
 */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "./random.ts";
import { Server } from "./server.ts";

const SEED = Number(process.env["PERDURE_SEED"] ?? 1);
const INVOCATIONS = 200;
const KEYS = ["ada", "bob", "eve", "fay"];
const KILLS = 9;
const RETRY_MS = 30;
const WORK_MS_MAX = 50_000;

const log = join(tmpdir(), `perdure-e2e-steps-${process.pid}`);
let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "workload.ts", args: ["--no-watch"], env: { PERDURE_E2E_LOG: log } });
});
afterAll(async () => {
  await server.stop();
  rmSync(log, { force: true });
});

/** Repeats the request until it is answered. It has an idempotency key, so all repeats are one invocation. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // No connection, or one that broke: the engine was killed. Anything else is a failure of the test.
      if (!(error instanceof TypeError)) throw error;
      await sleep(RETRY_MS);
    }
  }
}

const call = (name: string, path: string, body: unknown): Promise<unknown> =>
  patiently(() => server.call(path, body, { "idempotency-key": name }));

interface Task {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  readonly check: (result: unknown) => void;
}

interface Booking {
  readonly id: string;
  readonly amount: number;
}

const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const keyAt = (index: number): string => KEYS[index % KEYS.length] ?? "";

/** The random numbers that the runs of steps left in the file, by invocation and step, in order. */
function runsOf(steps: string): Map<string, string[]> {
  const runs = new Map<string, string[]>();
  for (const line of steps.trim().split("\n")) {
    const [invocation = "", step = "", nonce = ""] = line.split(" ");
    const key = `${invocation} ${step}`;
    runs.set(key, [...(runs.get(key) ?? []), nonce]);
  }
  return runs;
}

const expected = new Map<string, Booking[]>(KEYS.map((key) => [key, []]));
const expectBooking = (key: string, booking: Booking): unknown => expected.get(key)?.push(booking);
/** The recorded results of steps. For each step it must be that of its last run. */
const recorded = new Map<string, string>();

function jobTask(name: string, handler: "steps" | "parallel"): Task {
  const job = { name, steps: 2 + below(5), stepMs: below(60), sleepMs: below(3) === 0 ? 50 + below(400) : 0 };
  return {
    name,
    run: () => call(name, `/Worker/${handler}`, job),
    check: (result) => {
      expect(result).toHaveLength(job.steps);
      for (const [step, nonce] of (result as string[]).entries()) recorded.set(`${name} ${step}`, nonce);
    },
  };
}

function bookingTask(name: string): Task {
  const [key, amount] = [keyAt(below(KEYS.length)), 1 + below(100)];
  const slowly = below(2) === 0;
  expectBooking(key, { id: name, amount });
  return {
    name,
    run: () => call(name, `/Account/${key}/${slowly ? "addSlowly" : "add"}`, { id: name, amount }),
    check: (result) => {
      if (slowly) expect(result).toBe(name);
      else recorded.set(`${name} book`, String(result));
    },
  };
}

function transferTask(name: string): Task {
  const from = below(KEYS.length);
  const [to, amount] = [keyAt(from + 1), 1 + below(100)];
  expectBooking(keyAt(from), { id: `${name}-out`, amount: -amount });
  expectBooking(to, { id: `${name}-in`, amount });
  return {
    name,
    run: () => call(name, "/Bank/transfer", { id: name, amount, from: keyAt(from), to }),
    check: (result) => expect(result).toBe(`${name} done`),
  };
}

function approvalTask(name: string): Task {
  return {
    name,
    run: async () => {
      await patiently(() => server.send(`/Approval/${name}/run`, name));
      await sleep(below(500));
      await call(`${name} approve`, `/Approval/${name}/approve`, "yes");
      return patiently(
        async () =>
          (await server.request(`/restate/workflow/Approval/${name}/attach`, { method: "GET" })).json,
      );
    },
    check: (result) => {
      const { asked, answer } = result as { asked: string; answer: string };
      expect(answer).toBe("yes");
      recorded.set(`${name} ask`, asked);
    },
  };
}

function taskAt(index: number): Task {
  const name = `t${index}`;
  switch (index % 5) {
    case 0:
      return jobTask(name, "steps");
    case 1:
      return bookingTask(name);
    case 2:
      return transferTask(name);
    case 3:
      return index % 2 === 0 ? approvalTask(name) : jobTask(name, "steps");
    default:
      return jobTask(name, "parallel");
  }
}

/** Sends to one key, the next one when the one before is acknowledged. */
async function sendInOrder(key: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const id = `o-${key}-${String(index).padStart(3, "0")}`;
    expectBooking(key, { id, amount: 1 });
    const headers = { "idempotency-key": `${key} ${id}` };
    await patiently(() => server.send(`/Account/${key}/add`, { id, amount: 1 }, headers));
    await sleep(below(60));
  }
}

/** Mostly the engine, at times only the processes that run the handlers. */
async function killRepeatedly(): Promise<void> {
  let hosts = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(30 + below(500));
    if (kill % 3 === 1) hosts += server.killHosts();
    else await server.restart();
  }
  expect(hosts).toBeGreaterThan(0);
}

test(`seed ${SEED}: every invocation ends once, with the right result`, async () => {
  const tasks = Array.from({ length: INVOCATIONS }, (_, index) => taskAt(index));
  const open = new Set(tasks.map(({ name }) => name));
  const running = tasks.map(async (task) => {
    await sleep(below(3_000));
    task.check(await task.run());
    open.delete(task.name);
  });
  await orReport(
    open,
    Promise.all([...running, sendInOrder("ada", 30), sendInOrder("bob", 30), killRepeatedly()]),
  );

  // One-way calls may still be on their way.
  for (const key of KEYS) await untilBooked(key);
  for (const key of KEYS) await checkAccount(key);
  checkSteps();
  await checkRepeats(tasks);
  await checkNothingIsLeft();
}, 90_000);

/** If it takes too long, fails with all that is known about what is stuck. */
async function orReport(open: ReadonlySet<string>, work: Promise<unknown>): Promise<void> {
  const timeout = sleep(WORK_MS_MAX, "late" as const, { ref: false });
  if ((await Promise.race([work, timeout])) !== "late") return;
  const left = (await unfinished()).map((invocation) => JSON.stringify(invocation)).join("\n");
  const output = server.output.slice(-3_000);
  throw new Error(`no answer for ${[...open].join(" ")}\nunfinished:\n${left}\noutput:\n${output}`);
}

interface Report {
  readonly total: number;
  readonly bookings: readonly Booking[];
}
const reportOf = async (key: string): Promise<Report> =>
  (await server.call(`/Account/${key}/report`)) as Report;

async function untilBooked(key: string): Promise<void> {
  const wanted = expected.get(key)?.length ?? 0;
  const deadline = performance.now() + 20_000;
  while ((await reportOf(key)).bookings.length < wanted && performance.now() < deadline) await sleep(50);
}

async function checkAccount(key: string): Promise<void> {
  const { total, bookings } = await reportOf(key);
  const wanted = expected.get(key) ?? [];
  const byId = (a: Booking, b: Booking): number => (a.id < b.id ? -1 : 1);
  expect(bookings.toSorted(byId), `bookings of ${key}`).toEqual(wanted.toSorted(byId));
  expect(total, `total of ${key}`).toBe(wanted.reduce((sum, { amount }) => sum + amount, 0));
  const sent = bookings.map(({ id }) => id).filter((id) => id.startsWith("o-"));
  expect(sent, `order of ${key}`).toEqual(sent.toSorted());
}

/** A step's recorded result is that of its last run. If it had run again afterwards, there would be a later one. */
function checkSteps(): void {
  const runs = runsOf(readFileSync(log, "utf8"));
  expect(recorded.size).toBeGreaterThan(INVOCATIONS);
  for (const [step, nonce] of recorded) expect(runs.get(step)?.at(-1), step).toBe(nonce);
  const again = [...runs.values()].filter((nonces) => nonces.length > 1).length;
  console.log(
    `seed ${SEED}: ${recorded.size} steps, of which ${again} were cut off before their record and ran again`,
  );
}

/** A repeated request gets the same answer, and starts nothing. */
async function checkRepeats(tasks: readonly Task[]): Promise<void> {
  for (const { name, run, check } of tasks.filter((_, index) => index % 5 === 0)) {
    const before = new Map(recorded);
    check(await run());
    expect(recorded, name).toEqual(before);
  }
}

async function checkNothingIsLeft(): Promise<void> {
  expect(await unfinished()).toEqual([]);
}

async function unfinished(): Promise<readonly unknown[]> {
  const { invocations } = (await server.admin("/invocations?limit=1000")) as {
    invocations: { status: string }[];
  };
  expect(invocations.length).toBeGreaterThan(0);
  return invocations.filter(({ status }) => status !== "completed");
}
