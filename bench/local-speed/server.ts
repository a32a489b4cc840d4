/** A server under load, in processes of its own: Perdure's or Restate's, with the same handlers. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { freePort, freePorts } from "../../scripts/free-ports.ts";
import { cpuMsOf, startProcess, stopProcess, untilReady } from "../../scripts/processes.ts";
import { startRestateServer } from "../peers/restate-server.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = import.meta.dirname;

/** Whether a commit is synced to the disk, or handed to the operating system. */
export type Durability = "power" | "process";

export interface RunningServer {
  readonly port: number;
  /** The CPU time of its processes so far; `undefined`: unknown. */
  cpuMs(): number | undefined;
  stop(): Promise<void>;
}

export async function startPerdure(
  folder: string,
  durability: Durability,
  file = join(HERE, "serve-perdure.ts"),
): Promise<RunningServer & { readonly adminPort: number }> {
  const [port = 0, adminPort = 0] = await freePorts(2);
  const main = ["--conditions=perdure-source", join(ROOT, "cli/main.ts"), "dev", file];
  const where = ["--port", String(port), "--admin-port", String(adminPort)];
  const data = ["--data", join(folder, "perdure.sqlite"), "--durability", durability, "--no-watch"];
  const args = [...main, ...where, ...data];
  const server = startProcess("perdure dev", process.execPath, args, { TMPDIR: folder });
  await untilReady(server, async () => (await fetch(`http://127.0.0.1:${port}/restate/health`)).ok);
  return { port, adminPort, cpuMs: () => cpuMsOf(server), stop: () => stopProcess(server) };
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
    // Its log is in here: by default it is replicated, to the one node that there is.
    RESTATE_LOG_SERVER__ROCKSDB_DISABLE_WAL_FSYNC: noSync,
  });
  const port = await freePort();
  const handlers = startProcess("restate handlers", process.execPath, [bundle], { PORT: String(port) });
  await server.register(port, { requestResponse: false });
  return {
    port: server.ingress,
    cpuMs: () => sumOf(server.cpuMs(), cpuMsOf(handlers)),
    stop: async () => void (await Promise.all([server.stop(), stopProcess(handlers)])),
  };
}

const sumOf = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;
