// `perdure replay` and `perdure invocations export --replayable`, against a local server.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runHere } from "../support/cli-run.ts";
import { Server, until } from "./server.ts";

/** What the handler does first, and how it goes on. */
const code = (step: string, later = "ship"): string => `
import { object, type ObjectContext } from "perdure";
export const order = object({
  name: "Order",
  handlers: {
    place: async (ctx: ObjectContext) => {
      await ctx.run(${JSON.stringify(step)}, () => 5);
      await ctx.sleep({ minutes: 5 });
      await ctx.run(${JSON.stringify(later)}, () => console.log("an effect"));
    },
  },
});
`;

const folder = mkdtempSync(join(tmpdir(), "perdure-replay-"));
const file = (name: string, text?: string): string => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};
/** It reads state, and ends in the same turn. */
const counter = `
export const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, more: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + more;
      ctx.set("sum", sum);
      return sum;
    },
  },
});
`;
let server: Server;
beforeAll(async () => {
  server = await Server.start({ file: file("order.ts", code("price") + counter) });
  const ids = await Promise.all(["a", "b", "c"].map((key) => server.send(`/Order/${key}/place`)));
  for (const id of ids)
    await until(
      () => server.admin(`/invocations/${id}`),
      (answer) => (answer as { status: string }).status === "suspended",
    );
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (...args: readonly string[]) => await runHere(["--url", server.adminUrl, ...args]);

test("the journals of a server fit its own code, and code that changes later", async () => {
  for (const entry of [file("order.ts"), file("later.ts", code("price", "send"))])
    expect(await run("replay", "--entry", entry)).toEqual({
      code: 0,
      stdout: "fits: Order/place, 3 journals with 6 entries\n",
      stderr: "",
    });
  expect(server.output).not.toContain("an effect");
});

test("a sample: the newest", async () => {
  const { code: exit, stdout, stderr } = await run("replay", "--entry", file("order.ts"), "--sample", "2");
  expect([exit, stdout]).toEqual([0, "fits: Order/place, 2 journals with 4 entries\n"]);
  expect(stderr).toContain("The 2 newest are replayed; --sample takes more.");
});

test("code that fails on the way: nobody can tell", async () => {
  const failing = file(
    "failing.ts",
    code("price").replace("await ctx.sleep({ minutes: 5 });", "throw Error('no disk');"),
  );
  const { code: exit, stdout } = await run("replay", "--entry", failing);
  expect(exit).toBe(1);
  expect(stdout).toMatch(
    /^not told: Order\/place: the code ended before it had done all that is recorded: no disk/,
  );
});

test("code that does something else: how, and for whom; the journals are kept for the next try", async () => {
  const journals = file("journals.jsonl");
  const renamed = file("renamed.ts", code("cost"));
  const { code: exit, stdout, stderr } = await run("replay", "--entry", renamed, "--save", journals);
  expect(exit).toBe(1);
  expect(stdout).toMatch(
    /^differs: Order\/place: Journal mismatch at operation 0 of 2 recorded: the journal recorded run "price", but the code now does run "cost".*renamed\.ts:\d+.*\n(?: {2}inv_1\w+ {2}Order\/[abc]\/place\n){3}$/,
  );
  expect(stderr).toContain("3 of 3 journals do not fit the code");
  const again = await run("replay", "--entry", renamed, journals, "--json");
  const answers = JSON.parse(again.stdout) as readonly { fits: boolean; status: string }[];
  expect(answers.map(({ fits, status }) => `${status} ${fits}`)).toEqual(
    Array.from({ length: 3 }, () => "suspended false"),
  );
  expect(await run("replay", "--entry", file("order.ts"), journals)).toMatchObject({ code: 0 });
});

test("one journal, as it is stored", async () => {
  const { invocations } = (await server.admin("/invocations?limit=1")) as { invocations: { id: string }[] };
  const id = invocations[0]?.id ?? "";
  const exported = await run("invocations", "export", id, "--replayable");
  expect(exported).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(exported.stdout)).toMatchObject({ perdure_journal: 1, id });
  const journal = file("one.jsonl", exported.stdout);
  const { stdout } = await run("replay", "--entry", file("order.ts"), journal);
  expect(stdout).toBe("fits: Order/place, 1 journal with 2 entries\n");
});

test("bad files and bad code are said, with the line", async () => {
  const bad = await run("replay", "--entry", file("order.ts"), file("bad.jsonl", "\n{}\n"));
  expect(bad).toMatchObject({ code: 1, stdout: "" });
  expect(bad.stderr).toContain("bad.jsonl:2: not a recorded journal: no format");
  const missing = await run("replay", "--entry", file("order.ts"), file("nowhere.jsonl"));
  expect(missing.stderr).toContain("nowhere.jsonl cannot be read");
  const journals = file("journals.jsonl");
  const broken = await run("replay", "--entry", file("broken.ts", "export default [;"), journals);
  expect(broken.stderr).toMatch(/broken\.ts:1/);
  const noCode = await run("replay");
  expect(noCode).toMatchObject({ code: 2 });
  const none = await run("replay", "--entry", file("order.ts"), "--service", "Order", "--status", "paused");
  expect(none).toMatchObject({ code: 3 });
});

test("what ended in the turn that read state: nobody can tell, by the same code", async () => {
  for (const more of ["1", "2"]) await server.call("/Counter/a/add", more);
  const entry = file("order.ts");
  const {
    code: exit,
    stdout,
    stderr,
  } = await run(...["replay", "--entry", entry, "--all-statuses", "--service", "Counter"]);
  expect(exit).toBe(1);
  expect(stdout).toMatch(
    /^not told: Counter\/add: its last turn read state or a promise, and what it read was not kept, so nobody can tell\n(?: {2}inv_1\w+ {2}Counter\/a\/add\n){2}$/,
  );
  expect(stderr).toContain("nobody can tell whether 2 of 2 journals fit the code");
});
