// `perdure deployments` and `perdure services`, against a local server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { handlers, object, type ObjectContext, service, type Context } from "perdure";
import { LocalServer, runHere } from "../support/cli-run.ts";
import { counter, greeter, signup } from "./fixtures/client.ts";
import { until as untilWanted } from "./target.ts";

const slow = object({
  name: "Slow",
  handlers: {
    hold: async (ctx: ObjectContext, ms: number) => await ctx.sleep(ms),
    fail: async () => await Promise.reject(new Error("the card machine\nis on fire")),
    look: handlers.object.shared(async () => "fine"),
  },
});
/** As `Greeter` was, with a handler less, one more, and one that became private. */
const greeterNext = service({
  name: "Greeter",
  handlers: {
    greet: handlers.handler({ ingressPrivate: true }, async (_ctx: Context, name: string) => `hi ${name}`),
    wave: async () => "o/",
  },
});

let server: LocalServer;
let address: string;
beforeAll(async () => {
  server = await LocalServer.start();
  address = await server.serve({ services: [greeter, counter, signup, slow] });
});
afterAll(async () => await server.stop());

const until = async (ask: () => Promise<boolean>): Promise<unknown> =>
  await untilWanted(ask, (answer) => answer);
async function send(target: string, body?: string): Promise<void> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const { status } = await fetch(`${server.url}/${target}/send`, {
    method: "POST",
    headers,
    body: body ?? null,
  });
  expect(status).toBe(202);
}
const json = (text: string): unknown => JSON.parse(text);
const idOf = async (at: string): Promise<string> => {
  const all = json((await server.run("deployments", "list", "--json")).stdout) as {
    id: string;
    uri: string;
  }[];
  return all.find(({ uri }) => uri === at)?.id ?? "";
};

describe("of a server that knows nothing yet", () => {
  test.each([["deployments"], ["services"]])("%s list is empty, which is fine", async (noun) => {
    expect(await server.run(noun, "list", "--json")).toEqual({ code: 0, stdout: "[]\n", stderr: "" });
    const text = await server.run(noun, "ls");
    expect(text).toMatchObject({ code: 0, stdout: "" });
    expect(text.stderr).toContain("perdure deployments register");
  });

  test("services status says that there are none", async () => {
    const { code, stdout, stderr } = await server.run("services", "status");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("No services are registered.");
  });
});

describe("registering", () => {
  test("as if: what it would add, and nothing is changed", async () => {
    const text = await server.run("deployments", "register", address, "--dry-run");
    expect(text.code).toBe(0);
    expect(text.stdout).toContain("+ Greeter (Service, revision 1)\n    + greet\n");
    expect(text.stderr).toBe("Nothing was changed (--dry-run).\n");
    const { stdout } = await server.run("deployments", "register", address, "--dry-run", "--json");
    expect(json(stdout)).toMatchObject({
      ...{ registered: false, known: false, address, warnings: [] },
      changes: [{ service: "Greeter", change: "added", revision_before: null, revision: 1 }, {}, {}, {}],
    });
    expect((await server.run("services", "list", "--json")).stdout).toBe("[]\n");
  });

  test("what is new needs no question, and names its services", async () => {
    const given = ["--metadata", "team=shop", "--header", "x-key=secret"];
    const { code, stdout } = await server.run("dp", "register", address, ...given);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Registered dp_\S+: Greeter \[1\], Counter \[1\], Signup \[1\], Slow \[1\]\n$/u);
  });

  test("what is known is not asked again, unless with --force, which is asked about", async () => {
    const again = await server.run("deployments", "register", address);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("--force") as string });
    expect(again.stdout).toMatch(/^Already registered as dp_/u);
    const forced = await server.run("deployments", "register", address, "--force");
    expect(forced).toMatchObject({ code: 1, stderr: expect.stringContaining("Add --yes") as string });
    expect(forced.stdout).toContain("~ Greeter (Service, revision 1 -> 2)\n      (no difference)\n");
  });

  test("what changes a service shows the difference of each handler, and warns of what callers trip over", async () => {
    const next = await server.serve({ services: [greeterNext] });
    const { code, stdout, stderr } = await server.run("deployments", "register", next, "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain("~ Greeter (Service, revision 1 -> 2)\n");
    expect(stdout).toContain("    ~ greet\n        access: public -> private\n    + wave\n    - count\n");
    expect(stderr).toContain("warning: ");
  });

  test("another type of service is refused with what to do, and done with --breaking", async () => {
    const odd = await server.serve({
      services: [object({ name: "Greeter", handlers: { greet: async (_ctx: ObjectContext) => "hm" } })],
    });
    const refused = await server.run("deployments", "register", odd, "--yes");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain(`${odd} was not registered: META0006: `);
    expect(refused.stderr).toContain("--breaking");
    const { code, stdout } = await server.run("deployments", "register", odd, "--breaking", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain("type: Service -> VirtualObject");
  });

  test("an address where nothing answers is no dead admin API: exit code 1, with the likely cause", async () => {
    const { code, stdout, stderr } = await server.run("deployments", "register", "localhost:1");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(
      "localhost:1 was not registered: META0003: error when calling 'http://localhost:1/'",
    );
    expect(stderr).toContain("Does the process run");
  });

  test.each([
    [["register", "http://"], "is no address"],
    [["register", "http://localhost:9", "--header", "nonsense"], '--header takes name=value, not "nonsense"'],
    [["register"], "missing required argument 'address'"],
    [["drain", "dp_1", "--timeout", "soon"], "--timeout takes a duration"],
  ])("%j is a wrong call", async (args, text) => {
    const { code, stdout, stderr } = await server.run("deployments", ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(text);
    expect(stderr).toContain("Usage: perdure deployments");
  });
});

describe("deployments", () => {
  test("are listed with status, open invocations and services; secrets of their headers are not", async () => {
    const text = await server.run("deployments", "list");
    expect(text.stdout).toMatch(
      /^ID +STATUS +OPEN +TYPE +ADDRESS +SERVICES +CREATED +SDK\ndp_\S+ +Active +0 +HTTP /u,
    );
    const { stdout } = await server.run("deployments", "list", "--json");
    expect(json(stdout)).toMatchObject([
      {
        ...{ uri: address, status: "Active", open_invocations: 0, open_invocations_complete: true },
        ...{ metadata: { team: "shop" }, newest_of: ["Counter", "Greeter", "Signup", "Slow"] },
      },
    ]);
    expect(stdout).not.toContain("secret");
  });

  test("are described by id, by the beginning of one, and by address", async () => {
    const id = await idOf(address);
    for (const wanted of [id, id.slice(0, 8), address.slice(0, -1)]) {
      const { code, stdout } = await server.run("deployments", "get", wanted);
      expect(code).toBe(0);
      expect(stdout).toContain(id);
      expect(stdout).toContain("Counter (VirtualObject, revision 1, takes new invocations)");
      expect(stdout).toContain("x-key (values are not shown)");
      expect(stdout).not.toMatch(/x-key.*secret/u);
    }
  });

  test.each([["describe"], ["remove"], ["drain"]])("%s of an unknown one: exit code 3", async (verb) => {
    const { code, stdout, stderr } = await server.run("deployments", verb, `${await idOf(address)}x`);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain('Did you mean "dp_');
    expect(stderr).toContain("perdure deployments list");
  });

  test("one that takes new invocations does not drain, and is not removed", async () => {
    const id = await idOf(address);
    const drain = await server.run("deployments", "drain", id, "--wait");
    expect(drain).toMatchObject({ code: 1, stdout: "" });
    expect(drain.stderr).toContain("takes the new invocations of Counter, Greeter");
    const removal = await server.run("deployments", "remove", id, "--yes");
    expect(removal.code).toBe(1);
    expect(removal.stderr).toContain("was not removed: it takes the new invocations");
  });

  test("an old one drains, and is removed", async () => {
    const extra = object({
      name: "Extra",
      handlers: { hold: slow.handlers?.hold ?? (async () => undefined) },
    });
    const [first, second] = [
      await server.serve({ services: [extra] }),
      await server.serve({ services: [extra] }),
    ];
    await server.run("deployments", "register", first);
    await send("Extra/k/hold", "60000");
    await until(async () => {
      const { stdout } = await server.run("deployments", "describe", first, "--json");
      return (json(stdout) as { open_invocations: number }).open_invocations === 1;
    });
    await server.run("deployments", "register", second, "--yes");
    const id = await idOf(first);
    expect(await server.run("deployments", "drain", id)).toMatchObject({
      code: 1,
      stdout: `${id} draining: 1 open invocations\n`,
    });
    const late = await server.run("deployments", "drain", id, "--wait", "--timeout", "10ms");
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining("still has 1 open") as string });
    const refused = await server.run("deployments", "remove", id, "--yes");
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("1 open invocations pinned") as string,
    });
    const [{ id: invocation } = { id: "" }] = (
      (await (await fetch(`${server.adminUrl}/invocations?service=Extra`)).json()) as {
        invocations: { id: string }[];
      }
    ).invocations;
    await fetch(`${server.adminUrl}/invocations/${invocation}/kill`, { method: "PATCH" });
    expect(await server.run("deployments", "drain", id, "--wait")).toMatchObject({
      code: 0,
      stdout: `${id} drained: nothing needs it\n`,
    });
    const removed = await server.run("deployments", "rm", id, "--json", "--yes");
    expect(json(removed.stdout)).toEqual({ id, removed: true });
    expect(await idOf(first)).toBe("");
  });
});

describe("services", () => {
  test("are listed and described, by text and by JSON", async () => {
    const { stdout } = await server.run("services", "list", "--json");
    expect((json(stdout) as { name: string }[]).map(({ name }) => name)).toContain("Greeter");
    const { stdout: text } = await server.run("svc", "describe", "Greeter");
    expect(text).toMatch(/^name +Greeter\ntype +Service\n/u);
    expect(text).toMatch(/\nsecret +Service +private +application\/json/u);
    const { stdout: one } = await server.run("services", "describe", "Greeter", "--json");
    expect(json(one)).toMatchObject({ name: "Greeter", ty: "Service", public: true });
  });

  test.each([["describe"], ["status"], ["config view"], ["config patch"]])(
    "%s of an unknown one: exit code 3, and what was probably meant",
    async (verb) => {
      const { code, stderr } = await server.run("services", ...verb.split(" "), "Greter");
      expect(code).toBe(3);
      expect(stderr).toContain('has no service "Greter". Did you mean "Greeter"?');
    },
  );

  test("status: who holds a key, for how long, how many are behind, what is paused and why", async () => {
    for (let n = 0; n < 3; n++) await send("Slow/a/hold", "60000");
    await send("Slow/b/fail");
    interface Status {
      readonly held_keys: readonly {
        readonly key: string;
        readonly holder_id: string;
        readonly behind: number;
      }[];
      readonly paused: readonly { readonly reason: string }[];
    }
    const status = async () =>
      json((await server.run("services", "status", "Slow", "--json")).stdout) as Status;
    const held = async (key: string) => (await status()).held_keys.find((one) => one.key === key);
    await until(async () => (await held("a"))?.behind === 2 && (await held("b")) !== undefined);
    await fetch(`${server.adminUrl}/invocations/${(await held("b"))?.holder_id}/pause`, { method: "PATCH" });
    await until(async () => (await status()).paused.length === 1);
    expect(await status()).toMatchObject({
      complete: true,
      handlers: [
        { handler: "hold", counts: { suspended: 1, pending: 2 } },
        { handler: "fail", counts: { paused: 1 } },
        { handler: "look", counts: {} },
      ],
      held_keys: [
        { service: "Slow", key: "a", holder_handler: "hold", holder_status: "suspended", behind: 2 },
        { service: "Slow", key: "b", holder_handler: "fail", holder_status: "paused", behind: 0 },
      ],
      paused: [{ key: "b", handler: "fail", reason: "the card machine\nis on fire" }],
    });
    const text = await server.run("services", "status", "Slow");
    expect(text.stdout).toMatch(/Slow\/a +2 +inv_\w\S+ +hold +suspended +\d/u);
    expect(text.stdout).toMatch(/Slow\/b\/fail +\S+ +the card machine\n/u);
    const few = await server.run("services", "status", "Slow", "--locked-keys", "1");
    expect(few.stdout).toContain("Held keys (1 of 2)");
  });

  test("config: view, patch, and no editor without a terminal", async () => {
    const view = await server.run("services", "config", "view", "Signup");
    expect(view.stdout).toContain("journal_retention = 1d\n    How long the journal");
    const patch = ["services", "config", "patch", "Signup", "--journal-retention", "2d", "--public", "false"];
    const unasked = await server.run(...patch);
    expect(unasked).toMatchObject({ code: 1, stderr: expect.stringContaining("Add --yes") as string });
    const done = await server.run(...patch, "--yes");
    expect(done.stdout).toContain("~ public: true -> false\n~ journal_retention: 1d -> 2d\nChanged Signup.");
    const after = await server.run("services", "config", "view", "Signup", "--json");
    expect(json(after.stdout)).toMatchObject({ settings: { public: false, journal_retention: "2d" } });
    const same = await server.run(...patch, "--yes");
    expect(same).toMatchObject({ code: 0, stdout: "", stderr: "No changes requested.\n" });
    const edit = await server.run("services", "config", "edit", "Signup");
    expect(edit).toMatchObject({ code: 1, stderr: expect.stringContaining("needs a terminal") as string });
    for (const wrong of [
      ["Signup", "--journal-retention", "soon"],
      ["Signup", "--public", "maybe"],
      ["Greeter", "--workflow-completion-retention", "1d"],
    ])
      expect((await server.run("services", "config", "patch", ...wrong)).code).toBe(2);
  });
});

test("without a server, each says where it looked and what to do: exit code 4", async () => {
  for (const args of [
    ["deployments", "list"],
    ["deployments", "register", "http://localhost:9080"],
    ["services", "status"],
    ["services", "config", "view", "Greeter"],
  ]) {
    const { code, stdout, stderr } = await runHere([...args, "--url", "http://127.0.0.1:1"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("nothing answers at http://127.0.0.1:1");
  }
});
