// The lines of the user's code around the place where an invocation last failed.
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PACKAGE_ROOT, Server, until } from "./server.ts";

interface Source {
  readonly file: string;
  readonly line: number;
  readonly first: number;
  readonly lines: readonly string[];
  readonly changed: boolean;
}

const FAILING = "throw new Error(`no template for ${month}`);";

describe("GET /dev/source", () => {
  let server: Server;
  let id = "";
  const file = join(PACKAGE_ROOT, "test/browser/fixtures/shop.ts");
  beforeAll(async () => {
    server = await Server.start({ file, args: ["--no-watch"] });
    id = await server.send("/Reports/monthly", "2026-10");
    await until(
      async () => ((await server.admin(`/invocations/${id}`)) as { status: string }).status,
      (status) => status === "paused",
    );
  });
  afterAll(() => server.stop());
  const asked = async (of: string): Promise<Response> =>
    await fetch(`${server.adminUrl}/dev/source?invocation_id=${of}`);

  test("the line that threw, and those around it", async () => {
    const source = (await (await asked(id)).json()) as Source;
    expect(source.file).toBe(file);
    expect(source.lines).toHaveLength(5);
    expect(source.lines[source.line - source.first]?.trim()).toBe(FAILING);
    expect(source.changed).toBe(false);
  });

  test("without a failure there are none: 404, and why", async () => {
    const sleeping = await server.send("/Reminder/remind", "water the tree");
    const response = await asked(sleeping);
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("no failure with a stack");
    expect((await asked("nonsense")).status).toBe(400);
  });

  test("a file that was written since is shown, and said to be another one", async () => {
    const own = join(PACKAGE_ROOT, "test/e2e/fixtures", `source-${process.pid}.ts`);
    copyFileSync(file, own);
    const changing = await Server.start({ file: own, args: ["--no-watch"] });
    try {
      const failing = await changing.send("/Reports/monthly", "2026-11");
      await until(
        async () => ((await changing.admin(`/invocations/${failing}`)) as { status: string }).status,
        (status) => status === "paused",
      );
      writeFileSync(own, readFileSync(own));
      const response = await fetch(`${changing.adminUrl}/dev/source?invocation_id=${failing}`);
      expect(await response.json()).toMatchObject({ file: own, changed: true });
    } finally {
      await changing.stop();
      rmSync(own);
    }
  });
});
