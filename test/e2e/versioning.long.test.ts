/** What a new deployment, a crash and a resume change for open invocations, and what they do not change. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-versioning-"));
const file = join(folder, "services.ts");
let server: Server;

function write(version: string): void {
  writeFileSync(
    file,
    `import { object, service, type Context, type ObjectContext } from "perdure";
const version = ${JSON.stringify(version)};
export default [
  service({
    name: "Versions",
    handlers: {
      now: async () => version,
      sleepFrom: async (ctx: Context, ms: number) => {
        const startMs = await ctx.run("start", () => Date.now());
        await ctx.sleep(ms);
        return Date.now() - startMs;
      },
      stuck: async (ctx: Context) => {
        await ctx.run("step", () => version);
        if (version === "first") throw new Error("only the next version goes on");
        return version;
      },
      pinned: async (ctx: Context, ms: number) => {
        const before = version;
        await ctx.sleep(ms);
        return [before, version];
      },
    },
  }),
  object({
    name: "Kept",
    handlers: {
      set: async (ctx: ObjectContext, value: string) => ctx.set("value", value),
      get: async (ctx: ObjectContext) => [version, await ctx.get("value")],
    },
  }),
];
`,
  );
}

beforeAll(async () => {
  write("first");
  server = await Server.start({ file });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const statusOf = async (id: string) =>
  ((await server.admin(`/invocations/${id}`)) as { status?: string }).status;

test("a sleep never ends early, and survives a crash: kill -9 of the engine", async () => {
  const id = await server.send("/Versions/sleepFrom", 1500);
  await until(
    () => statusOf(id),
    (status) => status === "suspended",
  );
  await server.restart();
  expect((await server.attach(id)).json).toBeGreaterThanOrEqual(1500);
});

const POINTS = [
  "new invocations on the newest deployment, in-flight ones pinned",
  "resume and restart may change the deployment",
  "state outlives versions",
];
test(POINTS.join("; "), async () => {
  const pinned = await server.send("/Versions/pinned", 1500);
  const stuck = await server.send("/Versions/stuck");
  await server.call("/Kept/k/set", "kept");
  expect(await server.call("/Kept/k/get")).toEqual(["first", "kept"]);
  await until(
    () => statusOf(stuck),
    (status) => status === "backing-off",
  );
  await until(
    () => statusOf(pinned),
    (status) => status === "suspended",
  );
  write("second");
  await until(
    async () => (await server.request("/Versions/now")).json,
    (version) => version === "second",
  );
  expect(await server.call("/Kept/k/get")).toEqual(["second", "kept"]);
  expect((await server.attach(pinned)).json).toEqual(["first", "first"]);
  const resume = `${server.adminUrl}/invocations/${stuck}/resume?deployment=latest`;
  await server.request(`${server.adminUrl}/invocations/${stuck}/pause`, { method: "PATCH" });
  await until(
    () => statusOf(stuck),
    (status) => status === "paused",
  );
  expect((await server.request(resume, { method: "PATCH" })).status).toBeLessThan(300);
  expect((await server.attach(stuck)).json).toBe("second");
});
