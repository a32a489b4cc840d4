/** The frame of the web UI: every page opens, at every width and in both themes, and can be reached with the keyboard alone. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { PACKAGE_ROOT, Server } from "../e2e/server.ts";
import { describeInBrowser, openPage } from "./support/browser.ts";

const PATHS = [
  ...["/", "/invocations", "/objects", "/services", "/playground", "/deployments", "/timers", "/sql"],
  ...["/services/Order", "/object?service=Courier&key=x", "/nowhere"],
];

describeInBrowser("the frame", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ file: join(PACKAGE_ROOT, "examples/03-order-saga.ts") });
  });
  afterAll(() => server.stop());

  test.for(PATHS)("%s opens, and does not scroll sideways", async (path) => {
    for (const [width, theme] of [
      [1280, "light"],
      [390, "dark"],
    ] as const) {
      const page = await openPage(server.adminUrl, path, { width, theme });
      await page.locator("main").getByText("Loading…").waitFor({ state: "detached" });
      const overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(overflow, `${width} px`).toBeLessThanOrEqual(0);
      expect(await page.locator("h1").count()).toBeLessThanOrEqual(1);
    }
  });

  test("keys go from page to page, and open the palette and the help", async () => {
    const page = await openPage(server.adminUrl, "/");
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await page.waitForURL("**/ui/invocations");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys and words" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await page.getByRole("dialog", { name: "Search or jump to" }).waitFor();
    await page.keyboard.type("Warehouse");
    await page.getByRole("option", { name: "Warehouse service" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ui/services/Warehouse");
  });

  test("the theme that was chosen stays", async () => {
    const page = await openPage(server.adminUrl, "/");
    await page.getByRole("button", { name: "Switch light or dark" }).click();
    await page.reload();
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
  });
});
