/** The command line in this process, and a local server for it to talk to: much quicker than a process for each command. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../cli/run.ts";
import { silentLogger } from "../../lib/ports.ts";
import { Engine } from "../../runtime/dev/engine.ts";
import { createEndpointHandler } from "../../sdk/serve/index.ts";
import type { Served } from "../../sdk/endpoint.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line to its end. One at a time: it takes stdout and stderr of this process. */
export async function runHere(args: readonly string[]): Promise<Ran> {
  const said = { stdout: "", stderr: "" };
  const [stdout, stderr] = [taken("stdout", said), taken("stderr", said)];
  process.exitCode = undefined;
  try {
    const code = await run(args);
    return { code, ...said };
  } finally {
    stdout();
    stderr();
    process.exitCode = undefined;
  }
}

/** Returns what gives the stream back. */
function taken(name: "stdout" | "stderr", said: { stdout: string; stderr: string }): () => void {
  const stream = process[name];
  const write = stream.write.bind(stream);
  stream.write = (chunk: unknown): boolean => {
    said[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk as Uint8Array);
    return true;
  };
  return () => void (stream.write = write);
}

/** A local server without a file, and processes that it can register. */
export class LocalServer {
  readonly adminUrl: string;
  readonly url: string;
  readonly #engine: Engine;
  readonly #folder: string;
  readonly #endpoints: Http2Server[] = [];

  private constructor(
    engine: Engine,
    urls: { readonly url: string; readonly adminUrl: string },
    folder: string,
  ) {
    this.#engine = engine;
    this.adminUrl = urls.adminUrl;
    this.url = urls.url;
    this.#folder = folder;
  }

  static async start(): Promise<LocalServer> {
    const folder = mkdtempSync(join(tmpdir(), "perdure-cli-"));
    const engine = new Engine({
      ...{ dataPath: join(folder, "data.sqlite"), durability: "process", host: "127.0.0.1" },
      ...{ port: 0, adminPort: 0, watch: false, logger: silentLogger, report: () => undefined },
    });
    return new LocalServer(engine, await engine.start(), folder);
  }

  /** Serves handlers over HTTP in this process. Returns its URL. */
  async serve(served: Served): Promise<string> {
    const server = createServer(createEndpointHandler(served));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    this.#endpoints.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  /** A command that talks to this server. */
  async run(...args: readonly string[]): Promise<Ran> {
    return await runHere([...args, "--url", this.adminUrl]);
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    for (const server of this.#endpoints) server.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
