/** The command line: what it says, and with which exit code it ends. */
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { PACKAGE_ROOT, type Ran, ranBy, runCli, Server, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FIXTURE = join(import.meta.dirname, "fixtures/client.ts");
const FREE = ["--port", "0", "--admin-port", "0"];

/** Runs a command to its end. */
const run = (args: readonly string[]): Promise<Ran> => ranBy(runCli(args, { cwd: folder }));

function fileOf(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("usage", () => {
  test("help and version", async () => {
    const [help, devHelp, version] = await Promise.all([
      run(["--help"]),
      run(["dev", "--help"]),
      run(["--version"]),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("dev") as string });
    expect(devHelp).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining("--admin-port") as string,
    });
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string });
  });

  test.each([
    [[], "no command given"],
    [["serve"], "unknown command 'serve'"],
    [["deb"], "(Did you mean dev?)"],
    [["dev", "a.ts", "--inspect=65536"], "--inspect takes a port from 0 to 65535, not 65536"],
    [["dev", "a.ts", "--prot", "1"], "unknown option '--prot'"],
    [["dev", "a.ts", "--port", "http"], '--port takes a number from 0 to 65535, not "http"'],
    [["dev", "a.ts", "--admin-port", "65536"], "--admin-port takes a number"],
    [["dev", "a.ts", "--port"], "--port"],
  ])("%j is refused with exit code 2", async (args, text) => {
    const { code, stderr, stdout } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(`perdure: `);
    expect(stderr).toContain(text);
    expect(stderr).toContain("Usage: perdure");
  });
});

describe("a file that cannot be served is refused with exit code 1", () => {
  test.each([
    ["missing", () => join(folder, "nowhere.ts"), "there is no file"],
    ["a folder without services", () => folder, "imports perdure"],
    ["a syntax error", () => fileOf("syntax.ts", "export default [;"), "syntax.ts:1:16"],
    [
      "no services among its exports",
      () => fileOf("none.ts", "export const a = 1;"),
      "no services are exported",
    ],
    ["no services", () => fileOf("empty.ts", "export default [];"), "no services"],
    ["what is no service", () => fileOf("number.ts", "export default [1];"), "not a service definition: 1"],
    ["a missing import", () => fileOf("import.ts", 'import "./gone.ts"; export default [];'), "./gone.ts"],
    [
      "an unknown part of perdure",
      () => fileOf("part.ts", 'import "perdure/nothing"; export default [];'),
      "perdure/nothing",
    ],
    ["an error at its top level", () => fileOf("throw.ts", 'throw new Error("not today");'), "not today"],
  ])("%s", async (_name, file, text) => {
    const { code, stdout, stderr } = await run(["dev", file(), ...FREE]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("perdure: ");
    expect(stderr).toContain(text);
    // Where it is in the user's file, and no line about this package's own.
    expect(stderr).not.toMatch(/ at .*(<entry>|node:internal|\/(sdk|runtime)\/)/u);
  });
});

test("a port in use is named, and nothing was started", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const busy = await run(["dev", FIXTURE, "--port", String(port), "--admin-port", "0"]);
  expect(busy.code).toBe(1);
  expect(busy.stderr).toContain(`perdure: cannot listen on 127.0.0.1:${port}: the port is in use`);
  expect(busy.stderr).toMatch(/Choose another one: --port \d+\.\n$/u);
  if (process.platform === "linux") expect(busy.stderr).toContain(`(pid ${process.pid})`);
  server.close();
});

describe("a data file that cannot be used is refused and left as it is", () => {
  const refused = async (path: string, text: string): Promise<void> => {
    const before = readFileSync(path);
    const { code, stderr, stdout } = await run(["dev", FIXTURE, ...FREE, "--data", path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(text);
    expect(readFileSync(path).equals(before)).toBe(true);
  };

  test("of another kind", () => refused(fileOf("text.sqlite", "dear diary"), "is not a perdure database"));

  test("damaged, or of a newer format", async () => {
    const server = await Server.start({ file: "client.ts", args: ["--no-watch"] });
    await server.call("/Counter/a/add", 1);
    await server.signal("SIGTERM");
    const [damaged, newer] = [join(folder, "damaged.sqlite"), join(folder, "newer.sqlite")];
    copyFileSync(server.dataPath, damaged);
    copyFileSync(server.dataPath, newer);
    await server.stop();
    const bytes = readFileSync(damaged);
    bytes.fill(0xa5, 4096, 4096 * 3);
    writeFileSync(damaged, bytes);
    await refused(damaged, "is damaged");
    const database = new DatabaseSync(newer);
    database.exec("UPDATE meta SET value = 999 WHERE name = 'format'");
    database.close();
    await refused(newer, "Update perdure");
  });

  test("in use by another engine", async () => {
    const server = await Server.start({ file: "client.ts", args: ["--no-watch"] });
    const { code, stderr } = await run(["dev", FIXTURE, ...FREE, "--data", server.dataPath]);
    await server.stop();
    expect(code).toBe(1);
    expect(stderr).toContain("is in use by another perdure process");
  });
});

test("says where it listens, what it serves and how to call it; stops on a signal within two seconds", async () => {
  const server = await Server.start({ file: "client.ts" });
  expect(server.output).toMatch(/Greeter +service +greet, count, secret \(private\), strict, refuse, wait/);
  expect(server.output).toMatch(/Counter +object +add, keep, kept \(shared\)/);
  const [, path = ""] = /curl http:\/\/localhost:\d+(\S+) --json/.exec(server.output) ?? [];
  expect(path).toBe("/Greeter/greet");
  expect((await server.request(path, { body: { name: "World" } })).status).toBe(200);
  const waiting = server.request("/Greeter/wait").catch(() => "cut off");
  await until(
    () => server.call("/Counter/awakeables/kept"),
    (kept) => kept !== null,
  );
  const began = performance.now();
  expect(await server.signal("SIGTERM")).toBe(0);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(await waiting).toBe("cut off");
  await server.start();
  expect(server.output).toContain("continues what the last run left: 1 open invocation");
  await server.stop();
});

test.each([
  ["the data file", (server: Server) => rmSync(server.dataPath)],
  ["its folder", (server: Server) => rmSync(server.folder, { recursive: true })],
])("%s deleted while it serves: it says so within two seconds and exits with 1", async (_name, act) => {
  const server = await Server.start({ file: "client.ts" });
  expect(await server.call("/Greeter/greet", { name: "Ada" })).toBeDefined();
  const began = performance.now();
  act(server);
  await until(
    () => server.output,
    (output) => output.includes("was deleted while it was served"),
  );
  expect(performance.now() - began).toBeLessThan(3000);
  await expect(server.request("/Greeter/greet", { body: { name: "Ada" } })).rejects.toThrow();
  expect(await server.ended()).toBe(1);
  await server.stop();
});

test("the data file is its user's alone, and so is the default folder, which Git ignores", async () => {
  const server = await Server.start({ file: "client.ts" });
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
  expect(modeOf(server.dataPath)).toBe("600");
  expect(modeOf(`${server.dataPath}-wal`)).toBe("600");
  await server.stop();
  const own = join(mkdtempSync(join(tmpdir(), "perdure-e2e-")), ".perdure");
  const inDefault = await Server.start({ file: "client.ts", args: ["--data", join(own, "x.sqlite")] });
  expect(modeOf(own)).toBe("700");
  expect(readFileSync(join(own, ".gitignore"), "utf8")).toBe("*\n");
  await inDefault.stop();
  rmSync(dirname(own), { recursive: true });
});

test("a second signal ends it at once", async () => {
  const server = await Server.start({ file: "misbehaving.ts", args: ["--no-watch"] });
  await server.send("/Stuck/spinForever");
  await until(
    () => server.output,
    (output) => output.includes("spinning"),
  );
  const ended = server.signal("SIGINT");
  await until(
    () => server.output,
    (output) => output.includes("stopping"),
  );
  process.kill(server.pid, "SIGINT");
  expect(await ended).toBe(130);
  await server.stop();
});

test("through the npm script, paths are those of the folder where npm was called", async () => {
  const inner = join(folder, "inner");
  mkdirSync(inner);
  copyFileSync(FIXTURE, join(inner, "services.ts"));
  const env = { INIT_CWD: inner, npm_package_name: "perdure" };
  const child = runCli(["dev", "services.ts", ...FREE], { cwd: PACKAGE_ROOT, env });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  await until(
    () => output,
    (text) => text.includes("Try it"),
  );
  child.kill("SIGKILL");
  expect(output).toContain("inner/.perdure/services.sqlite");
  expect(existsSync(join(inner, ".perdure/services.sqlite"))).toBe(true);
});
