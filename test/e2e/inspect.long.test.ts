/** `perdure dev --inspect`: a breakpoint in a TypeScript file is hit, and nobody ends the handler that stands there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { freePort } from "../../scripts/free-ports.ts";
import { HOST_HANG_MS_MAX } from "../../lib/limits/local.ts";
import { Server, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-inspect-"));
const file = join(folder, "greeter.ts");
let server: Server | undefined;
afterEach(async () => {
  await server?.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = (greeting: string): string => `import { service, type Context } from "perdure";
enum Greeting { Word = ${JSON.stringify(greeting)} }
export const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx: Context, name: string): Promise<string> => {
      const word = await ctx.run("word", () => Greeting.Word);
      return \`\${word}, \${name}\`;
    },
  },
});
`;
/** The line of the handler's `return`. */
const LINE = 8;

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL: string;
}

interface Paused {
  readonly callFrames: readonly { readonly callFrameId: string }[];
}
/** An answer has an id, an event has none. */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
}

/** As an editor speaks to it. */
class Debugger {
  readonly scripts: Script[] = [];
  readonly paused: Paused[] = [];
  isClosed = false;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("close", () => (this.isClosed = true));
    socket.addEventListener("message", ({ data }) => {
      const { id, method, params, result } = JSON.parse(String(data)) as Message;
      if (id !== undefined) this.#answers.get(id)?.(result);
      else if (method === "Debugger.scriptParsed") this.scripts.push(params as Script);
      else if (method === "Debugger.paused") this.paused.push(params as Paused);
    });
  }

  static async attach(port: number): Promise<Debugger> {
    const list = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(list[0]?.webSocketDebuggerUrl ?? "");
    const attached = new Debugger(socket);
    await new Promise((done) => socket.addEventListener("open", done));
    await attached.ask("Debugger.enable");
    return attached;
  }

  async ask(method: string, params: object = {}): Promise<unknown> {
    const id = ++this.#asked;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#answers.set(id, resolve);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await promise;
  }

  /** By the file and the line that people see, through the map in the script itself. */
  async breakAt(path: string, line: number): Promise<void> {
    const url = pathToFileURL(path).href;
    for (const { url: bundle, sourceMapURL } of this.scripts) {
      const [, data] = /^data:application\/json;base64,(.*)$/u.exec(sourceMapURL) ?? [];
      if (data === undefined) continue;
      const payload = JSON.parse(Buffer.from(data, "base64").toString()) as SourceMapPayload;
      const map = new SourceMap(payload);
      const lines = payload.mappings.split(";").length;
      for (let at = 0; at < lines; at++) {
        const entry = map.findEntry(at, 4);
        if (!("originalSource" in entry) || entry.originalLine !== line - 1 || entry.generatedLine !== at)
          continue;
        if (new URL(entry.originalSource, payload.sourceRoot).href !== url) continue;
        await this.ask("Debugger.setBreakpointByUrl", { url: bundle, lineNumber: at });
        return;
      }
    }
    throw new Error(`no script has line ${line} of ${path}`);
  }

  async evaluate(expression: string): Promise<unknown> {
    const callFrameId = this.paused.at(-1)?.callFrames[0]?.callFrameId;
    const answer = await this.ask("Debugger.evaluateOnCallFrame", { callFrameId, expression });
    return (answer as { result: { value: unknown } }).result.value;
  }

  close(): void {
    this.#socket.close();
  }
}

test("a breakpoint holds for longer than a handler may block; after a reload the new code has the port", async () => {
  writeFileSync(file, source("Hello"));
  const port = await freePort();
  server = await Server.start({ file, args: [`--inspect=${port}`] });
  const attached = await Debugger.attach(port);
  await attached.breakAt(file, LINE);
  const answer = server.call("/Greeter/greet", "World");
  await until(
    () => attached.paused.length,
    (times) => times === 1,
  );
  expect(await attached.evaluate("word + name")).toBe("HelloWorld");
  await sleep(2 * HOST_HANG_MS_MAX);
  await attached.ask("Debugger.resume");
  expect(await answer).toBe("Hello, World");
  expect(server.output).not.toContain("failed");

  writeFileSync(file, source("Hi"));
  await until(
    () => attached.isClosed,
    (isClosed) => isClosed,
    20_000,
  );
  const again = await until(
    async () => await Debugger.attach(port).catch(() => undefined),
    (found) => found !== undefined,
  );
  await again?.breakAt(file, LINE);
  const second = server.call("/Greeter/greet", "World");
  await until(
    () => again?.paused.length,
    (times) => times === 1,
  );
  await again?.ask("Debugger.resume");
  expect(await second).toBe("Hi, World");
  again?.close();
});
