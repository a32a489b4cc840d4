/** The page of one invocation, in a real browser: a saga from start to end, a crash by button, cancel, hostile names, the keyboard. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { PACKAGE_ROOT, Server } from "../e2e/server.ts";
import { describeInBrowser, openPage } from "./support/browser.ts";

const badge = (page: Page, word: string) => page.locator(".lead .st", { hasText: word });
const row = (page: Page, title: string) =>
  page.locator(".tl-row", { has: page.locator(`.nm:text("${title}")`) });

async function send(server: Server, path: string, body: unknown): Promise<string> {
  const response = await fetch(`${server.url}/${path}/send`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const { invocationId } = (await response.json()) as { invocationId: string };
  return `/invocations/${invocationId}`;
}

describeInBrowser("an invocation's page", () => {
  let saga: Server;
  let slow: Server;
  beforeAll(async () => {
    saga = await Server.start({ file: join(PACKAGE_ROOT, "examples/03-order-saga.ts") });
    slow = await Server.start({ file: join(import.meta.dirname, "fixtures/slow.ts") });
  });
  afterAll(async () => {
    await saga.stop();
    await slow.stop();
  });

  test("a saga is followed from start to end, without a reload", async () => {
    const order = { card: "c1", city: "Bern", items: [{ sku: "cup", quantity: 2 }], packing: 3_600_000 };
    const path = await send(saga, "Order/followed/run", order);
    const page = await openPage(saga.adminUrl, path);
    await badge(page, "Suspended").waitFor();
    await page.locator(".say", { hasText: "the timer “packing”" }).waitFor();
    await row(page, "packing").waitFor();
    // The page has seen it wait. Now an hour is over.
    const jump = { invocation_id: path.split("/").at(-1) };
    expect((await saga.request(`${saga.adminUrl}/dev/clock`, { body: jump })).status).toBe(200);
    await badge(page, "Succeeded").waitFor();
    await page.locator(".say", { hasText: "Returned a result after" }).waitFor();
    for (const title of ["price the order", "PaymentGateway/c1/charge", "print the label", "returned"])
      expect(await row(page, title).count(), title).toBe(1);
    // A call opens in place, with what it did.
    await row(page, "Warehouse/cup/reserve").locator(".tw").click();
    await page.locator('.tl-row[aria-level="2"]').first().waitFor();
    // A row's values are under it.
    await row(page, "print the label").locator(".nm").click();
    await page.locator(".tl-detail", { hasText: "BERN-followed" }).waitFor();
    expect(new URL(page.url()).searchParams.get("row")).not.toBeNull();
    await page.getByRole("tab", { name: "Input & result" }).click();
    await page.locator(".val", { hasText: "packing" }).waitFor();
  });

  test("the button crashes the process; what was recorded does not run again", async () => {
    const page = await openPage(slow.adminUrl, await send(slow, "Slow/crashed/crash", null));
    await badge(page, "Running").waitFor();
    await page.getByRole("button", { name: "Crash now" }).click();
    await page.locator(".toast", { hasText: "was killed" }).waitFor();
    await row(page, "crashed by you").waitFor();
    await badge(page, "Succeeded").waitFor();
    await page.locator(".say", { hasText: "crashed once" }).waitFor();
    expect(await row(page, "accepted").count()).toBe(1);
  });

  test("cancel asks, and its code may undo what it did", async () => {
    const page = await openPage(slow.adminUrl, await send(slow, "Slow/cancelled/wait", null));
    await badge(page, "waits for an awakeable").waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel it" }).click();
    await badge(page, "Cancelled").waitFor();
    await row(page, "undo").waitFor();
  });

  test("an awakeable is resolved from the page", async () => {
    const page = await openPage(slow.adminUrl, await send(slow, "Slow/resolved/wait", null));
    await page.getByRole("button", { name: "Resolve…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill('"yes"');
    await dialog.getByRole("button", { name: "Resolve it" }).click();
    await badge(page, "Succeeded").waitFor();
    await page.locator(".tl-row .vl", { hasText: '"yes"' }).first().waitFor();
  });

  test("the next step fails as ordered, once", async () => {
    const page = await openPage(slow.adminUrl, await send(slow, "Slow/ordered/wait", null));
    await badge(page, "Suspended").waitFor();
    await page.getByRole("button", { name: "Fail next step…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").fill("the bank is away");
    await dialog.getByRole("button", { name: "Fail it" }).click();
    await page.locator(".armed", { hasText: "the bank is away" }).waitFor();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Cancel it" }).click();
    await row(page, "next step made to fail").waitFor();
    await badge(page, "Cancelled").waitFor();
    expect(await page.locator(".armed").count()).toBe(0);
  });

  test("what has ended begins anew with another input", async () => {
    const page = await openPage(slow.adminUrl, await send(slow, "Slow/again/work", 1));
    await badge(page, "Succeeded").waitFor();
    await row(page, "slow step").locator(".nm").click();
    await page.getByRole("button", { name: "Restart from here…" }).click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.getByLabel("Entries of the journal to keep").inputValue()).toBe("1");
    await dialog.getByRole("button", { name: "Edit the input…" }).click();
    await dialog.getByRole("textbox", { name: "Input" }).fill("20");
    await dialog.getByRole("button", { name: "Restart as new" }).click();
    await page.locator(".toast").getByRole("link", { name: "Open it" }).click();
    await page.locator(".lead", { hasText: "Restarted from" }).waitFor();
    await badge(page, "Succeeded").waitFor();
    await page.getByRole("tab", { name: "Input & result" }).click();
    await page.locator(".val", { hasText: "20" }).first().waitFor();
  });

  test("hostile names are text", async () => {
    const key = encodeURIComponent("<img src=x onerror=alert(1)>\u202E");
    const page = await openPage(slow.adminUrl, await send(slow, `Slow/${key}/hostile`, "</script>"), {
      width: 390,
    });
    await badge(page, "Failed 422").waitFor();
    await page.getByRole("heading", { level: 1 }).getByText("<img src=x onerror=alert(1)>⟨U+202E⟩").waitFor();
    await row(page, "a⟨U+202E⟩b").waitFor();
    await page.locator("#error", { hasText: "<img src=x onerror=alert(2)> declined" }).waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
  });

  test("the keyboard alone does it: rows, details, calls, dialogs", async () => {
    const order = { card: "c2", city: "Bern", items: [{ sku: "tea", quantity: 1 }], packing: 100 };
    const page = await openPage(saga.adminUrl, await send(saga, "Order/keys/run", order));
    await badge(page, "Succeeded").waitFor();
    const focused = page.locator(".tl-row:focus");
    await page.keyboard.press("j");
    await focused.waitFor();
    while ((await focused.locator(".nm").textContent())?.includes("Warehouse") !== true)
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await page.locator('.tl-row[aria-level="2"]').first().waitFor();
    await page.keyboard.press("ArrowRight");
    expect(await focused.getAttribute("aria-level")).toBe("2");
    await page.keyboard.press("ArrowLeft");
    expect(await focused.getAttribute("aria-level")).toBe("1");
    await page.keyboard.press("Enter");
    await page.locator(".tl-detail").waitFor();
    await page.keyboard.press("Enter");
    await page.locator(".tl-detail").waitFor({ state: "detached" });
    await page.keyboard.press("r");
    await page.getByRole("dialog", { name: "Restart" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("y");
    await page.locator(".toast", { hasText: "copied" }).waitFor();
  });

  test("an id that is not known says so, and leads on", async () => {
    const page = await openPage(slow.adminUrl, "/invocations/inv_10BLkHOOX0010355NM00cxx7SaWWaudoRR");
    await page.getByText("There is no such invocation").waitFor();
  });
});
