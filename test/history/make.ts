/**
 * Makes the data file of an old tree: `node --conditions=perdure-source test/history/make.ts TREE NAME`. TREE is a
 * checkout with its packages; NAME names the two files that it writes here: the compressed data, and what is in it.
 *
 * `perdure dev` of that tree serves `handlers.ts`, everything is set going, and the engine is killed in the middle.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { brotliCompressSync } from "node:zlib";
import type { InFlight } from "./in-flight.ts";

const [tree = "", name = ""] = process.argv.slice(2);
if (name === "") throw new Error("usage: make.ts TREE NAME");

const folder = mkdtempSync(join(tmpdir(), "perdure-history-"));
const dataPath = join(folder, "data.sqlite");
// The tree's own `perdure` is what the file then imports, and its path is in the bundle.
const file = join(tree, "test/history-handlers.ts");
copyFileSync(join(import.meta.dirname, "handlers.ts"), file);
const main = join(tree, "cli/main.ts");
const args = ["dev", file, "--no-watch", "--data", dataPath, "--port", "0", "--admin-port", "0"];
const engine = spawn(process.execPath, ["--conditions=perdure-source", main, ...args], { cwd: tree });
let output = "";
for (const stream of [engine.stdout, engine.stderr])
  stream.setEncoding("utf8").on("data", (text: string) => (output += text));

async function until<T>(look: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  for (const endMs = Date.now() + 30_000; Date.now() < endMs; await sleep(20)) {
    const seen = await look();
    if (seen !== undefined) return seen;
  }
  throw new Error(`waited in vain for ${what}:\n${output}`);
}
const portOf = (kind: string): Promise<string> =>
  until(() => new RegExp(`${kind} +http://localhost:(\\d+)`).exec(output)?.[1], `the ${kind}`);
const url = `http://127.0.0.1:${await portOf("ingress")}`;
const adminUrl = `http://127.0.0.1:${await portOf("admin")}`;

async function ask(
  base: string,
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<unknown> {
  const response = await fetch(base + path, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}
const call = (path: string, body?: unknown, headers = {}): Promise<unknown> =>
  ask(url, "POST", path, body, headers);
async function send(path: string, body?: unknown, query = ""): Promise<string> {
  const { invocationId } = (await call(`${path}/send${query}`, body)) as { invocationId: string };
  return invocationId;
}
async function becomes(id: string, status: string): Promise<void> {
  await until(async () => {
    const view = (await ask(adminUrl, "GET", `/invocations/${id}`).catch(() => ({}))) as { status?: string };
    return view.status === status ? true : undefined;
  }, `${id} to be ${status}`);
}

const ids: Record<string, string> = {};
ids["sleeps"] = await send("/Worker/sleeps", "a");
ids["longJournal"] = await send("/Worker/longJournal");
ids["pausedIn"] = await send("/Worker/pausedIn");
ids["fails"] = await send("/Worker/fails");
ids["waits"] = await send("/Worker/waits");
ids["raced"] = await send("/Worker/raced");
ids["caller"] = await send("/Worker/caller", "called");
ids["holder"] = await send("/Keeper/held/slowly", "holder");
await becomes(ids["holder"], "suspended");
// More than the lock holds inline.
for (let at = 0; at < 12; at++) {
  const id = (ids[`parked ${at}`] = await send("/Keeper/held/append", `parked ${at}`));
  await becomes(id, "pending");
}
ids["delayed"] = await send("/Worker/quick", "delayed", "?delay=3600000ms");
ids["flow"] = await send("/Flow/f/run", "flow");
await call("/Keeper/long/setLong", "seed");
const kept = await call("/Worker/quick", "kept", { "idempotency-key": "kept" });
for (const each of ["sleeps", "longJournal", "pausedIn", "waits", "raced", "caller", "flow"])
  await becomes(ids[each] ?? "", "suspended");
await becomes(ids["fails"], "backing-off");
await ask(adminUrl, "PATCH", `/invocations/${ids["pausedIn"]}/pause`);
await becomes(ids["pausedIn"], "paused");
const awakeable = await until(async () => {
  const value = await call("/Keeper/awakeables/get", "value");
  return typeof value === "string" ? value : undefined;
}, "the awakeable");
// A signal that came early.
await call(`/restate/invocation/${ids["waits"]}/signals/go/resolve`, "signalled");
ids["hangs"] = await send("/Worker/hangs");
await until(async () => {
  const { entries } = (await ask(adminUrl, "GET", `/invocations/${ids["hangs"]}/journal`).catch(() => ({
    entries: [],
  }))) as { entries: unknown[] };
  return entries.length > 0 ? true : undefined;
}, "a step that hangs");
await sleep(300);

const madeAtMs = Date.now();
engine.kill("SIGKILL");
await once(engine, "exit");
rmSync(file);
const database = new DatabaseSync(dataPath);
database.exec("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);");
database.close();
const inFlight: InFlight = { madeAtMs, ids, awakeable, kept };
const packed = brotliCompressSync(readFileSync(dataPath));
writeFileSync(join(import.meta.dirname, `${name}.sqlite.br`), packed);
writeFileSync(join(import.meta.dirname, `${name}.json`), `${JSON.stringify(inFlight, undefined, 2)}\n`);
rmSync(folder, { recursive: true, force: true });
console.log(`${name}: ${packed.length} bytes, ${Object.keys(ids).length} invocations`);
