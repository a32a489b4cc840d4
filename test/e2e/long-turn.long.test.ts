/** A turn of more than a second has been let go of by its message (R26). What stopping and killing the engine make of it. */
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "./server.ts";

/** By then the turn is known, and its message is gone. */
const KNOWN_MS = 1600;
/** Its guard is due 60 s after that. */
const GOES_ON_MS_MAX = 20_000;

const log = join(tmpdir(), `perdure-e2e-long-${process.pid}`);
let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "workload.ts", args: ["--no-watch"], env: { PERDURE_E2E_LOG: log } });
});
afterAll(async () => {
  await server.stop();
  rmSync(log, { force: true });
});

const runsOf = (name: string): number =>
  readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${name} `)).length;

async function start(name: string, stepMs: number): Promise<string> {
  const id = await server.send("/Worker/steps", { name, steps: 1, stepMs, sleepMs: 0 });
  await sleep(KNOWN_MS);
  return id;
}

test("a killed engine's next start goes on with it at once", async () => {
  const id = await start("killed", 4000);
  await server.kill9();
  await server.start();
  const startedMs = performance.now();
  expect((await server.attach(id)).status).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(GOES_ON_MS_MAX);
  expect(runsOf("killed")).toBe(2);
});

test("so it is with a call that runs where it was accepted", async () => {
  const key = { "idempotency-key": "at the door" };
  const body = { name: "door", steps: 1, stepMs: 4000, sleepMs: 0 };
  const call = (): Promise<unknown> => server.call("/Worker/steps", body, key);
  const cut = call().catch(() => "cut");
  await sleep(KNOWN_MS);
  await server.kill9();
  expect(await cut).toBe("cut");
  await server.start();
  const startedMs = performance.now();
  await call();
  expect(performance.now() - startedMs).toBeLessThan(GOES_ON_MS_MAX);
  expect(runsOf("door")).toBe(2);
});

test("an engine that is stopped waits for its end, and does nothing twice", async () => {
  const id = await start("stopped", KNOWN_MS + 400);
  expect(await server.signal("SIGTERM")).toBe(0);
  await server.start();
  expect((await server.attach(id)).status).toBe(200);
  expect(runsOf("stopped")).toBe(1);
});

test("one that outlasts the stop goes on at the next start", async () => {
  const id = await start("cut", 6000);
  expect(await server.signal("SIGTERM")).toBe(0);
  await server.start();
  const startedMs = performance.now();
  expect((await server.attach(id)).status).toBe(200);
  expect(performance.now() - startedMs).toBeLessThan(GOES_ON_MS_MAX);
  expect(runsOf("cut")).toBe(2);
});
