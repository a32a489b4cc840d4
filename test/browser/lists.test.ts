/**
 * The list of invocations in a real browser: its filter, names that try to break the page, rows that hold still, and verbs on
 * many. With the keyboard alone where that is what is tested.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Server } from "../e2e/server.ts";
import { describeInBrowser, drawn, openPage, untilShown } from "./support/browser.ts";
import { HOSTILE, idsOn, openDepot, rows, statusOf } from "./support/depot.ts";

let server: Server;
beforeAll(async () => {
  server = await openDepot();
});
afterAll(() => server.stop());

describeInBrowser("filter", () => {
  test("what is typed becomes a chip, stands in the address, and goes with its cross", async () => {
    const page = await openPage(server.adminUrl, "/invocations");
    const field = page.getByRole("combobox", { name: "Filter invocations" });
    await page.keyboard.press("/");
    await field.fill("status:retrying service:Carrier");
    await page.keyboard.press("Enter");
    await page.waitForURL(/service=Carrier&status=backing-off/u);
    await untilShown(
      () => rows(page).count(),
      (count) => count === 1,
    );
    await page.getByText("1 invocation, all that match.").waitFor();
    await page.goBack();
    await untilShown(
      () => rows(page).count(),
      (count) => count > 10,
    );
    await page.goForward();
    await page.getByRole("button", { name: "Remove filter status" }).click();
    await page.waitForURL(/\?service=Carrier$/u);
    await untilShown(
      () => rows(page).count(),
      (count) => count === 3 + HOSTILE.size,
    );
  });

  test("completes names and values with the keyboard, and says what was meant", async () => {
    const page = await openPage(server.adminUrl, "/invocations");
    const field = page.getByRole("combobox", { name: "Filter invocations" });
    await field.fill("status:pen");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/status=pending/u);
    await field.fill("servce:Order");
    await page.keyboard.press("Enter");
    await page.getByText("There is no filter “servce”. Did you mean service:?").waitFor();
    await field.fill("");
    await page.keyboard.press("Backspace");
    await page.waitForURL(/invocations$/u);
  });

  test("a part of an error, and a key with a pattern", async () => {
    const page = await openPage(server.adminUrl, "/invocations?text=onerror");
    await untilShown(
      () => rows(page).count(),
      (count) => count === 1,
    );
    const field = page.getByRole("combobox", { name: "Filter invocations" });
    await field.fill("key:*gift* -status:succeeded");
    await page.keyboard.press("Enter");
    await page.getByText("No invocation matches this filter.").waitFor();
    await page.getByRole("button", { name: "Remove “contains onerror”" }).click();
    await untilShown(
      () => rows(page).count(),
      (count) => count === 1,
    );
  });

  test("a view of one's own stays, and its address has the filter", async () => {
    const page = await openPage(server.adminUrl, "/invocations?service=Carrier&age=%3C1d");
    await page.getByRole("button", { name: "Save view" }).click();
    await page.getByLabel("Name").fill("<b>Carriers</b>");
    await page.getByRole("button", { name: "Save this filter" }).click();
    await page.reload();
    const tab = page.getByRole("link", { name: "<b>Carriers</b>" });
    await tab.waitFor();
    expect(await tab.getAttribute("aria-current")).toBe("true");
  });

  test("an id that is none, and a name that is near to one", async () => {
    const page = await openPage(server.adminUrl, "/invocations?id=inv_1nobody");
    await page.getByText("There is no invocation").waitFor();
    await page.goto(`${server.adminUrl}/ui/invocations?service=Pacel`);
    await page.getByRole("button", { name: "Parcel", exact: true }).click();
    await page.waitForURL(/service=Parcel/u);
  });
});

describeInBrowser("names that try to break the page", () => {
  test.for([
    "/",
    "/invocations",
    "/invocations?order=newest",
    "/timers",
    "/sql?query=SELECT%20*%20FROM%20sys_invocation",
  ])("%s shows them as they are, and nothing of them runs", async (path) => {
    for (const width of [1280, 390]) {
      const page = await openPage(server.adminUrl, path, { width });
      await page.locator("main").getByText("Loading…").waitFor({ state: "detached" });
      await drawn(page);
      expect(await page.locator("main img, main script, main b > b").count()).toBe(0);
      expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
    }
  });

  test.for([...HOSTILE])("%s is found by its key", async ([key, shown]) => {
    const page = await openPage(server.adminUrl, `/invocations?${new URLSearchParams({ key }).toString()}`);
    await untilShown(
      () => rows(page).count(),
      (count) => count === 1,
    );
    const link = rows(page).locator("a.tgt");
    expect(await link.getAttribute("title")).toBe(`Parcel/${key === "" ? "" : shown}/refuse`);
    expect(await link.locator(".k").textContent()).toBe(shown);
    await page.getByRole("button", { name: "Remove filter key" }).waitFor();
  });
});

describeInBrowser("rows", () => {
  test("do not move under the focus: new ones wait until they are asked for", async () => {
    const page = await openPage(server.adminUrl, "/invocations?handler=wave&order=newest");
    await untilShown(
      () => rows(page).count(),
      (count) => count > 0,
    );
    await page.keyboard.press("j");
    const before = await idsOn(page);
    await server.call("/Carrier/wave", "Grace");
    await page.getByText("1 new").waitFor();
    expect(await idsOn(page)).toEqual(before);
    await page.getByRole("button", { name: "show", exact: true }).click();
    await untilShown(
      () => rows(page).count(),
      (count) => count === before.length + 1,
    );
  });

  test("say what they wait for", async () => {
    const page = await openPage(server.adminUrl, "/invocations?status=open");
    await page.getByText("3rd of 3 behind hold, which is suspended").waitFor();
    await page.getByText("Step “ask <b>the depot</b>”: connect ECONNREFUSED <b>10.0.3.17</b>").waitFor();
    await page.getByText(/^Waits for the timer “drive” at/u).waitFor();
  });

  test("the keyboard alone opens one", async () => {
    const page = await openPage(server.adminUrl, "/invocations?order=newest");
    await untilShown(
      () => rows(page).count(),
      (count) => count > 3,
    );
    for (const key of ["j", "j", "j", "k"]) await page.keyboard.press(key);
    const second = (await idsOn(page))[1] ?? "";
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/ui/invocations/${second}`);
  });

  test("stay when the server is silent, and say how old they are", async () => {
    const page = await openPage(server.adminUrl, "/invocations?order=newest");
    await untilShown(
      () => rows(page).count(),
      (count) => count > 3,
    );
    await page.route("**/invocations?*", (route) => route.abort());
    await server.call("/Carrier/wave", "Lin");
    await page.getByRole("alert").getByText("The server does not answer.").waitFor();
    expect(await rows(page).count()).toBeGreaterThan(3);
    await page.unroute("**/invocations?*");
    await page.getByRole("button", { name: "Try now" }).click();
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  test("compact, columns and order stay", async () => {
    const page = await openPage(server.adminUrl, "/invocations");
    await page.getByRole("button", { name: "Compact" }).click();
    await page.getByText("Columns").click();
    await page.getByLabel("Deployment").check();
    await page.getByRole("combobox", { name: "Order" }).selectOption("oldest");
    await page.waitForURL(/order=oldest/u);
    await page.reload();
    await page.locator("table.compact").waitFor();
    await page.getByRole("columnheader", { name: "Deployment" }).waitFor();
  });
});

describeInBrowser("a verb on many", () => {
  test("shows what it will do to which, does it, and says what was refused", async () => {
    for (const turn of [1, 2]) await server.send("/Parcel/many/hold", turn);
    const parked = await statusOf(server, "pending", 4);
    const page = await openPage(server.adminUrl, "/invocations?key=many");
    await untilShown(
      () => rows(page).count(),
      (count) => count === 2,
    );
    await page.keyboard.press("X");
    await page.getByRole("toolbar", { name: "Selected invocations" }).getByText("2 selected").waitFor();
    await page.getByRole("button", { name: "Pause…" }).click();
    const pause = page.getByRole("dialog", { name: "Pause 1 invocation" });
    await pause.getByText("left alone: has not begun").waitFor();
    await pause.getByRole("button", { name: "Leave them" }).click();
    await page.getByRole("button", { name: "Kill…" }).click();
    const kill = page.getByRole("dialog", { name: "Kill 2 invocations" });
    await kill.getByText("nothing is undone").waitFor();
    // It ends while somebody reads.
    await server.admin(`/invocations/${parked.at(-1) ?? ""}/kill`, "PATCH");
    await kill.getByRole("button", { name: "Kill 2" }).click();
    await kill.getByText("1 killed").waitFor();
    await kill.getByText("1 refused").waitFor();
    await kill.getByRole("table", { name: "Refused" }).getByText("completed").waitFor();
    await kill.getByRole("button", { name: "Close" }).last().click();
    await untilShown(
      () => page.getByText("Killed: its code did not run any more").count(),
      (count) => count === 2,
    );
    expect(await page.getByRole("toolbar").count()).toBe(0);
  });

  test("in production what is final is typed; who may only look changes nothing", async () => {
    const page = await openPage(server.adminUrl, "/invocations?status=pending");
    const environment = { kind: "aws", name: "OrdersProd", is_production: true, read_only: false };
    await page.route("**/version", (route) => route.fulfill({ json: { version: "0.1.0", environment } }));
    await page.reload();
    await rows(page).first().waitFor();
    await page.keyboard.press("X");
    await page.getByRole("button", { name: "Kill…" }).click();
    const kill = page.getByRole("dialog", { name: /^Kill/u });
    const button = kill.getByRole("button", { name: /^Kill \d+ in production$/u });
    const words = ((await button.textContent()) ?? "").replace(" in production", "").toLowerCase();
    expect(await button.isDisabled()).toBe(true);
    await kill.getByRole("textbox").fill(words);
    expect(await button.isDisabled()).toBe(false);
    await page.keyboard.press("Escape");
    environment.read_only = true;
    await page.reload();
    await rows(page).first().waitFor();
    await page.keyboard.press("X");
    await page.getByText("You may look here, and change nothing.").waitFor();
    expect(await page.getByRole("button", { name: "Kill…" }).count()).toBe(0);
  });

  test("x picks a row, shift picks a range, escape lets go", async () => {
    const page = await openPage(server.adminUrl, "/invocations?status=failed&order=oldest");
    await untilShown(
      () => rows(page).count(),
      (count) => count >= HOSTILE.size,
    );
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await rows(page)
      .nth(3)
      .getByRole("checkbox")
      .click({ modifiers: ["Shift"] });
    await page.getByText("4 selected").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("toolbar").waitFor({ state: "detached" });
  });
});
