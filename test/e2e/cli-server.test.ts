// `perdure sql`, `whoami`, `doctor`, `open`, `subscriptions` and completion, against a local server.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { differingFields } from "../support/cli-document.ts";
import { LocalServer, runHere } from "../support/cli-run.ts";
import { counter, greeter } from "./fixtures/client.ts";

const DEAD = ["--url", "http://127.0.0.1:1"];
const folder = mkdtempSync(join(tmpdir(), "perdure-cli-"));
let server: LocalServer;
let address: string;
beforeAll(async () => {
  server = await LocalServer.start();
  address = await server.serve({ services: [greeter, counter] });
  await server.run("deployments", "register", address);
  for (const key of ["a", "b"]) {
    const headers = { "content-type": "application/json" };
    await fetch(`${server.url}/Counter/${key}/add`, { method: "POST", headers, body: "1" });
  }
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const json = (text: string): unknown => JSON.parse(text);
const QUERY = "select target, status from sys_invocation order by target";

describe("sql", () => {
  test("a table, JSON, lines of JSON, CSV; what was looked at is said on stderr", async () => {
    const table = await server.run("sql", QUERY);
    expect(table.stdout).toBe("TARGET         STATUS\nCounter/a/add  completed\nCounter/b/add  completed\n");
    expect(table.stderr).toMatch(/^2 rows; looked at \d+ items by \w+\n$/u);
    const rows = ["a", "b"].map((key) => ({ target: `Counter/${key}/add`, status: "completed" }));
    expect(json((await server.run("sql", QUERY, "--json")).stdout)).toEqual(rows);
    const lines = (await server.run("sql", QUERY, "--jsonl", "--quiet")).stdout.trimEnd().split("\n");
    expect(lines.map(json)).toEqual(rows);
    const csv = await server.run("sql", QUERY, "--csv", "--quiet");
    expect(csv).toEqual({
      ...{ code: 0, stderr: "" },
      stdout: "target,status\nCounter/a/add,completed\nCounter/b/add,completed\n",
    });
  });

  test("a query of a file, no rows, tables, columns", async () => {
    const file = join(folder, "query.sql");
    writeFileSync(file, `${QUERY}\n`);
    expect((await server.run("sql", "--file", file)).stdout).toContain("Counter/a/add");
    const none = await server.run("sql", "select id from sys_invocation where target = 'x'");
    expect(none).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("No rows.") as string,
    });
    expect((await server.run("sql", "--tables")).stdout).toContain("\nsys_invocation\n");
    expect((await server.run("sql", "--describe", "sys_service")).stdout).toMatch(/\nrevision +\w/u);
    const unknown = await server.run("sql", "--describe", "sys_servic");
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("'sys_service'") as string });
  });

  test("what is wrong with a query is said with its place, and a caret below it", async () => {
    const { code, stdout, stderr } = await server.run("sql", "select id,\n  statu from sys_invocation");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("'status'");
    expect(stderr).toContain("(line 2, column 3)\n    statu from sys_invocation\n    ^\n");
    for (const query of ["delete from state", "select 1; select 2", "select", "garbage \u0000"])
      expect(await server.run("sql", query)).toMatchObject({ code: 1, stdout: "" });
  });

  test.each([
    [[QUERY, "--file", "x"], "name one of"],
    [[QUERY, "--csv", "--json"], "exclude each other"],
    [[QUERY, "--read-units", "many"], "takes a whole number"],
  ])("%j is a wrong call", async (args, text) => {
    const { code, stdout, stderr } = await server.run("sql", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(text);
  });

  test("a file that is not there, and a server that is not there", async () => {
    expect((await server.run("sql", "--file", join(folder, "gone.sql"))).code).toBe(1);
    expect((await runHere(["sql", QUERY, ...DEAD])).code).toBe(4);
  });
});

describe("whoami", () => {
  test("says the server, what has chosen it, and both versions", async () => {
    const { code, stdout } = await server.run("whoami", "--json");
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({
      ...{ chosen_by: "--url", ingress: server.url, healthy: true, problem: null, stack: null },
      ...{ cli_version: PACKAGE_VERSION, server_version: PACKAGE_VERSION },
    });
    expect((await server.run("whoami")).stdout).toMatch(/\nhealth +ok\n$/u);
  });

  test("of a dead server: what is known, and exit code 4", async () => {
    const { code, stdout, stderr } = await runHere(["whoami", ...DEAD]);
    expect(code).toBe(4);
    expect(stdout).toMatch(/health +does not answer\n$/u);
    expect(stderr).toContain("nothing answers at http://127.0.0.1:1");
    expect(json((await runHere(["whoami", "--json", ...DEAD])).stdout)).toMatchObject({ healthy: false });
  });
});

describe("doctor", () => {
  test("looks at server, versions, clock, ingress, deployments and invocations", async () => {
    const { code, stdout } = await server.run("doctor", "--json");
    expect(code).toBe(0);
    const { checks } = json(stdout) as { checks: { name: string; verdict: string; fix: string | null }[] };
    expect(new Set(checks.map(({ verdict }) => verdict))).toEqual(new Set(["ok"]));
    expect(new Set(checks.map(({ name }) => name))).toEqual(
      new Set(["admin API", "versions", "clock", "ingress", "deployments", "invocations"]),
    );
    expect((await server.run("doctor")).stdout).toMatch(/^ok {4}admin API: http/u);
  });

  test("fails for a dead server and a dead ingress, each with what to do", async () => {
    const dead = await runHere(["doctor", ...DEAD]);
    expect(dead.code).toBe(1);
    expect(dead.stdout).toMatch(/^fail {2}admin API: nothing answers .*\n {6}Is it running\?/u);
    const deaf = await server.run("doctor", "--ingress-url", "http://127.0.0.1:1");
    expect(deaf.code).toBe(1);
    expect(deaf.stdout).toContain("\nfail  ingress: nothing answers at http://127.0.0.1:1");
  });
});

test("open prints the link of a page, of a key, of an invocation; without a built UI that of its JSON, and says so", async () => {
  const isBuilt = (await fetch(`${server.adminUrl}/ui/`)).status === 200;
  const linkOf = async (...what: string[]): Promise<string> => {
    const { code, stdout, stderr } = await server.run("open", ...what);
    expect([code, stderr.includes("no web UI")]).toEqual([0, !isBuilt]);
    return stdout.trim().replace(`${server.adminUrl}${isBuilt ? "/ui" : ""}`, "");
  };
  expect(await linkOf("inv_1x")).toBe("/invocations/inv_1x");
  expect(await linkOf()).toBe(isBuilt ? "/" : "");
  expect(await linkOf("sql")).toBe(isBuilt ? "/sql" : "");
  expect(await linkOf("Cart/a/b")).toBe(isBuilt ? "/object?service=Cart&key=a%2Fb" : "");
});

test("subscriptions: made, listed, described and ended", async () => {
  const run = async (...args: string[]) => await server.run("subscriptions", ...args);
  const made = await run("create", "sqs://work", "service://Greeter/greet");
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const id = /sub_1[0-9A-Za-z]{22}/u.exec(made.stdout)?.[0] ?? "";
  expect((await run("list")).stdout).toContain(id);
  expect((await run("describe", id)).stdout).toContain("service://Greeter/greet");
  expect((await run("remove", id, "--yes")).code).toBe(0);
  expect((await run("describe", id)).code).not.toBe(0);
  const refused = await run("create", "sqs://work", "service://Greeter/none");
  expect(refused.stderr).toContain("service 'Greeter' has no handler 'none'");
});

test("events: sent from a file, set aside, tried again and dropped", async () => {
  const made = [
    "subscriptions",
    "create",
    "sqs://depot",
    "service://Counter/add",
    "perdure.key=header:tenant",
  ];
  expect((await server.run(...made, "--name", "depot")).code).toBe(0);
  const file = "test/unit/events/fixtures/sqs-standard.json";
  const sent = await server.run("events", "send", file, "--subscription", "depot", "--json");
  expect(json(sent.stdout)).toMatchObject({ counts: { accepted: 1 }, batchItemFailures: [] });
  const other = [
    "subscriptions",
    "create",
    "sqs://depot",
    "service://Counter/add",
    "perdure.key=header:none",
  ];
  expect((await server.run(...other, "--name", "keyless")).code).toBe(0);
  expect((await server.run("events", "send", file, "--subscription", "keyless")).stdout).toMatch(
    /rejected +1/u,
  );
  const listed = json((await server.run("events", "rejected", "list", "--json")).stdout) as { id: string }[];
  const id = listed[0]?.id ?? "none";
  expect((await server.run("events", "rejected", "show", "keyless", id)).stdout).toContain("no-key");
  expect((await server.run("events", "rejected", "retry", "keyless", id)).code).toBe(1);
  expect((await server.run("events", "rejected", "retry", "keyless", id, "--key", "k1")).code).toBe(0);
  expect((await server.run("events", "rejected", "drop", "keyless", id, "--yes")).code).toBe(1);
  expect((await server.run("events", "send", file, "--subscription", "none")).code).not.toBe(0);
  const rejected = async (...args: string[]) => await server.run("events", "rejected", ...args);
  expect(await rejected("retry", "keyless")).toMatchObject({ code: 2 });
  expect(await rejected("retry", "keyless", id, "--all")).toMatchObject({ code: 2 });
  expect(await rejected("retry", "keyless", "--all")).toMatchObject({
    code: 0,
    stdout: "0 become invocations\n",
  });
});

test("a schedule is paused and goes on; what cannot be moved is refused with the reason", async () => {
  const run = async (...args: string[]) => await server.run("subscriptions", ...args);
  const daily = ["schedule://daily", "service://Greeter/greet", "perdure.schedule=0 2 * * *"];
  expect((await run("create", ...daily, "--name", "daily")).code).toBe(0);
  expect((await run("pause", "daily")).stdout).toBe("daily is paused; what was started goes on\n");
  expect((await run("list")).stdout).toMatch(/daily .* paused +- +0\/s/u);
  expect((await run("resume", "daily")).stdout).toBe("daily goes on\n");
  const shown = (await run("describe", "daily")).stdout;
  expect(shown).toMatch(/next tick +\S/u);
  expect(shown).toContain("0 accepted, 0 repeated, 0 rejected, 0 failed since the server started");
  const moved = await run("skip", "daily", "latest", "--yes");
  expect([moved.code, moved.stderr]).toEqual([1, expect.stringContaining("other than Kafka")]);
  expect((await run("replay", "daily", "0=1", "x", "--yes")).code).toBe(2);
  expect((await run("skip", "none", "latest", "--yes")).code).not.toBe(0);
});

describe("completion", () => {
  test.each(["bash", "zsh", "fish", "powershell"])("a script for %s", async (shell) => {
    const { code, stdout } = await runHere(["completion", shell]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/perdure complete '?--/u);
  });

  test("there is none for another shell", async () => {
    expect(await runHere(["completion", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("the script for bash works, also where the package bash-completion is missing", async () => {
    const { stdout: script } = await runHere(["completion", "bash"]);
    const program = [
      script,
      "compopt() { :; }",
      String.raw`perdure() { [[ "$*" == "complete -- svc describe Gr" ]] && printf 'Greeter	Service
:4
'; }`,
      'COMP_WORDS=(perdure svc describe Gr); COMP_CWORD=3; __perdure_complete; echo "${COMPREPLY[*]}"',
    ];
    const { stdout } = await promisify(execFile)("bash", ["--noprofile", "--norc", "-c", program.join("\n")]);
    expect(stdout).toBe("Greeter\n");
  });

  const completed = async (...words: readonly string[]): Promise<string[]> => {
    const { stdout } = await runHere(["complete", "--", "--url", server.adminUrl, ...words]);
    return stdout.trimEnd().split("\n");
  };
  const wordsOf = (lines: readonly string[]) => lines.map((line) => line.split("\t")[0]);

  test("of commands, by their names and behind their aliases, and of options", async () => {
    expect(wordsOf(await completed("serv"))).toEqual(["services", ":4"]);
    expect(wordsOf(await completed("svc", "config", ""))).toEqual(["view", "edit", "patch", ":4"]);
    expect(wordsOf(await completed("dp", "register", "http://x", "--for"))).toEqual(["--force", ":4"]);
    expect(wordsOf(await completed("services", "list", "--time-format", "i"))).toEqual(["iso", ":4"]);
    expect(wordsOf(await completed("sql", "--file", ""))).toEqual([":0"]);
  });

  test("of what the server has", async () => {
    expect(await completed("services", "describe", "")).toEqual([
      "Counter\tVirtualObject",
      "Greeter\tService",
      ":4",
    ]);
    const [deployment] = await completed("deployments", "describe", "dp_");
    expect(deployment).toMatch(new RegExp(`^dp_\\S+\t${address}$`, "u"));
    expect(wordsOf(await completed("sql", "--describe", "perdure_l"))).toEqual(["perdure_locks", ":4"]);
    const [id] = await completed("open", "inv_");
    expect(id).toMatch(/^inv_\w\S+\tCounter\/[ab]\/add, completed$/u);
  });

  test("of a dead server: nothing, and no error", async () => {
    expect(await runHere(["complete", "--", ...DEAD, "services", "describe", ""])).toEqual({
      ...{ code: 0, stderr: "" },
      stdout: ":4\n",
    });
  });
});

test("help shows the commands in groups, each with examples", async () => {
  const { stdout } = await runHere(["--help"]);
  expect(stdout).toMatch(/Serve on this machine:\n +dev .*[^]*\n +up\|server /u);
  for (const args of [
    ["up"],
    ["sql"],
    ["doctor"],
    ["whoami"],
    ["deployments", "register"],
    ["services", "status"],
  ])
    expect((await runHere([...args, "--help"])).stdout).toMatch(/Examples:\n {2}perdure .*\n {2}perdure /u);
});

describe("JSON has the fields that docs/cli.md promises", () => {
  test.each([
    ["`whoami`", ["whoami"]],
    ["`doctor`", ["doctor"]],
    ["`open`", ["open"]],
    ["`deployments list`", ["deployments", "list"]],
    ["`deployments register`", ["deployments", "register", "http://…", "--dry-run", "--force"]],
    ["`services list`", ["services", "list"]],
    ["`services list`", ["services", "describe", "Counter"]],
    ["`services status`", ["services", "status"]],
    ["`services config view`", ["services", "config", "view", "Counter"]],
    ["`services config view`", ["services", "config", "patch", "Counter", "--public", "true"]],
  ])("%s: perdure %j", async (begin, args) => {
    const given = args.map((arg) => (arg === "http://…" ? address : arg));
    const { stdout } = await server.run(...given, "--json");
    const printed = json(stdout) as object;
    for (const one of Array.isArray(printed) ? (printed as object[]) : [printed])
      expect(differingFields(begin, one)).toEqual([]);
  });
});
