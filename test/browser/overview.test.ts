/** The overview, timers and SQL in a real browser. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../e2e/server.ts";
import { describeInBrowser, openPage, untilShown } from "./support/browser.ts";
import { DEPOT_FILE, openDepot, rows, statusOf } from "./support/depot.ts";

let server: Server;
beforeAll(async () => {
  server = await openDepot();
});
afterAll(() => server.stop());

describeInBrowser("overview", () => {
  test("begins with what is the matter, and leads to it", async () => {
    const page = await openPage(server.adminUrl, "/");
    await page.getByText(/want(s)? attention,/u).waitFor();
    await page.getByRole("img", { name: /^In the last hour/u }).waitFor();
    await page.getByRole("link", { name: /Retrying/u }).click();
    await page.waitForURL(/status=backing-off/u);
    await untilShown(
      () => rows(page).count(),
      (count) => count === 1,
    );
  });

  test("what is paused is resumed from there", async () => {
    const id = await server.send("/Carrier/pickup", "the depot is closed");
    await statusOf(server, "backing-off", 2);
    await server.admin(`/invocations/${id}/pause`, "PATCH");
    const page = await openPage(server.adminUrl, "/");
    await page.getByRole("button", { name: "Resume" }).click();
    // A try before this one may have left another.
    const dialog = page.getByRole("dialog", { name: /^Resume \d invocation/ });
    await dialog.getByRole("button", { name: /^Resume \d/ }).click();
    await dialog.getByText(/\d resumed/).waitFor();
  });
});

describeInBrowser("timers and SQL", () => {
  test("a timer says when, and leads to its invocation", async () => {
    const page = await openPage(server.adminUrl, "/timers");
    await page.getByText(/timers? (is|are) set\./u).waitFor();
    await page.getByRole("link", { name: "Carrier/drive" }).first().click();
    await page.waitForURL(/invocations\/inv_/u);
  });

  test("a query is run from the keyboard; what is wrong in it is pointed at", async () => {
    const page = await openPage(server.adminUrl, "/sql");
    const field = page.getByRole("textbox", { name: "Query in SQL" });
    await field.fill("SELECT id, targe\n  FROM sys_invocation LIMIT 2");
    await page.keyboard.press("Control+Enter");
    await page.getByText("Did you mean 'target'?").waitFor();
    expect(await page.locator(".pointed").textContent()).toBe("SELECT id, targe\n           ^");
    await field.fill("SELECT id, target, created_at FROM sys_invocation LIMIT 2");
    await page.keyboard.press("Control+Enter");
    await page.getByText(/^2 rows in/u).waitFor();
    await page.waitForURL(/query=SELECT/u);
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "CSV", exact: true }).click();
    expect((await saved).suggestedFilename()).toBe("rows.csv");
    await page.locator(".answer a.id").first().click();
    await page.waitForURL(/invocations\/inv_/u);
  });

  test("names are completed from the keyboard", async () => {
    const page = await openPage(server.adminUrl, "/sql");
    const field = page.getByRole("textbox", { name: "Query in SQL" });
    await field.fill("");
    await field.pressSequentially("SELECT count(*) FROM perdure_ti");
    await page.getByRole("button", { name: "perdure_timers" }).waitFor();
    await page.keyboard.press("Control+Space");
    expect(await field.inputValue()).toBe("SELECT count(*) FROM perdure_timers");
  });

  test("columns and useful queries go into the text", async () => {
    const page = await openPage(server.adminUrl, "/sql");
    await page.getByRole("button", { name: /What is due next/u }).click();
    await page.getByText("Tables", { exact: true }).click();
    await page.getByText("perdure_timers", { exact: true }).click();
    await page.getByRole("textbox").press("Control+a");
    await page.getByRole("button", { name: "due_at" }).click();
    expect(await page.getByRole("textbox").inputValue()).toBe("due_at");
  });
});

describeInBrowser("the first minute", () => {
  test("without a call: the command that makes the first one, with the real port", async () => {
    const empty = await Server.start({ file: DEPOT_FILE });
    try {
      const page = await openPage(empty.adminUrl, "/");
      await page.getByText("Nothing has been called yet.").waitFor();
      const port = new URL(empty.url).port;
      await page.getByText(new RegExp(`^curl http://[^ ]*:${port}/`, "u")).waitFor();
      await empty.call("/Carrier/wave", "Ada");
      await page.getByText("All well.").waitFor();
    } finally {
      await empty.stop();
    }
  });
});
