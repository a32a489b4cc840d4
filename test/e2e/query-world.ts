/** A server with one invocation in every status, or with many that ended, and what it is asked in SQL. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { Server, until } from "./server.ts";
import type { Answer, Target } from "./target.ts";

export type Row = Readonly<Record<string, unknown>>;

/** How an answer in JSON writes a time. */
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const JSON_TYPE = "application/json";

export async function asked(server: Target, query: string): Promise<Answer> {
  return server.request(`${server.adminUrl}/query`, { body: { query }, headers: { accept: JSON_TYPE } });
}

/** The rows of an answer. Anything but 200 is an error with the server's words. */
export async function rows(server: Target, query: string): Promise<readonly Row[]> {
  const { status, text, json } = await asked(server, query);
  if (status !== 200) throw new Error(`${query}: ${status} ${text}`);
  return (json as { rows: Row[] }).rows;
}

/** The only row. */
export async function onlyRow(server: Target, query: string): Promise<Row> {
  const all = await rows(server, query);
  const [row] = all;
  if (row === undefined || all.length > 1) throw new Error(`${query}: ${all.length} rows`);
  return row;
}

/** The only value of the only row. */
export async function value(server: Target, query: string): Promise<unknown> {
  return Object.values(await onlyRow(server, query))[0];
}

export interface World {
  readonly server: Server;
  /** By what each was called for. */
  readonly ids: Readonly<Record<Known, string>>;
}

const SENT = {
  paused: ["/Plain/broken"],
  backingOff: ["/Plain/flaky"],
  asleep: ["/Plain/nap", 3_600_000],
  awaiting: ["/Plain/wait"],
  scheduled: ["/Plain/echo", "later", "?delay=1h"],
  holder: ["/Counter/held/hold"],
  secondOfKey: ["/Counter/held/add", 1],
  thirdOfKey: ["/Counter/held/get"],
  caller: ["/Plain/caller"],
  waitingRun: ["/Signup/w1/run"],
  finishedRun: ["/Signup/w2/run"],
  cancelled: ["/Plain/nap", 3_600_000],
} as const satisfies Record<string, readonly [path: string, body?: unknown, search?: string]>;
type Known = keyof typeof SENT;

async function sendAll(server: Server): Promise<Record<Known, string>> {
  const ids: Partial<Record<Known, string>> = {};
  for (const [name, [path, body, search = ""]] of Object.entries(SENT) as [
    Known,
    readonly [string, unknown?, string?],
  ][]) {
    const answer = await server.request(`${path}/send${search}`, body === undefined ? {} : { body });
    if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${answer.text}`);
    ids[name] = (answer.json as { invocationId: string }).invocationId;
    if (name === "holder") await until(() => statusOf(server, ids[name] ?? ""), is("suspended"));
  }
  return ids as Record<Known, string>;
}

const is = (wanted: string) => (status: unknown) => status === wanted;
/** By the admin API, which SQL has to agree with. */
export async function statusOf(server: Target, id: string): Promise<unknown> {
  return ((await server.admin(`/invocations/${id}`)) as { status?: unknown }).status;
}

export async function startWorld(): Promise<World> {
  const server = await Server.start({ file: "query.ts", args: ["--no-watch"] });
  await server.call("/Plain/echo", "hi");
  await server.call("/Plain/echo", { a: 1 }, { "idempotency-key": "key 1" });
  await server.request("/Plain/fail");
  await server.call("/Plain/steps");
  await server.call("/Counter/a/add", 5);
  await server.call(`/Counter/${encodeURIComponent("ü/b")}/add`, 7);
  const ids = await sendAll(server);
  await until(
    () => server.request("/Signup/w2/approve", { body: "ok" }),
    ({ status }) => status === 200,
  );
  await until(() => statusOf(server, ids.cancelled), is("suspended"));
  await server.request(`${server.adminUrl}/invocations/${ids.cancelled}/cancel`, { method: "PATCH" });
  const settled: readonly (readonly [Known, string])[] = [
    ["paused", "paused"],
    ["backingOff", "backing-off"],
    ["asleep", "suspended"],
    ["awaiting", "suspended"],
    ["scheduled", "scheduled"],
    ["secondOfKey", "pending"],
    ["thirdOfKey", "pending"],
    ["caller", "suspended"],
    ["waitingRun", "suspended"],
    ["finishedRun", "completed"],
    ["cancelled", "completed"],
  ];
  for (const [name, status] of settled) await until(() => statusOf(server, ids[name]), is(status));
  return { server, ids };
}

/** A query has at most 10 s; the rest is for a busy machine. */
export const ANSWER_MS_MAX = 25_000;
/** How many {@link startBusy} has made. */
export const INVOCATIONS = 200;

export async function startBusy(): Promise<Server> {
  const server = await Server.start({ file: "query.ts", args: ["--no-watch"] });
  const calls = Array.from({ length: INVOCATIONS }, (_, n) => server.call(`/Counter/k${n % 7}/add`, n));
  await Promise.all(calls);
  return server;
}

/** Asks, and expects an answer that is not the server's fault. */
export async function answered(
  server: Target,
  query: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const began = performance.now();
  const { status, text } = await asked(server, query);
  const ms = performance.now() - began;
  const told = { query: query.slice(0, 200), status, text: text.slice(0, 300), slow: ms > ANSWER_MS_MAX };
  expect(told).toMatchObject({ slow: false });
  expect(told).toSatisfy(() => status === 200 || (status >= 400 && status < 500));
  if (status !== 200) expect(JSON.parse(text)).toMatchObject({ message: expect.any(String) as unknown });
  return { status, text };
}

/** The most memory that the process ever had, in MB. */
export function memoryMb(server: Server): number {
  const kb = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1];
  return Number(kb) / 1024;
}

/** Calls work, and soon. */
export async function engineWorks(server: Target): Promise<void> {
  const began = performance.now();
  expect(await server.call("/Plain/echo", "still there")).toBe("still there");
  expect(performance.now() - began).toBeLessThan(3000);
}

/** Rows without an end. */
export const FOREVER = "with recursive r(n) as (select 1 union all select n + 1 from r)";
