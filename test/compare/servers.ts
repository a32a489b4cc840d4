/** Both servers. A process serves the files to each one over HTTP, and its URL is registered. */
import { join } from "node:path";
import { startRestateServer } from "../../bench/peers/restate-server.ts";
import { freePort, freePorts } from "../../scripts/free-ports.ts";
import { startProcess, stopAllProcesses, untilReady } from "../../scripts/processes.ts";
import { bundleFor, ROOT, type Side } from "./bundle.ts";

export interface Server {
  readonly side: Side;
  readonly ingress: string;
  readonly admin: string;
  stop(): Promise<void>;
}

interface Ports {
  readonly ingress: number;
  readonly admin: number;
  stop(): Promise<void>;
}

export async function startServer(side: Side, folder: string, files: readonly string[]): Promise<Server> {
  const server = await (side === "restate" ? startRestateServer() : startPerdure(folder));
  const [ingress, admin] = [server.ingress, server.admin].map((port) => `http://127.0.0.1:${port}`);
  const { uri, process: handlers } = await startHandlers(side, folder, files);
  await untilReady(handlers, async () => {
    const body = JSON.stringify({ uri });
    const headers = { "content-type": "application/json" };
    return (await fetch(`${admin}/deployments`, { method: "POST", headers, body })).status === 201;
  });
  return {
    ...{ side, ingress: ingress ?? "", admin: admin ?? "" },
    async stop() {
      await server.stop();
      await stopAllProcesses();
    },
  };
}

/** A process that serves the files. It may not listen yet. */
export async function startHandlers(side: Side, folder: string, files: readonly string[]) {
  const port = await freePort();
  const bundle = await bundleFor(side, folder, files);
  const handlers = startProcess(`${side}'s handlers`, process.execPath, [bundle], { PORT: String(port) });
  return { uri: `http://127.0.0.1:${port}`, process: handlers };
}

export async function startPerdure(folder: string): Promise<Ports> {
  const [ingress = 0, admin = 0] = await freePorts(2);
  const main = ["--conditions=perdure-source", join(ROOT, "cli/main.ts"), "dev"];
  const where = ["--port", String(ingress), "--admin-port", String(admin)];
  const args = [...main, ...where, "--data", join(folder, "data.sqlite")];
  const server = startProcess("perdure dev", process.execPath, args);
  await untilReady(server, async () => (await fetch(`http://127.0.0.1:${ingress}/restate/health`)).ok);
  return { ingress, admin, stop: stopAllProcesses };
}
