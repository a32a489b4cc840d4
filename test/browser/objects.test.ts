/** Pages of objects and workflows: with a mouse, with the keyboard alone, and with hostile names. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { Server } from "../e2e/server.ts";
import { describeInBrowser, openPage, untilShown } from "./support/browser.ts";
import { statusOf } from "./support/depot.ts";
import { HOSTILE_KEY, HOSTILE_NAME } from "./fixtures/shelves.ts";

const FILE = join(import.meta.dirname, "fixtures/shelves.ts");

const keyPath = (service: string, key: string): string =>
  `/object?${new URLSearchParams({ service, key }).toString()}`;

describeInBrowser("objects and workflows", () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ file: FILE });
  });
  afterAll(() => server.stop());

  const stateOf = async (key: string): Promise<Record<string, string>> => {
    const { state } = (await server.admin(`/services/Shelf/state/${encodeURIComponent(key)}`)) as {
      state: { name: string; value: string }[];
    };
    return Object.fromEntries(state.map(({ name, value }) => [name, value]));
  };
  const edit = async (page: Page, name: string, text: string): Promise<void> => {
    await page.getByRole("button", { name: `Edit ${name}` }).click();
    await page.getByRole("textbox", { name: `Value of ${name}` }).fill(text);
  };

  test("state is edited after a review, and the edit is undone", async () => {
    await server.call("/Shelf/edited/fill", 17);
    const page = await openPage(server.adminUrl, keyPath("Shelf", "edited"));
    await page.getByText("the next call starts at once").waitFor();
    await edit(page, "left", "{ no json");
    await page.getByText("no JSON, so a handler could not read it").waitFor();
    await page.getByRole("textbox", { name: "Value of left" }).fill("18");
    await page.getByText("valid JSON").waitFor();
    await page.getByRole("button", { name: "Take title away" }).click();
    await page.getByRole("button", { name: "Review changes…" }).click();
    const dialog = page.getByRole("dialog", { name: "Change the state of Shelf/edited" });
    expect(await dialog.getByRole("group", { name: "Change of left" }).textContent()).toMatch(/17.*18/su);
    expect(await dialog.textContent()).toContain("at once: the key is free");
    await dialog.getByRole("button", { name: "Queue the change" }).click();
    await page.getByText("2 changes made.").waitFor();
    expect(await stateOf("edited")).toEqual({ left: "18", reserved: '{"ord-7731":2,"ord-7702":3}' });
    await page.getByRole("button", { name: "Undo…" }).click();
    await page.getByRole("button", { name: "Queue the change" }).click();
    await untilShown(
      () => stateOf("edited"),
      ({ left, title }) => left === "17" && title?.startsWith('"Advent') === true,
    );
  });

  test("an edit that somebody else overtakes changes nothing, and says what is another", async () => {
    await server.call("/Shelf/raced/fill", 17);
    const owner = await server.send("/Shelf/raced/recount");
    const page = await openPage(server.adminUrl, keyPath("Shelf", "raced"));
    await page.getByText("which waits for an awakeable").waitFor();
    await edit(page, "left", "20");
    await page.getByRole("button", { name: "Review change…" }).first().click();
    const dialog = page.getByRole("dialog");
    expect(await dialog.textContent()).toContain("as 1st, behind a suspended owner");
    await dialog.getByRole("button", { name: "Queue the change" }).click();
    await page.getByText("1 change queued: what has the key goes first.").waitFor();
    // The owner writes another value before it leaves.
    await page.getByRole("button", { name: "Resolve…" }).click();
    const resolving = page.getByRole("dialog");
    await resolving.getByRole("textbox").fill("15");
    await resolving.getByRole("button", { name: "Resolve it" }).click();
    expect((await server.attach(owner)).json).toBe(15);
    const lost = page.getByRole("alert").filter({ hasText: "Nothing was changed." });
    await lost.waitFor();
    expect(await lost.textContent()).toMatch(/left: 17.*left: 15.*left: 20/su);
    expect((await stateOf("raced"))["left"]).toBe("15");
    await lost.getByRole("button", { name: "Apply mine to it…" }).click();
    await page.getByRole("button", { name: "Queue the change" }).click();
    await page.getByText("1 change made.").waitFor();
    expect((await stateOf("raced"))["left"]).toBe("20");
  });

  test("two keys that wait for each other are a ring", async () => {
    await server.send("/Account/alice/transfer", { to: "bob" });
    await server.send("/Account/bob/transfer", { to: "alice" });
    // Each is behind the other by then.
    await statusOf(server, "pending", 2);
    const page = await openPage(server.adminUrl, keyPath("Account", "alice"));
    await page.getByText("Two keys wait for each other").waitFor();
    await page.getByText("Back to A.").waitFor();
    await page.goto(`${server.adminUrl}/ui/objects?service=Account`);
    await page.getByText("2 keys have a queue.").waitFor();
    await page.getByRole("link", { name: "Account / bob" }).click();
    await page.waitForURL("**/ui/object?service=Account&key=bob");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("account/alice");
    await page.getByRole("option", { name: "Account/alice key" }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ui/object?service=Account&key=alice");
  });

  test("a workflow's promise is resolved by one of its handlers", async () => {
    const run = await server.send("/Signup/ada@example.com/run");
    const page = await openPage(server.adminUrl, keyPath("Signup", "ada@example.com"));
    await page.getByText("The run waits for the promise “email-verified”").waitFor();
    await page.getByRole("button", { name: "Resolve…" }).click();
    await page.getByRole("dialog").getByRole("link", { name: "Call verify" }).click();
    await page.getByRole("textbox", { name: "Input" }).fill('"mail"');
    await page.getByRole("button", { name: "Call verify" }).click();
    await page.getByText("It has answered nothing.").waitFor();
    expect((await server.attach(run)).json).toBe("verified by mail");
    await page.goBack();
    await page.getByText("The run has succeeded").waitFor();
    await page.getByRole("region", { name: "Promises" }).getByText('"mail"').waitFor();
  });

  test("hostile keys, names and values are shown, and do nothing", async () => {
    const key = encodeURIComponent(HOSTILE_KEY);
    await server.call(`/Shelf/${key}/fill`, 9);
    await server.call(`/Shelf/${key}/hostile`);
    const page = await openPage(server.adminUrl, "/objects?service=Shelf");
    await page.getByRole("link", { name: /⟨U\+202E⟩/u }).click();
    await page.getByRole("heading", { level: 1, name: /^Shelf \/ <img src=x/u }).waitFor();
    await page.getByText(HOSTILE_NAME, { exact: true }).waitFor();
    await page.getByText("__proto__", { exact: true }).waitFor();
    await page.getByText("bytes that are no text, in base64").waitFor();
    // What is not touched stays as it is, bytes and all.
    await edit(page, "left", "10");
    await page.getByRole("button", { name: "Review change…" }).first().click();
    await page.getByRole("button", { name: "Queue the change" }).click();
    await page.getByText("1 change made.").waitFor();
    expect(await stateOf(HOSTILE_KEY)).toMatchObject({ left: "10", [HOSTILE_NAME]: '"<b>bold</b>"' });
    await page.getByRole("link", { name: "Call", exact: true }).click();
    expect(await page.getByLabel("Key", { exact: true }).inputValue()).toBe(HOSTILE_KEY);
    expect(await page.getByRole("tabpanel").textContent()).toContain("%E2%80%AE");
    expect(await page.evaluate("window.broken")).toBeUndefined();
    expect(await page.evaluate("({}).polluted")).toBeUndefined();
    await page.goto(`${server.adminUrl}/ui${keyPath("Shelf", "..")}`);
    await page.getByText("No address can name the key").waitFor();
    await page.goto(`${server.adminUrl}/ui${keyPath("Shelf", "")}`);
    await page.getByText("The empty key has no page.").waitFor();
  });

  test("with the keyboard alone: a key is found, its state changed", async () => {
    await server.call("/Shelf/by-keyboard/fill", 1);
    const page = await openPage(server.adminUrl, "/");
    for (const key of ["g", "b"]) await page.keyboard.press(key);
    await page.waitForURL("**/ui/objects");
    await page.getByRole("link", { name: "Shelf / by-keyboard" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("by-keyb");
    await page.getByRole("link", { name: "Shelf / edited" }).waitFor({ state: "detached" });
    await page.getByRole("textbox", { name: "A part of the key" }).evaluate((field) => field.blur());
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/ui/object?*by-keyboard");
    await page.getByRole("button", { name: "Edit left" }).focus();
    await page.keyboard.press("Enter");
    await page.locator("textarea:focus").waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("2");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("dialog", { name: /^Change the state/u }).waitFor();
    await page.getByRole("button", { name: "Queue the change" }).press("Enter");
    await page.getByText("1 change made.").waitFor();
    expect((await stateOf("by-keyboard"))["left"]).toBe("2");
  });
});
