/**
 * The newcomer's way, from an empty folder to templates of a stack: make a project, install, serve, call, crash, fix a bug that an
 * invocation waits for, test, synthesize. Prints how long each part took. What npm takes to install is told apart: it depends
 * on the network. Run with `npm run first-run`; `-- --template order` takes another template, `-- --keep` leaves the project.
 *
 * It packs what is built, so it builds first. Exits with 1 at the first part that is not as it should be.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePorts } from "./free-ports.ts";
import { packed } from "./packed.ts";
import { type RunningProcess, startProcess, stopProcess, untilReady } from "./processes.ts";

const ROOT = join(import.meta.dirname, "..");
const NAME = "shop";
const WAIT_MS_MAX = 30_000;
const POLL_MS = 20;
/** npm may wait for a slow registry. */
const COMMAND_MS_MAX = 180_000;
/** For one that does not answer at all it would wait five minutes, and then try again. */
const NOT_FOR_EVER = ["--fetch-timeout=30000", "--fetch-retries=4"];
const { values } = parseArgs({
  options: { template: { type: "string", default: "greeter" }, keep: { type: "boolean", default: false } },
});

interface Way {
  /** The first call. */
  readonly path: string;
  readonly input: unknown;
  /** A text of the source, and one with a bug in its place, which shows after a recorded step. */
  readonly works: string;
  readonly fails: string;
}

/** The templates whose invocations can be caught in the middle. */
const WAYS: Readonly<Record<string, Way>> = {
  greeter: {
    ...{ path: "Greeter/greet", input: "Ada" },
    ...{ works: "`${greeting}, ${name}!`", fails: "`${greeting}, ${missing(name)}!`" },
  },
  order: {
    ...{ path: "Order/o-1/place", input: { item: "tea", cents: 500 } },
    ...{ works: "() => ship(id, item)", fails: "() => missing(ship(id, item))" },
  },
};

interface Line {
  readonly part: string;
  readonly ms: number;
}

const folder = mkdtempSync(join(tmpdir(), "perdure-first-run-"));
const project = join(folder, NAME);
const lines: Line[] = [];

async function timed<T>(part: string, work: () => T | Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await work();
  const ms = performance.now() - startedMs;
  lines.push({ part, ms });
  console.log(`first-run: ${(ms / 1000).toFixed(1).padStart(6)} s  ${part}`);
  return result;
}

const msOf = (...parts: readonly string[]): number =>
  lines.filter(({ part }) => parts.includes(part)).reduce((sum, { ms }) => sum + ms, 0);

/** As in a shell that npm has not started. */
const shell = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(?:package|lifecycle|command)|^(?:INIT_CWD|NODE_OPTIONS)$/u.test(name),
  ),
);

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...shell, CI: "1" },
    timeout: COMMAND_MS_MAX,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} failed:\n${stdout}${stderr}${error?.message ?? ""}`);
}

const pack = (from: string): string => packed(run, from, folder, ["--ignore-scripts"]);

const [port = 0, adminPort = 0] = await freePorts(2);
const ingress = `http://127.0.0.1:${port}`;
const admin = `http://127.0.0.1:${adminPort}`;

/** As the project's own script starts it. */
async function serve(): Promise<RunningProcess> {
  const script = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
    scripts: { dev: string };
  };
  const [program = "", ...args] = script.scripts.dev.split(" ");
  const ports = ["--port", String(port), "--admin-port", String(adminPort)];
  const data = ["--data", join(folder, "data.sqlite")];
  const file = join(project, "node_modules", ".bin", program);
  const given = args.map((arg) => (existsSync(join(project, arg)) ? join(project, arg) : arg));
  const started = startProcess("perdure dev", file, [...given, ...ports, ...data]);
  await untilReady(started, async () => (await fetch(`${ingress}/restate/health`)).ok);
  return started;
}

async function request(path: string, input?: unknown): Promise<unknown> {
  const response = await fetch(`${ingress}/${path}`, {
    signal: AbortSignal.timeout(WAIT_MS_MAX),
    ...(input === undefined
      ? {}
      : {
          method: "POST",
          body: JSON.stringify(input),
          headers: { "content-type": "application/json" },
        }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as unknown;
}

const send = async ({ path, input }: Way, key: string): Promise<string> => {
  const to = path.replace(/\/o-1\//u, `/${key}/`);
  return ((await request(`${to}/send`, input)) as { invocationId: string }).invocationId;
};
const attach = async (id: string): Promise<unknown> => await request(`restate/invocation/${id}/attach`);

/** Waits until the invocation is so. */
async function untilIt(id: string, is: (shown: string) => boolean): Promise<void> {
  const isSo = async (): Promise<boolean> => {
    const [status, journal] = await Promise.all(
      ["", "/journal"].map(async (part) => await (await fetch(`${admin}/invocations/${id}${part}`)).text()),
    );
    return is(`${status}${journal}`);
  };
  await until(isSo, `${id} is not where it should be after ${WAIT_MS_MAX / 1000} s`);
}

/** The bug is saved, an invocation fails at it, and the fix is saved: the invocation ends on the new code. */
async function fixInFlight(way: Way): Promise<void> {
  const file = join(project, "src", "services.ts");
  const source = readFileSync(file, "utf8");
  const broken = source.replace(way.works, way.fails);
  if (broken === source) throw new Error(`${file} does not have ${way.works}`);
  const deployment = async (): Promise<string> => await (await fetch(`${admin}/deployments`)).text();
  const before = await deployment();
  writeFileSync(file, broken);
  await until(async () => (await deployment()) !== before, "the bug was not loaded");
  const id = await send(way, "o-3");
  await untilIt(id, (shown) => shown.includes("missing is not defined"));
  writeFileSync(file, source);
  await attach(id);
}

async function until(is: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX;
  while (performance.now() < deadlineMs) {
    if (await is()) return;
    await delay(POLL_MS);
  }
  throw new Error(otherwise);
}

async function main(way: Way): Promise<void> {
  const [create, perdure] = await timed("pack", () => [pack(join(ROOT, "create-perdure")), pack(ROOT)]);
  const making = ["--template", values.template, "--perdure", perdure, "--yes", "--no-install"];
  await timed("make the project", () =>
    run("npm", ["exec", "--yes", "--package", create, "--", "create-perdure", NAME, ...making], folder),
  );
  const quietly = ["--silent", "--no-audit", "--no-fund", "--prefer-offline", ...NOT_FOR_EVER];
  await timed("npm install", () => run("npm", ["install", ...quietly], project));
  const server = await timed("perdure dev is ready", serve);
  const answer = await timed("the first call is answered", async () => await request(way.path, way.input));
  console.log(`first-run:           ${JSON.stringify(answer)}`);

  const id = await send(way, "o-2");
  await untilIt(id, (shown) => /"type":"run"[^]*"type":"sleep"/u.test(shown));
  const again = await timed("kill -9 in the middle, and perdure dev is ready again", async () => {
    await stopProcess(server, "SIGKILL");
    return await serve();
  });
  await timed("the call goes on and is answered", async () => await attach(id));
  await timed(
    "a bug is saved, a call fails at it, the fix is saved, the call is answered",
    async () => await fixInFlight(way),
  );
  await stopProcess(again, "SIGKILL");

  await timed("test", () => run("npm", ["test"], project));
  await timed("typecheck", () => run("npm", ["run", "typecheck"], project));
  await timed("lint", () => run("npm", ["run", "lint"], project));
  await timed("synth", () => run("npm", ["run", "synth"], project));
  if (!existsSync(join(project, "cdk.out", "manifest.json"))) throw new Error("synth made no templates");

  const firstMs = msOf("make the project", "perdure dev is ready", "the first call is answered");
  const allMs = lines.reduce((sum, { ms }) => sum + ms, 0);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  console.log(`first-run: from an empty folder to the first answer ${seconds(firstMs)}, without npm install`);
  console.log(`first-run: in all ${seconds(allMs)}, of which npm install ${seconds(msOf("npm install"))}`);
}

try {
  const way = WAYS[values.template];
  if (way === undefined) throw new Error(`--template is one of ${Object.keys(WAYS).join(", ")}`);
  await main(way);
} catch (error) {
  console.error(`first-run: failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  if (values.keep) console.log(`first-run: the project is in ${project}`);
  else rmSync(folder, { recursive: true, force: true });
  // A server may still run. It ends with this process.
  process.exit();
}
