// What a command loads. Nothing of AWS is on the way to a server that is not there.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const OF_AWS = /\/(cli\/aws|lib\/aws|runtime\/aws|infra)\/|node_modules\/(@aws-sdk|@smithy|aws-cdk-lib)\//u;
/** Writes the address of each module that is loaded into a file. */
const HOOK = `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) {
  appendFileSync(process.env.MODULES_FILE, url + "\\n");
  return next(url, context);
} });`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "perdure-modules-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Until the command ends, or says `until`. */
async function loaded(args: readonly string[], until?: string): Promise<readonly string[]> {
  const file = join(folder, args[0] ?? "none");
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const child = spawn(
    process.execPath,
    ["--conditions=perdure-source", "--import", hook, join(ROOT, "cli/main.ts"), ...args],
    {
      env: { PATH: process.env["PATH"], HOME: folder, MODULES_FILE: file },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (until !== undefined && text.includes(until)) child.kill("SIGTERM");
    });
  }
  await new Promise((done) => void child.once("close", done));
  if (until !== undefined) expect(text).toContain(until);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.some((line) => line.endsWith("/cli/main.ts"))).toBe(true);
  return lines;
}

describe("nothing of AWS is loaded", () => {
  test.each([[["--version"]], [["env", "list"]], [["env", "show", "--url", "http://127.0.0.1:1"]]])(
    "by perdure %j",
    async (args) => {
      expect((await loaded(args)).filter((url) => OF_AWS.test(url))).toEqual([]);
    },
  );

  test("by perdure dev", async () => {
    const data = join(folder, "data.sqlite");
    const entry = join(ROOT, "examples/01-greeter.ts");
    const modules = await loaded(
      ["dev", entry, "--port", "0", "--admin-port", "0", "--data", data, "--no-watch"],
      "Ctrl-C",
    );
    expect(modules.some((url) => url.endsWith("/runtime/dev/engine.ts"))).toBe(true);
    expect(modules.filter((url) => OF_AWS.test(url))).toEqual([]);
  }, 60_000);
});

test("perdure --version loads no command", async () => {
  const modules = await loaded(["--version"]);
  expect(modules.filter((url) => /\/runtime\/|@inquirer|commander|node:sqlite|esbuild/u.test(url))).toEqual(
    [],
  );
});
