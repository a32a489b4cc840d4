// Checks the package as a user gets it: installs the packed tarball outside the repository and imports
// every entry point with plain Node. Its server must show the web UI. Run with `npm run package:check`, which builds first.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packed } from "./packed.ts";

/** They are imported for what they do. */
const FOR_EFFECT: ReadonlySet<string> = new Set(["./tracing", "./tracing/lambda"]);
/** They need the test runner that they are for. */
const IN_A_RUNNER: ReadonlySet<string> = new Set(["./testing/jest", "./testing/vitest"]);

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd = process.cwd()): void {
  console.log(`package:check: ${command} ${args.join(" ")}`);
  const { status } = spawnSync(command, args, { cwd, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed`);
}

function installAndImport(directory: string): void {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  const tarball = packed(run, process.cwd(), directory);

  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const quietly = ["--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...quietly, tarball], directory);

  // A user who imports a module that needs an optional peer has installed that peer.
  for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
    const link = join(directory, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(process.cwd(), "node_modules", peer), link, "dir");
  }

  const entries = Object.keys(manifest.exports).filter(
    (path) => path !== "./package.json" && !IN_A_RUNNER.has(path),
  );
  if (entries.length === 0) throw new Error("package.json exports no entry point");
  for (const entry of entries) {
    const specifier = manifest.name + entry.slice(1);
    const script = FOR_EFFECT.has(entry)
      ? `await import("${specifier}");`
      : `if (Object.keys(await import("${specifier}")).length === 0) throw new Error("exports nothing");`;
    run(process.execPath, ["--input-type=module", "--eval", script], directory);
  }
}

/** Starts the server as it was installed, and asks for the page and for what the page loads. */
async function openUi(directory: string): Promise<void> {
  const program = join(directory, "node_modules", "perdure", "dist", "cli", "main.js");
  const options = ["--port", "0", "--admin-port", "0", "--data", join(directory, "data.sqlite")];
  console.log("package:check: perdure up, and its web UI");
  const child = spawn(process.execPath, [program, "up", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const link = await linkFrom(child.stdout);
    const page = await (await fetch(link)).text();
    const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/gu)].map(([, path = ""]) => path);
    if (!loaded.some((path) => path.endsWith(".js"))) throw new Error(`${link} answers no page:\n${page}`);
    for (const path of loaded) {
      const { status, headers } = await fetch(new URL(path, link));
      const isPage = headers.get("content-type")?.includes("text/html") ?? true;
      if (status !== 200 || (isPage && /\.\w+$/u.test(path)))
        throw new Error(`${path} is not in the package`);
    }
  } finally {
    child.kill();
    await once(child, "exit");
  }
}

async function linkFrom(output: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of output) {
    text += String(chunk);
    const link = /http:\S+\/ui\//u.exec(text)?.[0];
    if (link !== undefined) return link;
  }
  throw new Error(`perdure up printed no link of its UI:\n${text}`);
}

const directory = mkdtempSync(join(tmpdir(), "perdure-package-"));
try {
  installAndImport(directory);
  await openUi(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
