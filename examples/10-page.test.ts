import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer, until } from "./support/server.ts";

const page = readFileSync(join(import.meta.dirname, "10-page.html"), "utf8");
const script = /<script>([^]*)<\/script>/u.exec(page)?.[1] ?? "";

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start("10-page.ts");
});
afterAll(() => server?.stop());

/** As much of a browser as the page's script uses. */
class Browser {
  readonly elements = new Map(
    [...page.matchAll(/ id="(\w+)"/gu)].map(([, id = ""]) => [id, new PageElement()] as const),
  );
  /** A browser puts the `#` before what a page sets. */
  readonly location: { hash: string };

  constructor(hash: string) {
    this.location = { hash };
    this.#element("table").value = "tea\ncup";
    runInNewContext(script, {
      document: { getElementById: (id: string) => this.#element(id) },
      location: this.location,
      ...{ fetch, crypto, URLSearchParams, setTimeout },
    });
  }

  get status(): string {
    return this.#element("status").textContent;
  }
  get isAsked(): boolean {
    return !this.#element("question").hidden;
  }

  submit(): void {
    this.#element("begin").fire("submit");
  }
  click(id: "yes" | "no"): void {
    this.#element(id).fire("click");
  }

  async untilItSays(text: string): Promise<void> {
    await until(
      async () => this.status,
      (status) => status.includes(text),
    );
  }

  #element(id: string): PageElement {
    const found = this.elements.get(id);
    if (!found) throw new Error(`the page has no element ${id}`);
    return found;
  }
}

class PageElement {
  textContent = "";
  value = "";
  hidden = true;
  readonly #listeners = new Map<string, (event: { preventDefault: () => void }) => unknown>();
  addEventListener(event: string, listener: () => unknown): void {
    this.#listeners.set(event, listener);
  }
  fire(event: string): void {
    this.#listeners.get(event)?.({ preventDefault: () => undefined });
  }
}

const open = (more = ""): Browser => new Browser(`#ingress=${server.ingress}${more}`);

test("the page starts an import, asks, and follows it to its end", async () => {
  const browser = open();
  browser.submit();
  await browser.untilItSays("The table has 2 rows. Import them?");
  expect(browser.isAsked).toBe(true);
  browser.click("yes");
  await browser.untilItSays("Done: 2 rows.");
  expect(browser.isAsked).toBe(false);
});

test("a reloaded page follows the same import", async () => {
  const before = open();
  before.submit();
  await before.untilItSays("Import them?");
  const after = new Browser(`#${before.location.hash}`);
  await after.untilItSays("Import them?");
  after.click("no");
  await before.untilItSays("Nothing was imported.");
});

test("an empty table is refused by the workflow, and nothing is followed", async () => {
  await expect(server.call("TableImport/empty/run", " ")).rejects.toMatchObject({ status: 400 });
});
