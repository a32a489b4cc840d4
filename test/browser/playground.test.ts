/** The playground, and the pages of services and deployments. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { Server } from "../e2e/server.ts";
import { describeInBrowser, openPage } from "./support/browser.ts";

describeInBrowser("the playground, services and deployments", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ file: join(import.meta.dirname, "fixtures/shelves.ts") });
  });
  afterAll(() => server.stop());

  test("a call from a form leads to its invocation, and can be made again", async () => {
    const page = await openPage(server.adminUrl, "/playground?service=Till&handler=order");
    const call = page.getByRole("button", { name: "Call order" });
    await page.getByLabel("cart string").fill("c-'88");
    await page.getByLabel("mail email").fill("ada@");
    await page.getByText("is no email address (schema)").waitFor();
    await page.getByRole("button", { name: "Item" }).click();
    await page.getByLabel("sku string").fill("s-1");
    await page.getByLabel(/^quantity/u).fill("2");
    const code = page.getByRole("tabpanel");
    const input = '{"cart":"c-\'\\\'\'88","mail":"ada@","lines":[{"sku":"s-1","quantity":2}],"gift":false}';
    expect(await code.textContent()).toContain(`--json '${input}'`);
    await page.getByRole("tab", { name: "TypeScript" }).click();
    expect(await code.textContent()).toContain('.serviceClient<typeof till>({ name: "Till" })');
    // The schema warns. It does not forbid.
    await call.click();
    const result = page.getByRole("region", { name: "Last result" });
    await result.getByText("200").waitFor();
    expect(await result.textContent()).toContain('"receipt": "r-c-\'88"');
    await page.getByRole("button", { name: /^Again: Till\/order/u }).waitFor();
    await result.getByRole("link", { name: "See what happened" }).click();
    await page.waitForURL("**/ui/invocations/inv_*");
    await page.goBack();
    await page.reload();
    await page.getByRole("button", { name: /^Again: Till\/order/u }).click();
    expect(await page.getByLabel("cart string").inputValue()).toBe("c-'88");
  });

  test("a handler without a schema takes JSON, one that refuses says so, a private one is not called", async () => {
    const page = await openPage(server.adminUrl, "/playground?service=Shelf&handler=fill");
    await page.getByText("It needs a key").waitFor();
    await page.getByLabel("Key", { exact: true }).fill("played");
    await page.getByRole("textbox", { name: "Input" }).fill("41");
    await page.keyboard.press("Control+Enter");
    const result = page.getByRole("region", { name: "Last result" });
    await result.getByText("200").waitFor();
    expect(await server.call("/Shelf/played/left")).toBe(41);
    await page.getByRole("button", { name: "Send", exact: true }).click();
    await page.getByLabel("Delay").fill("soon");
    await page.getByText("The delay is no duration").waitFor();
    await page.getByLabel("Delay").fill("1h");
    await page.getByRole("button", { name: "Send to fill" }).click();
    await result.getByText("202", { exact: true }).waitFor();
    await page.getByRole("navigation", { name: "Handlers" }).getByRole("link", { name: "refuse" }).click();
    await page.getByRole("button", { name: "Call refuse" }).click();
    await result.getByText("418", { exact: true }).first().waitFor();
    await page.getByRole("navigation", { name: "Handlers" }).getByRole("link", { name: "audit" }).click();
    await page.getByText("This handler is private").waitFor();
    expect(await page.getByRole("button", { name: "Call audit" }).isDisabled()).toBe(true);
  });

  test("settings of a service are changed after a review", async () => {
    const page = await openPage(server.adminUrl, "/services/Till");
    await page.getByText("A service with 3 handlers.").waitFor();
    await page.getByRole("button", { name: "Change…" }).click();
    await page.getByLabel("Journal retention").fill("soon");
    await page.getByText("This is no duration").waitFor();
    await page.getByLabel("Journal retention").fill("2d");
    await page.getByRole("button", { name: "Review…" }).click();
    await page.getByRole("button", { name: "Change them" }).click();
    await page.getByRole("region", { name: "Settings" }).getByText("2 d", { exact: true }).waitFor();
    expect(await server.admin("/services/Till")).toMatchObject({ journal_retention: "2d" });
  });

  test("deployments say where new calls go; an address that does not answer is not registered", async () => {
    const page = await openPage(server.adminUrl, "/deployments");
    await page.getByText("New calls go to").waitFor();
    await page.getByRole("button", { name: "Register…" }).click();
    const dialog = page.getByRole("dialog", { name: "Register a deployment" });
    await dialog.getByRole("textbox").fill("http://127.0.0.1:9");
    await dialog.getByRole("button", { name: "See what it would change" }).click();
    await dialog.getByRole("alert").getByText("META0003").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: /^dp_/u }).first().click();
    await page.getByRole("button", { name: "Remove…" }).click();
    await page.getByRole("dialog").getByText("New calls of Shelf go to").waitFor();
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByText("Say that you know what this breaks").waitFor();
    await page.getByRole("button", { name: "Keep it" }).click();
  });
});
