/** The keys of `perdure dev` in a terminal, which `script` (util-linux) makes for it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, expect, test } from "vitest";
import { PACKAGE_ROOT, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-keys-"));
let terminal: ChildProcess | undefined;
let output = "";
afterEach(() => {
  terminal?.stdin?.end("q");
  terminal?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const hasScript =
  process.platform === "linux" &&
  spawnSync("script --version", { encoding: "utf8", shell: true }).stdout.includes("util-linux");

const SERVICES = `import { service, type Context } from "perdure";
export const nap = service({
  name: "Nap",
  handlers: {
    rest: async (ctx: Context) => {
      await ctx.sleep({ hours: 3 }, "siesta");
      await ctx.run("slow", () => new Promise((done) => setTimeout(done, 2000)));
      return process.env["MOOD"];
    },
  },
});
`;

function startIn(cwd: string): ChildProcess {
  const main = join(PACKAGE_ROOT, "cli/main.ts");
  const words = [process.execPath, "--conditions=perdure-source", main, "dev", "nap.ts"];
  const command = [...words, "--port", "0", "--admin-port", "0"].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: "", TERM: "xterm", npm_package_name: "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += stripVTControlCharacters(text)));
  return child;
}
const printed = async (text: RegExp): Promise<string> =>
  await until(
    () => output,
    (all) => text.test(all),
    30_000,
  );

test.runIf(hasScript)("help, time that is skipped, a crash, a restart, the end", async () => {
  writeFileSync(join(folder, "nap.ts"), SERVICES);
  writeFileSync(join(folder, ".env"), "MOOD=rested\n");
  terminal = startIn(folder);
  const press = (key: string): void => void terminal?.stdin?.write(key);
  const ready = await printed(/Keys: o open UI/u);
  expect(ready).toContain("1 variable of .env");
  const call = /curl (\S+) -X POST/u.exec(ready)?.[1] ?? "";
  expect(call).toMatch(/\/Nap\/rest$/u);

  press("?");
  await printed(/ {2}t {2}skip time/u);
  const answer = fetch(call, { method: "POST" });
  await printed(/Nap\/rest suspended/u);
  press("t");
  await printed(/The clock went .* ahead: Nap\/rest, sleep "siesta"\./u);
  press("c");
  await printed(/1 process of handlers killed \(kill -9\)\. 1 invocation goes on/u);
  expect(await (await answer).json()).toBe("rested");
  press("c");
  await printed(/Nothing runs now/u);

  output = "";
  press("r");
  const again = await printed(/Keys: o open UI/u);
  expect(again).toContain(call);
  press("q");
  await printed(/stopping/u);
  await until(
    () => terminal?.exitCode,
    (code) => code !== null,
    20_000,
  );
  expect(terminal.exitCode).toBe(0);
});
