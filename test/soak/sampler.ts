/** Looks at the engine, its hosts and its data file from outside. What the system does not tell is left out. */
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Held } from "./probe.ts";

const ANSWER_MS_MAX = 60_000;

export interface Process extends Held {
  /** Open files, sockets and pipes included. */
  readonly files?: number;
  readonly threads?: number;
  /** Memory that belongs to no file. */
  readonly anonymous?: number;
}

export interface Sample {
  readonly atMs: number;
  readonly engine: Process;
  readonly hosts: readonly Process[];
  readonly dataBytes: number;
  readonly logBytes: number;
  /** That were sent until now. */
  readonly requests: number;
}

interface Sampled {
  /** Where the probes listen. */
  readonly folder: string;
  readonly dataPath: string;
  readonly enginePid: number;
  readonly requests: number;
}

export async function takeSample({ folder, dataPath, enginePid, requests }: Sampled): Promise<Sample> {
  const sockets = readdirSync(folder).filter((name) => name.endsWith(".sock"));
  const held = await Promise.all(sockets.map((name) => ask(join(folder, name))));
  const processes = held.filter((one) => one !== undefined).map(withSystem);
  const engine = processes.find(({ pid }) => pid === enginePid);
  if (!engine) throw new Error("the engine does not answer the soak's probe");
  return {
    atMs: performance.now(),
    engine,
    hosts: processes.filter(({ script }) => script.startsWith("host-script")),
    dataBytes: sizeOf(dataPath),
    logBytes: sizeOf(`${dataPath}-wal`),
    requests,
  };
}

/** Nothing if the process has ended. */
function ask(path: string): Promise<Held | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(path);
    socket.setEncoding("utf8");
    socket.setTimeout(ANSWER_MS_MAX, () => socket.destroy(new Error("no answer")));
    socket.on("data", (part: string) => (text += part));
    socket.on("end", () => resolve(text === "" ? undefined : (JSON.parse(text) as Held)));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // It was killed, and could not remove its socket.
      if (error.code === "ECONNREFUSED") rmSync(path, { force: true });
      resolve(undefined);
    });
  });
}

function withSystem(held: Held): Process {
  try {
    const status = readFileSync(`/proc/${held.pid}/status`, "utf8");
    const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return {
      ...held,
      files: readdirSync(`/proc/${held.pid}/fd`).length,
      threads: number("Threads"),
      anonymous: number("RssAnon") * 1024,
    };
  } catch {
    return held;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
