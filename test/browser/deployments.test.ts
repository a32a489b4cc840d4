/** A server that nothing is deployed to, and what it learns: deployments are registered, drain, and are removed. */
import { type Context, handlers, object, type ObjectContext, service } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer } from "../support/cli-run.ts";
import { describeInBrowser, openPage, untilShown } from "./support/browser.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (_ctx: Context, name: string) => `hello ${name}`,
    part: async (_ctx: Context, name: string) => `bye ${name}`,
  },
});
const slow = object({
  name: "Slow",
  handlers: { hold: async (ctx: ObjectContext, ms: number) => ctx.sleep(ms) },
});
/** A handler less, one more, and one that became private. */
const greeterNext = service({
  name: "Greeter",
  handlers: {
    greet: handlers.handler({ ingressPrivate: true }, async (_ctx: Context, name: string) => `hi ${name}`),
    wave: async () => "o/",
  },
});

describeInBrowser("deployments", () => {
  let server: LocalServer;
  let [first, second] = ["", ""];
  beforeAll(async () => {
    server = await LocalServer.start();
    first = await server.serve({ services: [greeter, slow] });
    second = await server.serve({ services: [greeterNext, slow] });
  });
  afterAll(() => server.stop());

  test("where nothing is deployed, each page says what to do", async () => {
    for (const [path, says] of [
      ["/deployments", "Nothing is deployed."],
      ["/services", "No service is deployed."],
      ["/objects", "No service here has keys."],
      ["/playground", "There is nothing to call yet."],
      ["/services/Nobody", "There is no service Nobody."],
      ["/deployments/dp_12345678901234", "There is no such deployment."],
      ["/object?service=Nobody&key=x", "There is no service Nobody."],
      ["/object", "This address names no key."],
    ] as const) {
      const page = await openPage(server.adminUrl, path);
      await page.getByRole("heading", { name: says }).waitFor();
    }
  });

  const register = async (address: string) => {
    const page = await openPage(server.adminUrl, "/deployments");
    await page.getByRole("button", { name: "Register…" }).click();
    const dialog = page.getByRole("dialog", { name: "Register a deployment" });
    await dialog.getByRole("textbox").fill(address);
    await dialog.getByRole("textbox").press("Enter");
    await dialog.getByText("It would change").waitFor();
    return { page, dialog };
  };

  test("one is registered after a look at what it brings", async () => {
    const { page, dialog } = await register(first);
    expect(await dialog.getByRole("status").textContent()).toContain("Greeter new, with greet, part");
    await dialog.getByRole("button", { name: "Register", exact: true }).click();
    await page.getByText("Nothing is held by an older one.").waitFor();
    await page.getByRole("link", { name: new URL(first).host }).click();
    await page.getByText("New calls go there for all services").waitFor();
  });

  test("another one, that takes a handler away, is registered by those who know it; the older one drains", async () => {
    const sent = await fetch(`${server.url}/Slow/a/hold/send`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: String(2 * DAY_MS),
    });
    expect(sent.status).toBe(202);
    const { invocationId } = (await sent.json()) as { invocationId: string };
    await untilShown(
      async () =>
        (await (await fetch(`${server.adminUrl}/invocations/${invocationId}`)).json()) as { status?: string },
      ({ status }) => status === "suspended",
    );
    const { page, dialog } = await register(second);
    const told = (await dialog.getByRole("status").textContent()) ?? "";
    for (const part of ["Greeter/greet is private now", "Greeter/wave new", "Greeter/part is gone"])
      expect(told).toContain(part);
    const go = dialog.getByRole("button", { name: "Register", exact: true });
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByRole("checkbox").check();
    await go.click();
    await page.getByText("1 invocation is still on").waitFor();
    const row = page.getByRole("row").filter({ hasText: new URL(first).host });
    await row.getByText("Draining").waitFor();
    await row.getByText(/All in Slow\. The last timer of them is due at/u).waitFor();
    await page.getByRole("region", { name: "Changes" }).getByText("Greeter/part").waitFor();
  });

  test("what is drained is removed; what is needed only by those who say so", async () => {
    const page = await openPage(server.adminUrl, "/deployments");
    await page.getByRole("link", { name: new URL(first).host }).click();
    await page.getByText("No new call goes there.").waitFor();
    await page.getByRole("button", { name: "Remove…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("1 invocation in flight fails with RT0011").waitFor();
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await dialog.getByText("Say that you know what this breaks").waitFor();
    await dialog.getByRole("checkbox").check();
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await page.waitForURL("**/ui/deployments");
    await page.getByRole("link", { name: new URL(first).host }).waitFor({ state: "detached" });
  });
});
