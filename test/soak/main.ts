/**
 * Runs the local server under mixed load for an hour, and says what grows: `npm run soak [-- --minutes 60 --rate 20]`.
 * Exits with 1 if a slope is above its limit (`verdict.ts`) or an answer was wrong.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { freePorts } from "../../scripts/free-ports.ts";
import { type RunningProcess, startProcess, stopProcess, untilReady } from "../../scripts/processes.ts";
import { Client } from "./client.ts";
import { type Sample, takeSample } from "./sampler.ts";
import { checkLedger, type Ledger, use } from "./users.ts";
import { type Judged, judge, judgeData, REQUEST_KB_MAX } from "./verdict.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const USERS = 60;
const SAMPLE_MS = 10_000;
const LINE_MS = 60_000;
const WRONG_SHOWN_MAX = 50;
const MB = 1024 * 1024;
/** SQLite's cache and log grow to 64 MB each. They are filled before anything is measured. */
const FILL = { keys: 900, length: 100_000, atOnce: 8 };

interface Settings {
  readonly minutes: number;
  readonly rate: number;
}

function settings(): Settings {
  const { values } = parseArgs({ options: { minutes: { type: "string" }, rate: { type: "string" } } });
  const [minutes, rate] = [Number(values.minutes ?? 60), Number(values.rate ?? 20)];
  if (!(minutes > 0) || !(rate > 0)) throw new RangeError("--minutes and --rate take numbers above 0");
  return { minutes, rate };
}

interface Engine {
  readonly process: RunningProcess;
  readonly port: number;
  readonly adminPort: number;
  readonly dataPath: string;
}

async function start(folder: string): Promise<Engine> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const dataPath = join(folder, "soak.sqlite");
  const args = [
    ...[
      "--conditions=perdure-source",
      join(ROOT, "cli/main.ts"),
      "dev",
      join(import.meta.dirname, "handlers.ts"),
    ],
    ...["--port", String(port), "--admin-port", String(adminPort), "--data", dataPath, "--no-watch"],
  ];
  const probe = pathToFileURL(join(import.meta.dirname, "probe.ts")).href;
  // By a variable, so that its hosts inherit it.
  const environment = { NODE_OPTIONS: `--import=${probe}`, PERDURE_SOAK: folder, TMPDIR: folder };
  const engine = startProcess("perdure dev", process.execPath, args, environment);
  await untilReady(engine, async () => (await fetch(`http://127.0.0.1:${port}/restate/health`)).ok);
  return { process: engine, port, adminPort, dataPath };
}

async function fill(engine: Engine): Promise<void> {
  const client = new Client(engine, 1000);
  let key = 0;
  const writer = async (): Promise<void> => {
    while (key < FILL.keys) await client.expect(200, `/Shelf/${key++}/put`, { body: FILL.length });
  };
  await Promise.all(Array.from({ length: FILL.atOnce }, writer));
}

async function run({ minutes, rate }: Settings, folder: string): Promise<boolean> {
  const engine = await start(folder);
  await fill(engine);
  const wrongs: string[] = [];
  const wrong = (text: string): void => {
    wrongs.push(text);
    if (wrongs.length <= WRONG_SHOWN_MAX) console.log(`wrong: ${text}`);
  };
  const client = new Client(engine, rate);
  const ledger: Ledger = new Map();
  const untilMs = performance.now() + minutes * LINE_MS;
  const isOver = (): boolean => performance.now() >= untilMs || engine.process.child.exitCode !== null;
  const users = Array.from({ length: USERS }, () => use(client, ledger, isOver, wrong));
  const samples: Sample[] = [];
  let lineMs = performance.now();
  while (!isOver()) {
    await delay(Math.min(SAMPLE_MS, untilMs - performance.now()));
    if (engine.process.child.exitCode !== null) break;
    const enginePid = engine.process.child.pid ?? 0;
    const { dataPath } = engine;
    const sample = await takeSample({ folder, dataPath, enginePid, requests: client.requests });
    samples.push(sample);
    if (sample.atMs - lineMs < LINE_MS - SAMPLE_MS / 2) continue;
    lineMs = sample.atMs;
    console.log(lineOf(sample, wrongs.length));
  }
  await Promise.all(users);
  if (engine.process.child.exitCode === null) await checkLedger(client, ledger, wrong);
  else wrong(`the engine ended with code ${engine.process.child.exitCode}`);
  const isSound = report(samples, client.requests, wrongs.length);
  if (!isSound) console.log(`\nThe last that the engine printed:\n${engine.process.output()}`);
  await stopProcess(engine.process);
  return isSound;
}

function lineOf({ engine, hosts, dataBytes, logBytes, requests }: Sample, wrongs: number): string {
  const mb = (bytes: number | undefined): string => ((bytes ?? 0) / MB).toFixed(1);
  const one = (name: string, { heap, reserved, rss, anonymous, files, threads }: Sample["engine"]): string =>
    `${name}: heap ${mb(heap)} of ${mb(reserved)} MB, memory ${mb(anonymous ?? rss)} MB, ${files ?? "?"} files, ${threads ?? "?"} threads`;
  const rows = Object.entries(engine.rows ?? {}).map(([table, count]) => `${table} ${count}`);
  return [
    new Date().toISOString().slice(11, 19),
    one("engine", engine),
    ...hosts.map((host) => one("host", host)),
    `data ${mb(dataBytes)} MB, log ${mb(logBytes)} MB, ${rows.join(", ")}`,
    `${requests} requests, ${wrongs} wrong`,
  ].join(" | ");
}

/** Whether all is as it should be. */
function report(samples: readonly Sample[], requests: number, wrongs: number): boolean {
  const judged = judge(samples);
  console.log(`\nAn hour, by least squares over the lows of each minute of the last three quarters:\n`);
  for (const one of judged) console.log(rowOf(one));
  const { kb, isLean } = judgeData(samples);
  console.log(
    `\ndata file: ${kb.toFixed(2)} KB a request, at most ${REQUEST_KB_MAX}${isLean ? "" : ": ABOVE"}` +
      `\n${requests} requests, ${wrongs} wrong answers`,
  );
  const isFlat = judged.length > 0 && judged.every(({ verdict }) => verdict !== "above");
  console.log(isFlat && isLean && wrongs === 0 ? "\nNothing grows beyond its limit." : "\nFAILED");
  return isFlat && isLean && wrongs === 0;
}

function rowOf({ limit, slope, first, last, verdict }: Judged): string {
  const number = (value: number): string => value.toFixed(Math.abs(value) < 10 ? 2 : 1);
  return [
    limit.name.padEnd(22),
    `${number(first)} to ${number(last)} ${limit.unit}`.padEnd(24),
    `${number(slope.perX)} ± ${number(slope.error)}`.padEnd(20),
    `at most ${limit.max} ${limit.unit}`.padEnd(16),
    verdict === "above" ? "ABOVE" : verdict,
  ].join(" ");
}

const folder = mkdtempSync(join(tmpdir(), "perdure-soak-"));
try {
  if (!(await run(settings(), folder))) process.exitCode = 1;
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
