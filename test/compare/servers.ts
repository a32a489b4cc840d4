/** Both servers. A process serves the examples to each one over HTTP, and its URL is registered. */
import { join } from "node:path";
import { freePorts } from "../../scripts/free-ports.ts";
import { bundleFor, type Side } from "./bundle.ts";
import { ROOT, type Running, start, until } from "./process.ts";

export interface Server {
  readonly side: Side;
  readonly ingress: string;
  readonly admin: string;
}

export async function startServer(side: Side, folder: string): Promise<Server> {
  const [ingressPort = 0, adminPort = 0, handlersPort = 0, nodePort = 0] = await freePorts(4);
  const ingress = `http://127.0.0.1:${ingressPort}`;
  const admin = `http://127.0.0.1:${adminPort}`;
  const bundle = await bundleFor(side, folder);
  const ports = { ingressPort, adminPort, nodePort };
  const server = side === "restate" ? startRestate(folder, ports) : startPerdure(folder, ports);
  const handlers = start(`${side}'s handlers`, process.execPath, [bundle], { PORT: String(handlersPort) });
  await until(server, async () => (await fetch(`${admin}/health`)).ok);
  await until(server, async () => (await fetch(`${ingress}/restate/health`)).ok);
  await until(handlers, async () => {
    const body = JSON.stringify({ uri: `http://127.0.0.1:${handlersPort}` });
    const headers = { "content-type": "application/json" };
    return (await fetch(`${admin}/deployments`, { method: "POST", headers, body })).status === 201;
  });
  return { side, ingress, admin };
}

interface Ports {
  readonly ingressPort: number;
  readonly adminPort: number;
  readonly nodePort: number;
}

function startPerdure(folder: string, { ingressPort, adminPort }: Ports): Running {
  const main = ["--conditions=perdure-source", join(ROOT, "cli/main.ts"), "dev"];
  const where = ["--port", String(ingressPort), "--admin-port", String(adminPort)];
  return start(
    "perdure dev",
    process.execPath,
    [...main, ...where, "--data", join(folder, "data.sqlite")],
    {},
  );
}

function startRestate(folder: string, { ingressPort, adminPort, nodePort }: Ports): Running {
  return start("restate-server", join(ROOT, "bench/peers/node_modules/.bin/restate-server"), [], {
    DO_NOT_TRACK: "1",
    RUST_LOG: "error",
    RESTATE_BASE_DIR: join(folder, "restate-data"),
    RESTATE_BIND_ADDRESS: `127.0.0.1:${nodePort}`,
    RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`,
    RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
  });
}
