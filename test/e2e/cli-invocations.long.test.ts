/** The commands for invocations against a local server: what they print, and how they end. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../cli/exit.ts";
import { PACKAGE_ROOT, type Ran, ranBy, runCli, Server, until } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: "shop.ts", args: ["--no-watch"] });
}, 120_000);
afterAll(() => server.stop());

const perdure = (...args: readonly string[]): Promise<Ran> =>
  ranBy(runCli(args, { env: { PERDURE_ADMIN_URL: server.adminUrl } }));

/** What a shell makes of the line. */
function shell(line: string): Promise<Ran> {
  const env = { ...process.env, PERDURE_ADMIN_URL: server.adminUrl, NODE_OPTIONS: "" };
  const cli = `${process.execPath} --conditions=perdure-source ${join(PACKAGE_ROOT, "cli/main.ts")}`;
  return ranBy(spawn("bash", ["-o", "pipefail", "-c", line.replaceAll(/\bperdure\b/gu, () => cli)], { env }));
}

const statusOf = async (id: string): Promise<unknown> =>
  ((await server.admin(`/invocations/${id}`)) as { status?: unknown }).status;
const untilStatus = (id: string, status: string): Promise<unknown> =>
  until(
    () => statusOf(id),
    (now) => now === status,
    30_000,
  );
const idsIn = (stdout: string): string[] => (JSON.parse(stdout) as { id: string }[]).map(({ id }) => id);

describe("perdure ls", { timeout: 120_000 }, () => {
  test("lists what is open, by filters, as a table and as JSON; nothing found is no failure", async () => {
    const waiting = await server.send("/Order/ls-1/wait", 600_000);
    await untilStatus(waiting, "suspended");
    const behind = await server.send("/Order/ls-1/wait", 1);
    await untilStatus(behind, "pending");
    const ended = await server.send("/Mailer/send", "ada");
    await untilStatus(ended, "completed");
    const [table, open, all, none, unknown] = await Promise.all([
      perdure("ls", "--key", "ls-*"),
      perdure("invocations", "list", "--service", "Order", "--key", "ls-1", "--json"),
      perdure("ls", "--all-statuses", "--jsonl"),
      perdure("ls", "--key", "none", "--json"),
      perdure("ls", "--service", "Odrer"),
    ]);
    expect(table.stdout).toMatch(/^ID +TARGET +STATUS +AGE +ATTEMPT +WAITING ON +ERROR/u);
    expect(table.stdout).toMatch(new RegExp(`${waiting} +Order/ls-1/wait +suspended .* sleep for \\S+`, "u"));
    expect(table.stdout).toMatch(
      new RegExp(`${behind} +Order/ls-1/wait +pending .* the key Order/ls-1`, "u"),
    );
    expect(table).toMatchObject({ code: EXIT.done, stderr: "2 of 2 invocations.\n" });
    expect(idsIn(open.stdout)).toEqual([behind, waiting]);
    const lines = all.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toContainEqual(
      expect.objectContaining({ id: ended, status: "completed", completion_result: "success" }),
    );
    expect(none).toMatchObject({ code: EXIT.done, stdout: "[]\n" });
    expect(unknown).toMatchObject({ code: EXIT.nothing, stdout: "" });
    expect(unknown.stderr).toContain('Did you mean "Order"?');
  });

  test("says that there are more than it shows", async () => {
    for (const n of [1, 2, 3])
      await untilStatus(await server.send(`/Order/more-${n}/wait`, 600_000), "suspended");
    const { stdout, stderr } = await perdure("ls", "--key", "more-*", "--limit", "2", "--json");
    expect(idsIn(stdout)).toHaveLength(2);
    expect(stderr).toBe("Showing 2 of 2+ invocations; --all shows all.\n");
  });

  test("is refused for what it cannot mean, and where nothing answers", async () => {
    const [status, limit, dead] = await Promise.all([
      perdure("ls", "--status", "pused"),
      perdure("ls", "--limit", "many"),
      perdure("ls", "--url", "http://127.0.0.1:1"),
    ]);
    expect(status).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining('Did you mean "paused"?'),
    });
    expect(limit).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("--limit takes a number"),
    });
    expect(dead).toMatchObject({ code: EXIT.unreachable, stdout: "" });
    expect(dead.stderr).toContain("nothing answers at http://127.0.0.1:1");
  });

  test("ends quietly when its reader has seen enough", async () => {
    const { code, stderr, stdout } = await shell("perdure ls --all-statuses --jsonl -q | head -c 10");
    expect(stdout).toHaveLength(10);
    expect(stderr).toBe("");
    expect([0, EXIT.failed, 141]).toContain(code);
  });
});

describe("perdure show", { timeout: 120_000 }, () => {
  test("shows input, steps with their values, callees, the key's lock and who is behind it", async () => {
    const placed = await server.send("/Order/show-1/place", 12);
    await untilStatus(placed, "suspended");
    const behind = await server.send("/Order/show-1/wait", 1);
    await untilStatus(behind, "pending");
    const [owner, parked, json, journal] = await Promise.all([
      perdure("show", placed),
      perdure("invocations", "describe", behind),
      perdure("show", placed, "--json"),
      perdure("show", placed, "--journal", "json"),
    ]);
    expect(owner.stdout).toMatch(/Target +Order\/show-1\/place/u);
    expect(owner.stdout).toMatch(/Waiting for +awakeable sign_/u);
    expect(owner.stdout).toMatch(/#0 +run +charge( +\d+ms)?\n +=.*"amount":12/u);
    expect(owner.stdout).toMatch(/call +Mailer\/send -> inv_\S+ \(succeeded\)( +\d+ms)?\n +=.*sent to ada/u);
    expect(owner.stdout).toMatch(new RegExp(`Key +owned since .*behind it: ${behind}`, "u"));
    expect(parked.stdout).toMatch(
      new RegExp(`Key +owned by ${placed} \\(Order/show-1/place, suspended\\).*place 1 of 1`, "u"),
    );
    const shown = JSON.parse(json.stdout) as Record<string, unknown>;
    expect(shown).toMatchObject({
      id: placed,
      lock: { owner: { invocation_id: placed }, waiting: [behind] },
    });
    expect(shown).toMatchObject({
      callees: [{ target: "Mailer/send", status: "completed" }],
      journal: { length: 5 },
    });
    expect(JSON.parse(journal.stdout)).toEqual(shown["journal"]);
  });

  test("shows the error of the last attempt with the user's frame, and where it happened", async () => {
    const id = await server.send("/Mailer/flaky", {});
    await untilStatus(id, "backing-off");
    const { stdout } = await perdure("show", id);
    expect(stdout).toMatch(/Attempts +\d+ failed in a row, the last one in run "connect"/u);
    expect(stdout).toMatch(/the mail server hangs up\n +at .*fixtures\/shop\.ts:\d+/u);
    expect(stdout).not.toContain("turn-driver");
  });

  test("of an unknown id says so, and ends with its own code", async () => {
    for (const id of ["inv_nope", "nonsense"]) {
      const { code, stderr } = await perdure("show", id);
      expect(code).toBe(EXIT.nothing);
      expect(stderr).toContain(`"${id}" is no invocation's id`);
    }
  });
});

describe("perdure cancel, kill, pause, resume, restart, purge", { timeout: 180_000 }, () => {
  test("what a search has found is shown, and done with --yes alone", async () => {
    const ids: string[] = [];
    for (const n of [1, 2]) ids.push(await server.send(`/Order/bulk-${n}/wait`, 600_000));
    for (const id of ids) await untilStatus(id, "suspended");
    const dry = await perdure("cancel", "Order/bulk-*", "--dry-run", "--json");
    expect(idsIn(dry.stdout).toSorted()).toEqual(ids.toSorted());
    expect(dry).toMatchObject({ code: EXIT.done, stderr: "Would cancel 2 invocations.\n" });
    const asked = await perdure("cancel", "Order/bulk-*");
    expect(asked).toMatchObject({
      code: EXIT.failed,
      stdout: "",
      stderr: expect.stringContaining("Add --yes"),
    });
    expect(await statusOf(ids[0] ?? "")).toBe("suspended");
    const done = await perdure("cancel", "Order/bulk-*", "--yes", "--json");
    expect(done.code).toBe(EXIT.done);
    expect(JSON.parse(done.stdout)).toEqual(
      expect.arrayContaining(ids.map((id) => expect.objectContaining({ id, result: "done" }))),
    );
    for (const id of ids) await untilStatus(id, "completed");
    expect(await perdure("cancel", "Order/bulk-*", "--yes")).toMatchObject({ code: EXIT.nothing });
  });

  test("by ids, by ids from stdin; a refusal is no success, and the exit code says so", async () => {
    const id = await server.send("/Order/ops-1/wait", 600_000);
    await untilStatus(id, "suspended");
    const ended = await server.send("/Mailer/send", "bob");
    await untilStatus(ended, "completed");
    expect(await perdure("pause", id)).toMatchObject({
      code: EXIT.done,
      stderr: "1 invocation was paused.\n",
    });
    await untilStatus(id, "paused");
    const partly = await perdure("kill", id, ended);
    expect(partly).toMatchObject({ code: EXIT.partly });
    expect(partly.stdout).toMatch(new RegExp(`${ended} .*refused: was already completed`, "u"));
    expect(partly.stderr).toContain("1 of 2 invocations killed: 1 refused");
    expect(await perdure("kill", ended)).toMatchObject({ code: EXIT.failed });
    expect(await perdure("kill", "inv_nope")).toMatchObject({ code: EXIT.nothing });
    const purged = await shell(`echo ${ended} | perdure purge - --yes`);
    expect(purged).toMatchObject({ code: EXIT.done, stderr: "1 invocation was purged.\n" });
    expect(await perdure("show", ended)).toMatchObject({ code: EXIT.nothing });
  });

  test("restart keeps the steps before the one that is named", async () => {
    const id = await server.send("/Order/again/place", 5);
    await untilStatus(id, "suspended");
    await perdure("kill", id);
    const wrong = await perdure("restart", id, "--from", "Mailer/sned");
    expect(wrong).toMatchObject({ code: EXIT.failed });
    expect(wrong.stdout).toContain('Did you mean "Mailer/send"?');
    const { code, stdout } = await perdure("restart", id, "--from", "Mailer/send", "--json");
    expect(code).toBe(EXIT.done);
    const [made] = JSON.parse(stdout) as { new_invocation_id: string }[];
    await untilStatus(made?.new_invocation_id ?? "", "suspended");
    const journal = await perdure("show", made?.new_invocation_id ?? "", "--json");
    expect(JSON.parse(journal.stdout)).toMatchObject({ invoked_by: "restart_as_new", restarted_from: id });
  });

  test("without anything named, or with two ways of naming, it says how", async () => {
    const [nothing, both] = await Promise.all([
      perdure("kill"),
      perdure("kill", "inv_1", "--service", "Order"),
    ]);
    expect(nothing).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("name what it is for"),
    });
    expect(both).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("cannot be mixed") });
  });
});

describe("perdure watch and tail", { timeout: 120_000 }, () => {
  test("watch prints steps until the end, and ends as the invocation does", async () => {
    const [good, bad] = [
      await server.send("/Mailer/send", "eve"),
      await server.send("/Mailer/refuse", "eve"),
    ];
    const [succeeded, failed] = await Promise.all([perdure("watch", good), perdure("watch", bad, "--jsonl")]);
    expect(succeeded.code).toBe(EXIT.done);
    expect(succeeded.stdout).toMatch(
      /accepted Mailer\/send\n.*#0 run deliver( \(\d+ms\))? = "sent to eve"\n.*succeeded after/u,
    );
    expect(failed).toMatchObject({
      code: EXIT.failed,
      stderr: expect.stringContaining("no mailbox for eve"),
    });
    const events = failed.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(["accepted", "failed"]);
  });

  test("watch says so if the time is over", async () => {
    const id = await server.send("/Order/watched/wait", 600_000);
    await untilStatus(id, "suspended");
    const { code, stderr } = await perdure("watch", id, "--timeout", "1s");
    expect(code).toBe(EXIT.failed);
    expect(stderr).toContain("is still suspended after 1s");
  });

  test("tail prints what begins and ends meanwhile", async () => {
    const tailing = perdure("tail", "--service", "Mailer", "--handler", "send", "--timeout", "8s", "--jsonl");
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const id = await server.send("/Mailer/send", "tail");
    const { code, stdout } = await tailing;
    expect(code).toBe(EXIT.done);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(rows).toContainEqual(expect.objectContaining({ id, status: "completed" }));
  });
});
