/** A server under load, in processes of its own: Perdure's or Restate's, with the same handlers. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { freePort, freePorts } from "../../scripts/free-ports.ts";
import { startRestateServer } from "../peers/restate-server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = import.meta.dirname;
const START_MS_MAX = 30_000;
const POLL_MS = 50;
const STOP_MS_MAX = 5_000;

/** Whether a commit is synced to the disk, or handed to the operating system. */
export type Durability = "power" | "process";

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startPerdure(folder: string, durability: Durability): Promise<RunningServer> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const main = [
    "--conditions=perdure-source",
    join(ROOT, "cli/main.ts"),
    "dev",
    join(HERE, "serve-perdure.ts"),
  ];
  const where = ["--port", String(port), "--admin-port", String(adminPort)];
  const data = ["--data", join(folder, "perdure.sqlite"), "--durability", durability, "--no-watch"];
  const server = start("perdure dev", process.execPath, [...main, ...where, ...data], { TMPDIR: folder });
  await until(`http://127.0.0.1:${port}/restate/health`, server);
  return { port, stop: () => stop(server) };
}

/** Restate's server with its defaults in one process, the handlers on its SDK in another. It syncs its WAL by default. */
export async function startRestate(folder: string, durability: Durability): Promise<RunningServer> {
  const bundle = join(folder, "restate-handlers.mjs");
  await build({
    entryPoints: [join(HERE, "serve-restate.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    alias: { "perdure/restate": join(ROOT, "bench/peers/node_modules/@restatedev/restate-sdk") },
    // Its dependencies are CommonJS and call `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
  });
  const noSync = String(durability === "process");
  const server = await startRestateServer({
    RESTATE_BIFROST__LOCAL__ROCKSDB_DISABLE_WAL_FSYNC: noSync,
    RESTATE_METADATA_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: noSync,
  });
  const port = await freePort();
  const handlers = start("restate handlers", process.execPath, [bundle], { PORT: String(port) });
  await server.register(port, { requestResponse: false });
  return {
    port: server.ingress,
    stop: async () => void (await Promise.all([server.stop(), stop(handlers)])),
  };
}

interface Process {
  readonly name: string;
  readonly child: ChildProcess;
  readonly output: () => string;
}

function start(name: string, command: string, args: readonly string[], env: Record<string, string>): Process {
  // A process group of its own, so that its children end with it.
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-4_000)));
  return { name, child, output: () => output };
}

async function until(url: string, { name, child, output }: Process): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  while (child.exitCode === null && performance.now() < deadlineMs) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await delay(POLL_MS);
  }
  throw new Error(`${name} did not start:\n${output()}`);
}

async function stop({ child }: Process): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const { pid } = child;
  const ended = once(child, "exit");
  process.kill(-pid, "SIGTERM");
  const late = setTimeout(() => process.kill(-pid, "SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(late);
}
