/** A fix reaches the invocation that fails, if its journal fits the new code; nothing runs for the sake of finding out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { Server, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-adoption-"));
const file = join(folder, "shop.ts");
const effects = join(folder, "effects");
let server: Server;
beforeEach(async () => {
  writeFileSync(effects, "");
  write("broken");
  server = await Server.start({ file, args: ["--verbose"] });
});
afterEach(() => server.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SHIPS = {
  broken: 'throw new TypeError("shipp is not defined");',
  mended: 'return note("ship");',
} as const;

/** An order: it pays, sleeps for nothing, ships. Effects are lines in a file. */
function write(ships: keyof typeof SHIPS, { pay = "pay", retry = "" } = {}): void {
  writeFileSync(
    file,
    `import { appendFileSync } from "node:fs";
import { object, type ObjectContext } from "perdure";
const note = (what: string): string => (appendFileSync(${JSON.stringify(effects)}, what + "\\n"), what);
export default object({
  name: "Order",
  options: { retryPolicy: { ${retry} } },
  handlers: {
    place: async (ctx: ObjectContext) => {
      note("turn");
      const paid = await ctx.run(${JSON.stringify(pay)}, () => note("pay"));
      ctx.set("paid", paid);
      const shipped = await ctx.run("ship", () => { ${SHIPS[ships]} });
      return [paid, shipped];
    },
    wait: async (ctx: ObjectContext) => { await ctx.run("first", () => 1); await ctx.sleep({ hours: 1 }); },
  },
});
`,
  );
}
const effectsOf = (what: string): number =>
  readFileSync(effects, "utf8")
    .split("\n")
    .filter((line) => line === what).length;
const statusOf = async (id: string): Promise<unknown> =>
  ((await server.admin(`/invocations/${id}`)) as { status?: unknown }).status;
const deploymentOf = async (id: string): Promise<unknown> =>
  ((await server.admin(`/invocations/${id}`)) as { pinned_deployment_id?: unknown }).pinned_deployment_id;
const printed = async (line: RegExp): Promise<void> => {
  await until(
    () => server.output,
    (output) => line.test(output),
    20_000,
  );
};

test("what backs off goes on with the fix at once, and repeats nothing that is recorded", async () => {
  write("broken", { retry: "initialInterval: { minutes: 20 }" });
  await printed(/reloaded/u);
  const id = await server.send("/Order/a/place");
  await printed(/Order\/a\/place failed in run "ship", attempt 1: shipp is not defined/u);
  write("mended", { retry: "initialInterval: { minutes: 20 }" });
  expect((await server.attach(id)).json).toEqual(["pay", "ship"]);
  expect([effectsOf("pay"), effectsOf("ship")]).toEqual([1, 1]);
  await printed(/Order\/a\/place had failed, and goes on with the new code/u);
});

test("what its policy has paused goes on; what an operator has paused, and what sleeps, stays", async () => {
  write("broken", { retry: "maxAttempts: 1" });
  await printed(/reloaded/u);
  const [paused, held, sleeping] = [
    await server.send("/Order/a/place"),
    await server.send("/Order/b/wait"),
    await server.send("/Order/c/wait"),
  ];
  await until(
    async () => await statusOf(paused),
    (status) => status === "paused",
  );
  for (const id of [held, sleeping])
    await until(
      async () => await statusOf(id),
      (status) => status === "suspended",
    );
  await server.admin(`/invocations/${held}/pause`, "PATCH");
  const before = await deploymentOf(held);
  write("mended", { retry: "maxAttempts: 1" });
  expect((await server.attach(paused)).json).toEqual(["pay", "ship"]);
  expect(await statusOf(held)).toBe("paused");
  expect(await statusOf(sleeping)).toBe("suspended");
  expect([await deploymentOf(held), await deploymentOf(sleeping)]).toEqual([before, before]);
});

test("what does not fit stays, and is named; its failures say that it is on the old code; mended, it goes on", async () => {
  const id = await server.send("/Order/a/place");
  await printed(/attempt 1: shipp is not defined/u);
  write("mended", { pay: "pay twice" });
  await printed(
    /Order\/a\/place stays on the old code dp_\w+: Journal mismatch at operation 0 of 2 .*run "pay", .*run "pay twice"/u,
  );
  await printed(/failed in run "ship" on the old code dp_\w+, attempt \d+: shipp/u);
  // The rehearsal has run no step, and its turns are not among those that were told.
  expect([effectsOf("pay"), effectsOf("ship")]).toEqual([1, 0]);
  expect(server.output.match(/stays on the old code/gu)).toHaveLength(1);
  write("mended");
  expect((await server.attach(id)).json).toEqual(["pay", "ship"]);
});

test("the server was off while the code was mended", async () => {
  const id = await server.send("/Order/a/place");
  await printed(/attempt 1: shipp is not defined/u);
  await server.kill9();
  write("mended");
  await server.start();
  expect((await server.attach(id)).json).toEqual(["pay", "ship"]);
  expect(effectsOf("pay")).toBe(1);
});

test("a turn that runs while the code is mended moves when it has failed", async () => {
  const slow = readFileSync(file, "utf8").replace(
    SHIPS.broken,
    'await new Promise((done) => setTimeout(done, 1500)); throw new TypeError("too late");',
  );
  writeFileSync(file, slow.replace('"ship", () =>', '"ship", async () =>'));
  await printed(/reloaded/u);
  const id = await server.send("/Order/a/place");
  await until(
    () => effectsOf("pay"),
    (count) => count === 1,
  );
  write("mended");
  expect((await server.attach(id)).json).toEqual(["pay", "ship"]);
  expect(effectsOf("pay")).toBe(1);
});

test("one whose new code ends its process is not in the way of the others", async () => {
  const [a, b] = [await server.send("/Order/a/place"), await server.send("/Order/b/place")];
  await printed(/Order\/a\/place failed .*attempt 3/u);
  await printed(/Order\/b\/place failed .*attempt 3/u);
  write("mended");
  const mended = readFileSync(file, "utf8");
  writeFileSync(file, mended.replace('note("turn");', 'if (ctx.key === "a") process.exit(3);'));
  expect((await server.attach(b)).json).toEqual(["pay", "ship"]);
  await printed(/Order\/a\/place stays on the old code .*exited with code 3/u);
  write("mended");
  expect((await server.attach(a)).json).toEqual(["pay", "ship"]);
});
