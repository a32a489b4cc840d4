/**
 * Loss of power at random moments under load, with `--durability power`: the engine is killed, and what its disk had not synced is gone.
 *
 * - What was answered is there: results, state, what was sent. A repeated request gets the same answer.
 * - A step that has run belongs to an invocation that goes on, also if its caller got no answer and does not ask again.
 * - A step whose result was answered does not run again.
 *
 * `PERDURE_SEED=n` repeats a run's choices.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Disk } from "./disk.ts";
import { seededRandom } from "./random.ts";
import { Server, until } from "./server.ts";

const SEED = Number(process.env["PERDURE_SEED"] ?? 1);
const LOSSES = 4;
const WORKERS = 8;
/** What is seen too early is lost within this time. */
const DISK_MS = 25;
const KEYS = ["ada", "bob", "eve"];

const log = join(tmpdir(), `perdure-e2e-power-${process.pid}`);
const disk = new Disk();
let server: Server;
beforeAll(async () => {
  const env = { ...disk.env, PERDURE_E2E_LOG: log, PERDURE_E2E_DISK_MS: String(DISK_MS) };
  const args = ["--no-watch", "--durability", "power"];
  server = await Server.start({ file: "workload.ts", args, env });
});
afterAll(async () => {
  await server.stop();
  disk.remove();
  rmSync(log, { force: true });
});

const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);

/** What was asked for and answered, and how it can be asked for again. */
interface Answered {
  readonly name: string;
  readonly ask: () => Promise<unknown>;
  readonly result: unknown;
}
const answered: Answered[] = [];
/** Jobs whose callers got no answer and do not ask again, with the number of their steps. */
const unanswered = new Map<string, number>();
/** Bookings that were acknowledged. */
const booked: { readonly key: string; readonly id: string }[] = [];

/** Calls back after so many more answers. */
let countdown = { left: 0, done: (): void => undefined };
const answers = (count: number): Promise<void> =>
  new Promise((done) => {
    countdown = { left: count, done };
  });

function isAnswered(): void {
  if (--countdown.left === 0) countdown.done();
}

/** `undefined`: the power was lost before the answer. */
async function once<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    const result = await ask();
    // After its caller has noted it.
    setImmediate(isAnswered);
    return result;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    await sleep(100);
    return undefined;
  }
}

async function idempotent(name: string, path: string, body: unknown): Promise<boolean> {
  const ask = async () => await server.call(path, body, { "idempotency-key": name });
  const result = await once(ask);
  if (result !== undefined) answered.push({ name, ask, result });
  return result !== undefined;
}

async function oneTask(name: string): Promise<void> {
  const key = KEYS[below(KEYS.length)] ?? "";
  const job = { name, steps: 1 + below(4), stepMs: below(20), sleepMs: below(4) === 0 ? 20 : 0 };
  switch (below(4)) {
    case 0:
      await idempotent(name, "/Worker/steps", job);
      return;
    case 1: {
      const result = await once(async () => await server.call("/Worker/steps", job));
      if (result === undefined) unanswered.set(name, job.steps);
      return;
    }
    case 2:
      if (await idempotent(name, `/Account/${key}/add`, { id: name, amount: 1 }))
        booked.push({ key, id: name });
      return;
    default: {
      const sent = await once(async () => await server.send(`/Account/${key}/add`, { id: name, amount: 1 }));
      if (sent !== undefined) booked.push({ key, id: name });
    }
  }
}

async function work(worker: number, isOver: () => boolean): Promise<void> {
  for (let task = 0; !isOver(); task++) await oneTask(`w${worker}-${task}`);
}

/** The numbers that the runs of steps have left in the file, by invocation and step, in order. */
function runs(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  if (!existsSync(log)) return found;
  for (const line of readFileSync(log, "utf8").trim().split("\n")) {
    const [invocation = "", step = "", nonce = ""] = line.split(" ");
    const name = `${invocation} ${step}`;
    found.set(name, [...(found.get(name) ?? []), nonce]);
  }
  return found;
}

const idsOf = async (key: string): Promise<string[]> =>
  ((await server.call(`/Account/${key}/report`)) as { bookings: { id: string }[] }).bookings.map(
    ({ id }) => id,
  );

test(`seed ${SEED}: what was answered is there, and what has begun goes on`, async () => {
  let isOver = false;
  const workers = Array.from({ length: WORKERS }, async (_, worker) => await work(worker, () => isOver));
  for (let loss = 0; loss < LOSSES; loss++) {
    // By progress, not by time: a machine may be slow. Right after an answer, or a while later.
    await answers(5 + below(40));
    if (loss % 2 === 0) await sleep(below(40));
    await disk.losePower(server);
  }
  isOver = true;
  await Promise.all(workers);
  const before = runs();
  const begun = [...unanswered].filter(([name]) => before.has(`${name} 0`));
  console.log(
    `seed ${SEED}: ${answered.length} answers, ${booked.length} bookings, ${begun.length} of ${unanswered.size} without an answer had begun; ${disk.lostBytes} bytes of the log were lost`,
  );
  expect(answered.length).toBeGreaterThan(4 * LOSSES);

  // Those that had begun when their caller lost them.
  const open = () => begun.filter(([name, steps]) => !runs().has(`${name} ${steps - 1}`));
  await until(open, (left) => left.length === 0, 20_000);

  for (const key of KEYS) {
    const wanted = booked.filter((booking) => booking.key === key).map(({ id }) => id);
    const missing = async () => {
      const found = new Set(await idsOf(key));
      return wanted.filter((id) => !found.has(id));
    };
    await until(missing, (left) => left.length === 0, 20_000);
    const found = await idsOf(key);
    expect(new Set(found).size, `bookings of ${key}`).toBe(found.length);
  }

  for (const { name, ask, result } of answered) expect(await ask(), name).toEqual(result);
  const after = runs();
  for (const { name, result } of answered) {
    const nonces = Array.isArray(result) ? (result as string[]) : [];
    for (const [step, nonce] of nonces.entries())
      expect(after.get(`${name} ${step}`)?.at(-1), `${name} ${step}`).toBe(nonce);
  }
}, 300_000);
