/** A change of the code. New invocations run the new code; open ones finish on the old code, also after a restart. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { Server, until } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-reload-"));
const file = join(folder, "services.ts");
let server: Server;
beforeEach(async () => {
  write("first");
  server = await Server.start({ file });
});
afterEach(() => server.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Source {
  readonly extra?: string;
  readonly type?: "service" | "object";
}

/** Handlers that return `version` after a sleep. */
function write(version: string, { extra = "", type = "service" }: Source = {}): void {
  const path = join(folder, "version.ts");
  writeFileSync(path, `export const version: string = ${JSON.stringify(version)};\n`);
  writeFileSync(
    file,
    `import { ${type}, type Context } from "perdure";
import { version } from "./version.ts";
export default [${type}({
  name: "Versions",
  handlers: {
    now: async () => version,
    later: async (ctx: Context, ms: number) => {
      const before = version;
      await ctx.sleep(ms);
      return [before, version];
    },
    ${extra}
  },
})];
`,
  );
}

const answers = (version: string) =>
  until(
    async () => (await server.request("/Versions/now")).json,
    (answer) => answer === version,
  );
const prints = (text: string | RegExp) =>
  until(
    () => server.output,
    (output) => (typeof text === "string" ? output.includes(text) : text.test(output)),
  );

test("what is in flight finishes on the old code, also after a restart", async () => {
  const [short, long] = await Promise.all([
    server.send("/Versions/later", 700),
    server.send("/Versions/later", 2_500),
  ]);
  await until(
    () => server.admin(`/invocations/${long}`),
    (view) => (view as { status?: string }).status === "suspended",
  );
  write("second");
  await answers("second");
  expect(server.output).toMatch(/reloaded .*services\.ts as dp_\w+: Versions/);
  expect((await server.attach(short)).json).toEqual(["first", "first"]);
  await server.restart();
  expect(await server.call("/Versions/now")).toBe("second");
  expect((await server.attach(long)).json).toEqual(["first", "first"]);
  expect(await server.call("/Versions/later", 10)).toEqual(["second", "second"]);
});

test("a change in an imported file counts; one that changes nothing does not", async () => {
  writeFileSync(join(folder, "version.ts"), 'export const version: string = "imported";\n');
  await answers("imported");
  const reloads = () => server.output.split("reloaded ").length - 1;
  const before = reloads();
  writeFileSync(join(folder, "version.ts"), 'export const version: string = "imported";\n');
  writeFileSync(join(folder, "unrelated.ts"), "export {};\n");
  write("third");
  await answers("third");
  // Two files are written. The server may see one change or two.
  expect(reloads() - before).toBeLessThanOrEqual(2);
});

test("code that cannot be bundled or loaded leaves the last code in service", async () => {
  writeFileSync(file, "export default [;\n");
  await prints(/services\.ts:1:\d+/);
  await prints(/services\.ts does not compile \(above\)\. The code from \d\d:\d\d stays in service\./);
  expect(await server.call("/Versions/now")).toBe("first");
  writeFileSync(file, 'throw new Error("thrown while it is loaded");\n');
  await prints("thrown while it is loaded");
  await prints("services.ts cannot be loaded (above).");
  writeFileSync(file, 'import "./folder/missing.ts";\nexport default [];\n');
  await prints("folder/missing.ts");
  writeFileSync(file, "export default [{}];\n");
  await prints("not a service definition");
  expect(await server.call("/Versions/now")).toBe("first");
  write("mended");
  await answers("mended");
});

test("a file that is missing is found when it appears", async () => {
  writeFileSync(join(folder, "version.ts"), 'export { version } from "./later/version.ts";\n');
  await prints("later/version.ts");
  mkdirSync(join(folder, "later"), { recursive: true });
  writeFileSync(join(folder, "later/version.ts"), 'export const version: string = "appeared";\n');
  await answers("appeared");
});

test("warns of what callers may trip over", async () => {
  write("more", { extra: "extra: async () => 1," });
  await answers("more");
  write("less");
  await prints("warning: Versions/extra was removed");
  write("object", { type: "object" });
  await prints("warning: Versions was a service and is now an object");
});
