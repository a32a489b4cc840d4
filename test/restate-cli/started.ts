/** The local engine with the services of services.ts, and the published CLI pointed at it. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { stopAllProcesses, untilReady } from "../../scripts/processes.ts";
import { startHandlers, startPerdure } from "../compare/servers.ts";
import { RestateCli, whyNoTools } from "./published-tools.ts";
import { settle, Workload } from "./workload.ts";

const SERVICES = ["test/restate-cli/services.ts"];
/** The tools are installed first. */
const START_MS_MAX = 180_000;

export const whyNot = whyNoTools();
if (whyNot !== undefined) console.warn(`Restate's published tools are not tested: ${whyNot}`);

export interface Started {
  readonly cli: RestateCli;
  readonly admin: string;
  readonly ingress: string;
  /** Where the handlers are served. */
  readonly uri: string;
  readonly folder: string;
}

/** Call it where the tests are declared. Handlers are served, and not registered. `then`: with what they begin. */
export function startedPerdure(then: (started: Started) => Promise<void> = async () => {}): () => Started {
  let started: Started | undefined;
  let folder: string | undefined;
  beforeAll(async () => {
    if (whyNot !== undefined) return;
    folder = mkdtempSync(join(tmpdir(), "perdure-restate-cli-"));
    started = await start(folder);
    await then(started);
  }, START_MS_MAX);
  afterAll(async () => {
    await stopAllProcesses();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  return () => {
    if (!started) throw new Error("Perdure did not start");
    return started;
  };
}

/** Registers the handlers and calls them, until all rest. */
export async function atWork({ admin, ingress, uri }: Started): Promise<Map<string, string>> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${admin}/deployments`, {
    method: "POST",
    headers,
    body: JSON.stringify({ uri }),
  });
  if (!answer.ok) throw new Error(`not registered: ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  const ids = new Map(await new Workload(ingress).run());
  await settle(admin, ids);
  return ids.set("deployment", id);
}

async function start(folder: string): Promise<Started> {
  const [server, { uri, process }] = await Promise.all([
    startPerdure(folder),
    startHandlers("perdure", folder, SERVICES),
  ]);
  await untilReady(process, async () => await listens(uri));
  const [ingress = "", admin = ""] = [server.ingress, server.admin].map((port) => `http://127.0.0.1:${port}`);
  return { cli: new RestateCli(admin, folder), admin, ingress, uri, folder };
}

async function listens(uri: string): Promise<boolean> {
  const socket = connect(Number(new URL(uri).port), "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}
