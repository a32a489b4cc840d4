/** Events: subscriptions and schedules, what was set aside, an event that is sent, and a topic that is moved. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Server } from "../e2e/server.ts";
import { describeInBrowser, openPage } from "./support/browser.ts";
import { openSources } from "./support/sources.ts";

const TOPIC = {
  ...{ id: "sub_1topic", name: "orders", source: "kafka://main/orders", sink: "service://Mailer/send" },
  ...{ options: { "group.id": "orders" }, created_at: "2026-11-29T08:00:00.000Z", generation: 0 },
  status: {
    ...{ read_here: true, state: "running", lag: 9, last_record_at: null, last_error: null },
    counts: { accepted: 41, repeated: 0, rejected: 0, failed: 0, accepted_last_minute: 120 },
  },
  lanes: [
    {
      ...{ lane: "main/orders-0", accepted_to: "40", accepted_at: "2026-11-29T08:00:00.000Z" },
      left_out: [{ from: "3", to: "5" }],
    },
  ],
  perdure: { partitions: [{ partition: 0, offset: "41", end: "50", lag: 9, failing: false }] },
};

describeInBrowser("events", () => {
  let server: Server;
  beforeAll(async () => {
    server = await openSources();
  });
  afterAll(() => server?.stop());

  const dialogOf = (page: Page) => page.getByRole("dialog");
  const overflows = async (page: Page) =>
    await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");

  test("the list says what each does, what is paused, and what waits for somebody", async () => {
    for (const width of [1280, 390]) {
      const page = await openPage(server.adminUrl, "/events", { width });
      await page.getByText("1 is paused. 2 records were set aside, and wait for you.").waitFor();
      await page.getByRole("link", { name: "nightly" }).waitFor();
      await page.getByText("2 set aside wait for you").waitFor();
      expect(await overflows(page)).toBe(false);
    }
  });

  test("a schedule is paused and goes on, and says when its ticks are due", async () => {
    const page = await openPage(server.adminUrl, "/events/nightly");
    await page.getByText("The next tick is due in").waitFor();
    expect(await page.getByRole("listitem").filter({ hasText: "02:00:00" }).count()).toBe(5);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByText("It is paused. No tick is made.").waitFor();
    await page.getByRole("button", { name: "Resume" }).click();
    await page.getByText("This server makes its ticks.").waitFor();
  });

  test("an event is sent as its source would; its invocation says where it is from", async () => {
    const page = await openPage(server.adminUrl, "/events/mails");
    await page.getByRole("button", { name: "Send an event…" }).click();
    const dialog = dialogOf(page);
    await dialog.getByRole("button", { name: "Send it" }).click();
    await dialog.getByText("1 accepted.").waitFor();
    await dialog.getByRole("textbox").fill('{"Records": [{"eventSource": "aws:sns"}]}');
    await dialog.getByRole("button", { name: "Send it" }).click();
    await dialog.locator(".err").waitFor();
    await dialog.getByRole("textbox").fill("{");
    expect(await dialog.getByRole("button", { name: "Send it" }).isDisabled()).toBe(true);
    const { invocations } = (await server.admin("/invocations?service=Mailer")) as {
      invocations: { id: string }[];
    };
    const born = await openPage(server.adminUrl, `/invocations/${invocations[0]?.id ?? ""}`);
    await born.getByText(/^mails, message /u).waitFor();
    await born.getByRole("link", { name: "mails" }).first().click();
    await born.getByRole("heading", { name: "mails" }).waitFor();
  });

  test("a record that was set aside is shown safely, retried with a key, and dropped", async () => {
    const page = await openPage(server.adminUrl, "/events/stock");
    const row = page.getByRole("row").filter({ hasText: "the handler needs one" });
    await row.getByRole("button", { name: "Look at it…" }).click();
    const dialog = dialogOf(page);
    // Its header and its value would be an image that runs a script.
    await dialog.getByText("<img src=x onerror=alert(1)>⟨U+202E⟩").first().waitFor();
    await dialog.getByRole("button", { name: "Retry it" }).click();
    await dialog.getByText("the handler needs one").last().waitFor();
    await dialog.getByRole("textbox").fill("sku-1");
    await dialog.getByRole("button", { name: "Retry it" }).click();
    await page.getByText("It becomes an invocation, once.").waitFor();
    await row.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Retry all…" }).click();
    await dialog.getByRole("button", { name: "Retry them" }).click();
    await dialog.getByText("0 records become invocations. 1 record could not").waitFor();
    await dialog.getByRole("button", { name: "Leave them" }).click();
    await page.getByRole("button", { name: "Drop all…" }).click();
    await dialog.getByRole("button", { name: "Drop them" }).click();
    await page.getByText("1 record was dropped.").waitFor();
    await page.getByRole("region", { name: "Records set aside" }).waitFor({ state: "detached" });
  });

  test("a topic says how far it is; it is moved after a word of what that does", async () => {
    const page = await openPage(server.adminUrl, "/events", { width: 1280 });
    const asked: unknown[] = [];
    await page.route("**/subscriptions/orders**", async (route) => {
      if (route.request().method() === "GET") return await route.fulfill({ json: TOPIC });
      const { pathname } = new URL(route.request().url());
      asked.push([pathname, route.request().postDataJSON()]);
      await route.fulfill({ json: { partitions: [{ partition: 0, from: "41", to: "50" }], generation: 1 } });
    });
    await page.goto(`${server.adminUrl}/ui/events/orders`);
    await page.getByText("and is 9 records behind.").waitFor();
    await page.getByText("left out: 3 to 5").waitFor();
    const menu = async (item: string): Promise<void> => {
      await page.getByRole("button", { name: "More actions" }).click();
      await page.getByRole("menuitem", { name: item }).click();
    };
    await menu("Skip to…");
    const dialog = dialogOf(page);
    await dialog.getByText("What has run does not run again").waitFor();
    await dialog.getByRole("button", { name: "Offsets" }).click();
    expect(await dialog.getByRole("textbox").inputValue()).toBe("0=50");
    await dialog.getByRole("textbox").fill("0=x");
    await dialog.getByRole("button", { name: "Skip", exact: true }).click();
    await dialog.getByText("0=x is no partition=offset").waitFor();
    await dialog.getByRole("textbox").fill("0=50");
    await dialog.getByRole("button", { name: "Skip", exact: true }).click();
    await page.getByText("Skipped. By partition, 0: 41 → 50.").waitFor();
    await menu("Replay…");
    await dialog.getByText("run once more, also those that have run").waitFor();
    await dialog.getByRole("button", { name: "Replay it" }).click();
    await page.getByText("Replayed. By partition, 0: 41 → 50.").waitFor();
    expect(asked).toEqual([
      ["/subscriptions/orders/skip", { to: { 0: "50" } }],
      ["/subscriptions/orders/replay", { from: "earliest" }],
    ]);
  });

  test("one is deleted after a word of what stays; one that is gone says so", async () => {
    const spare = { name: "spare", source: "sqs://spare", sink: "service://Mailer/send" };
    await server.request(`${server.adminUrl}/subscriptions`, { body: spare });
    const page = await openPage(server.adminUrl, "/events/spare");
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name: "Delete…" }).click();
    await dialogOf(page).getByText("made again under its name, it goes on from there").waitFor();
    await dialogOf(page).getByRole("button", { name: "Delete it" }).click();
    await page.waitForURL("**/ui/events");
    await page.getByRole("link", { name: "spare" }).waitFor({ state: "detached" });
    const gone = await openPage(server.adminUrl, "/events/spare");
    await gone.getByRole("heading", { name: "There is no such subscription." }).waitFor();
  });
});
