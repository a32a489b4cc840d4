/** The command line against a deployed stack, which it finds by the stack's name alone. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AdminClient } from "../../cli/admin-client.ts";
import { chosenEnvironment } from "../../cli/environment/environment.ts";
import { EXIT } from "../../cli/exit.ts";
import { DUMMY_CREDENTIALS } from "../support/emulator-dynamo.ts";
import { REGION, STACK } from "./cdk.ts";
import { ROOT } from "./emulator.ts";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function cliSuite(endpoint: () => string): void {
  const folder = mkdtempSync(join(tmpdir(), "perdure-cli-cloud-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const variables = (): Record<string, string> => ({
    PATH: process.env["PATH"] ?? "",
    XDG_CONFIG_HOME: folder,
    AWS_ACCESS_KEY_ID: DUMMY_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DUMMY_CREDENTIALS.secretAccessKey,
    AWS_REGION: REGION,
  });
  const run = async (...args: readonly string[]): Promise<Ran> =>
    await new Promise((done) => {
      const main = [`--conditions=perdure-source`, join(ROOT, "cli/main.ts")];
      execFile(process.execPath, [...main, ...args], { env: variables() }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
      );
    });
  const perdure = async (...args: readonly string[]): Promise<Ran> =>
    await run("--stack", STACK, "--endpoint", endpoint(), ...args);
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await perdure("--json", ...args);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout) as unknown;
  };

  describe("perdure --stack", () => {
    test("lists what is deployed", async () => {
      const services = (await json("services", "list")) as readonly { name: string }[];
      expect(services.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["Cloud", "Counter", "Greeter"]),
      );
      expect(await json("deployments", "list")).not.toEqual([]);
    });

    test("calls, sends, finds and cancels", async () => {
      const { code, stdout } = await perdure("call", "Greeter/greet", '"Ada"');
      expect([code, stdout.trim()]).toEqual([0, '"hello Ada"']);
      const sent = (await json("send", "Cloud/sleep", "600000")) as Record<string, string>;
      const { id = "" } = sent;
      expect(id).toMatch(/^inv_/u);
      expect(JSON.stringify(await json("invocations", "list", "--service", "Cloud"))).toContain(id);
      expect((await perdure("cancel", id, "--yes")).code).toBe(0);
      const { code: after, stderr } = await perdure("attach", id);
      expect(after, stderr).toBe(EXIT.failed);
    });

    test("replays a journal of the stack on the code that it runs, and on code that it does not fit", async () => {
      const { id = "" } = (await json("send", "Cloud/sleep", "3600000")) as Record<string, string>;
      const isSuspended = async (): Promise<boolean> =>
        (await perdure("invocations", "get", id)).stdout.includes("suspended");
      await expect.poll(isSuspended, { timeout: 30_000, interval: 500 }).toBe(true);
      const replay = async (entry: string): Promise<Ran> =>
        await perdure(
          "replay",
          "--entry",
          entry,
          "--service",
          "Cloud",
          "--handler",
          "sleep",
          "--sample",
          "1",
        );
      const same = await replay(join(import.meta.dirname, "handlers.ts"));
      // Others of the suite may be open, too, and then it says that it has taken one.
      expect(same).toMatchObject({ code: 0, stdout: "fits: Cloud/sleep, 1 journal with 2 entries\n" });
      const changed = join(folder, "changed.ts");
      const sdk = JSON.stringify(join(ROOT, "sdk/index.ts"));
      writeFileSync(
        changed,
        `import { service, type Context } from ${sdk};
export const cloud = service({
  name: "Cloud",
  handlers: { sleep: async (ctx: Context, ms: number) => await ctx.run("soon", () => ms) },
});`,
      );
      const other = await replay(changed);
      expect(other.code).toBe(EXIT.failed);
      expect(other.stdout).toContain("soon");
      expect((await perdure("kill", id, "--yes")).code).toBe(0);
    });

    test("a query is answered by the admin function, and says what it has read", async () => {
      const { admin } = await chosenEnvironment({ stack: STACK, endpoint: endpoint() }, variables(), folder);
      const query = "select name, ty from sys_service where name = 'Counter'";
      const answer = await new AdminClient(admin).fields("POST", "/query", { body: { query } });
      expect(answer.list("rows")).toEqual([{ name: "Counter", ty: "virtual_object" }]);
      expect(answer.object("perdure")?.raw).toMatchObject({ complete: true, cost: { readUnits: 0.5 } });
    });

    test("an environment of a name leads there", async () => {
      const where = ["--stack", STACK, "--endpoint", endpoint(), "--region", REGION];
      expect((await run("env", "add", "cloud", ...where)).code).toBe(0);
      const { stdout } = await run("--env", "cloud", "services", "list", "--json");
      expect(stdout).toContain("Greeter");
    });

    test("a stack that is not there is nothing, and the right one is named", async () => {
      const { code, stderr } = await run(
        "--stack",
        `${STACK}s`,
        "--endpoint",
        endpoint(),
        "services",
        "list",
      );
      expect(code, stderr).toBe(EXIT.nothing);
      expect(stderr).toContain(`Did you mean "${STACK}"?`);
    });
  });
}
