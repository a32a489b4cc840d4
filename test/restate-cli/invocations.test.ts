/** The published CLI's commands for invocations: first those that only look, then those that change something. */
import { describe, expect, test } from "vitest";
import { withBriefIds } from "../../lib/model/shown-id.ts";
import { atWork, startedPerdure, whyNot } from "./started.ts";
import { rowsOf, settled } from "./workload.ts";

let ids = new Map<string, string>();
const perdure = startedPerdure(async (started) => void (ids = await atWork(started)));
const wholeId = (name: string): string => ids.get(name) ?? `no invocation is called ${name}`;
/** As the command line is shown it, and takes it. */
const id = (name: string): string => withBriefIds(wholeId(name));

const run = async (...args: string[]) => await perdure().cli.run(...args);

async function status(name: string): Promise<unknown> {
  const rows = await rowsOf(
    perdure().admin,
    `SELECT status FROM sys_invocation WHERE id = '${wholeId(name)}'`,
  );
  return rows[0]?.["status"];
}

const becomes = async (name: string, wanted: string): Promise<void> =>
  await settled(async () => expect(await status(name)).toBe(wanted));

describe.skipIf(whyNot !== undefined)("restate: looking at invocations", () => {
  test("list: everything that has not completed", async () => {
    const { code, stdout, stderr } = await run("inv", "ls");
    expect(stderr).toContain("Showing 9/9 invocations.");
    const unfinished = ["working", "failing", "stopped", "sleeping", "holding", "scheduled", "signing up"];
    for (const name of [...unfinished, "queued first", "queued second"]) expect(stdout).toContain(id(name));
    expect(stdout).not.toContain(id("greeted"));
    expect(stdout).toMatch(/Status: +scheduled/u);
    expect(stdout).toMatch(/Status: +running/u);
    expect(stdout).toMatch(/Status: +backing-off .*Retried \d+ time/u);
    expect(stdout).toMatch(/Status: +paused/u);
    expect(stdout).toContain("Dan cannot be looked up");
    expect(stdout).toMatch(new RegExp(`Deployment: +${id("deployment")} \\[required\\]`, "u"));
    expect(code).toBe(0);
  });

  test.for([
    [["--all"], 18],
    [["--service", "Counter"], 3],
    [["--handler", "add", "--all"], 5],
    [["--key", "a"], 3],
    [["--status", "suspended"], 3],
    [["--status", "pending"], 2],
    [["--status", "running", "--status", "paused"], 2],
    [["--completion-result", "failure"], 1],
    [["--virtual-objects-only"], 3],
    [["--oldest-first", "--limit", "2"], 2],
  ] as const)("list %j: %i", async ([options, count]) => {
    const { code, stdout } = await run("inv", "ls", ...options);
    expect(stdout.match(/❯ \[.*\] inv_1\w+/gu) ?? []).toHaveLength(count);
    expect(code).toBe(0);
  });

  test("list --deployment and --zombie", async () => {
    const { stdout } = await run("inv", "ls", "--deployment", id("deployment"));
    expect(stdout).toContain(id("holding"));
    const zombies = await run("inv", "ls", "--zombie");
    expect(zombies.stdout).not.toContain("❯");
    expect(zombies.code).toBe(0);
  });

  test.for([
    [
      "chained",
      ["completed with success", "Run [create user]", "Sleep [a moment]", "OneWayCall Greeter/greet inv_1"],
    ],
    ["failing", ["backing-off", "Dan cannot be looked up", "Next retry in"]],
    ["stopped", ["paused", "Command: Input"]],
    ["scheduled", ["scheduled", "Command: Input"]],
    ["refused", ["completed with failure", "[422] Eve is not greeted", "Command: Output"]],
    ["working", ["running", "[required]"]],
  ] as const)("describe: %s", async ([name, texts]) => {
    const { code, stdout } = await run("inv", "describe", id(name));
    for (const text of texts) expect(stdout).toContain(text);
    expect(stdout).toContain("[Ingress]");
    expect(code).toBe(0);
  });

  test.for([
    ["holding", "suspended", "Command: Input"],
    ["queued first", "pending", "Command: Input"],
    ["signing up", "suspended", "Command: Input"],
  ] as const)("describe: %s, which has a key", async ([name, state, entry]) => {
    const { code, stdout } = await run("inv", "describe", id(name));
    expect(stdout).toMatch(new RegExp(`Status: +${state}`, "u"));
    expect(stdout).toContain(entry);
    expect(code).toBe(0);
  });

  test("describe: an invented id", async () => {
    const { code } = await run("inv", "describe", "inv_bogus");
    expect(code).toBe(1);
  });

  test("services status", async () => {
    const { code, stdout, stderr } = await run("svc", "status");
    expect(stderr).toBe("");
    expect(stdout).toMatch(/fail +- +- +- +- +1 +-/u);
    expect(stdout).toMatch(/add +2 +- +- +- +- +-/u);
    expect(stdout).toMatch(/work +- +- +- +1 +- +-/u);
    expect(stdout).toMatch(/Counter \(3 active keys\)/u);
    expect(code).toBe(0);
    const one = await run("svc", "status", "Counter");
    expect(one.stdout).toContain(id("holding"));
    expect(one.code).toBe(0);
  });
});

describe.skipIf(whyNot !== undefined)("restate: changing invocations", () => {
  test("cancel: nobody says yes", async () => {
    const { code, stdout, stderr } = await run("inv", "cancel", id("sleeping"));
    expect(stdout).toContain("Greeter/sleep");
    expect(stderr).toContain("User aborted");
    expect(code).toBe(1);
    expect(await status("sleeping")).toBe("suspended");
  });

  test("cancel by id", async () => {
    const { code, stdout } = await run("-y", "inv", "cancel", id("sleeping"));
    expect(stdout).toContain("Cancelled 1 invocations");
    expect(code).toBe(0);
    await becomes("sleeping", "completed");
  });

  test("cancel: nothing is found", async () => {
    const { code, stderr } = await run("-y", "inv", "cancel", id("greeted"));
    expect(stderr).toContain("No invocations found");
    expect(code).toBe(1);
  });

  test("cancel by target: a workflow's", async () => {
    const { code, stdout } = await run("-y", "inv", "cancel", "Signup/ada");
    expect(stdout).toContain(id("signing up"));
    expect(code).toBe(0);
    await becomes("signing up", "completed");
  });

  test("kill by id", async () => {
    const { code, stdout } = await run("-y", "inv", "kill", id("working"));
    expect(stdout).toContain("Killed 1 invocations");
    expect(code).toBe(0);
    await becomes("working", "completed");
  });

  test("pause, and resume on the latest deployment", async () => {
    const paused = await run("-y", "inv", "pause", id("failing"));
    expect(paused.stdout).toContain("Paused 1 invocations");
    expect(paused.code).toBe(0);
    await becomes("failing", "paused");
    const resumed = await run("-y", "inv", "resume", id("failing"), "--deployment", "latest");
    expect(resumed.stdout).toContain("Resumed 1 invocations");
    expect(resumed.code).toBe(0);
    await becomes("failing", "backing-off");
  });

  test("resume by target", async () => {
    const { code, stdout } = await run("-y", "inv", "resume", "Greeter/stop");
    expect(stdout).toContain(id("stopped"));
    expect(code).toBe(0);
    await becomes("stopped", "paused");
  });

  test("restart as new", async () => {
    const { code, stdout } = await run("-y", "inv", "restart-as-new", id("greeted"));
    expect(stdout).toContain("Restarted 1 invocations");
    expect(code).toBe(0);
    const [old, restarted = ""] = /OLD ID.*\n *(\S+) +(\S+)/u.exec(stdout)?.slice(1) ?? [];
    expect(old).toBe(id("greeted"));
    ids.set("restarted", restarted);
    await becomes("restarted", "completed");
  });

  test("restart as new: of a key", async () => {
    const [old = ""] = await rowsOf(
      perdure().admin,
      "SELECT id FROM sys_invocation WHERE target LIKE 'Counter/b/%' AND status = 'completed'",
    ).then((rows) => rows.map((row) => String(row["id"])));
    const { code, stdout } = await run("-y", "inv", "restart-as-new", withBriefIds(old));
    expect(stdout).toContain("Restarted 1 invocations");
    expect(stdout).toMatch(new RegExp(`${withBriefIds(old)} +inv_1`, "u"));
    expect(code).toBe(0);
  });

  test("restart as new: a workflow is refused", async () => {
    const { code, stderr } = await run("-y", "inv", "restart-as-new", id("signed up"));
    expect(stderr).toContain("Failed to restart 1 invocations out of 1");
    expect(code).toBe(1);
  });

  test("kill by key: the owner and those behind it", async () => {
    const { code, stdout } = await run("-y", "inv", "kill", "Counter/a");
    for (const name of ["holding", "queued first", "queued second"]) expect(stdout).toContain(id(name));
    expect(stdout).toContain("Killed 3 invocations");
    expect(code).toBe(0);
    for (const name of ["holding", "queued first", "queued second"]) await becomes(name, "completed");
  });

  test("purge by id and by service", async () => {
    const one = await run("-y", "inv", "purge", id("refused"));
    expect(one.stdout).toContain("Purged 1 invocations");
    expect(one.code).toBe(0);
    await settled(async () => expect(await status("refused")).toBeUndefined());
    const all = await run("-y", "inv", "purge", "Counter");
    expect(all.stdout).toContain("Purged 7 invocations");
    expect(all.code).toBe(0);
    await settled(async () => {
      const { admin } = perdure();
      expect(await rowsOf(admin, "SELECT id FROM sys_invocation WHERE target LIKE 'Counter/%'")).toEqual([]);
    });
  });
});
