/**
 * A real browser on the web UI. A page fails its test if a script of it throws, if it logs an error, if the policy stops
 * something (that is how an injected script shows), or if it asks anybody but its own server.
 */
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, describe, expect } from "vitest";
import { findChromium } from "../../../scripts/chromium.ts";
import { until } from "../../e2e/target.ts";

const PATH = findChromium();

/** How long a page may take to show something: beside other work a browser may stand still for seconds. */
const WAIT_MS_MAX = 30_000;
/** Each look is a request to the browser, which has better things to do. */
const LOOK_MS = 50;
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

export interface View {
  /** In pixels. @default 1280 */
  readonly width?: number;
  readonly height?: number;
  /** @default "light" */
  readonly theme?: "light" | "dark";
}

let launched: Browser | undefined;
const opened: Page[] = [];
const faults: string[] = [];

/** Opens a page of the server at `adminUrl`: `/invocations`, as the address bar has it after `/ui`. */
export async function openPage(adminUrl: string, path: string, view: View = {}): Promise<Page> {
  launched ??= await chromium.launch({ executablePath: PATH ?? "chromium", args: FLAGS });
  const { width = 1280, height = 900, theme = "light" } = view;
  const context = await launched.newContext({
    viewport: { width, height },
    ...{ colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "Europe/Berlin" },
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS_MAX);
  watch(page, new URL(adminUrl).host);
  opened.push(page);
  await page.goto(`${adminUrl}/ui${path}`);
  await page.locator("main").waitFor();
  // Keys are bound in the frame after what is drawn.
  await drawn(page);
  return page;
}

/** What the page has been told is on the screen, and has had its effects. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate("new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))");
}

/** As {@link until}, for what a page or its server shows. */
export async function untilShown<T>(ask: () => PromiseLike<T>, wanted: (answer: T) => boolean): Promise<T> {
  return await until(ask, wanted, WAIT_MS_MAX, LOOK_MS);
}

function watch(page: Page, host: string): void {
  page.on("pageerror", (error) => faults.push(`the page threw: ${error.stack ?? error.message}`));
  page.on("console", (message) => {
    // An answer of 4xx is the page's business: it says so in its own words.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      faults.push(`the page logged: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && url.host !== host)
      faults.push(`the page asked ${url.href}`);
  });
}

/**
 * What needs the browser. Skipped by name where there is none.
 *
 * The hooks are each block's own: files share this module, which is loaded once, so its own hooks would be those of the first file alone.
 */
export function describeInBrowser(name: string, tests: () => void): void {
  describe.skipIf(PATH === undefined)(name, () => {
    afterEach(async () => {
      const found = faults.splice(0);
      for (const page of opened.splice(0)) await page.context().close();
      expect(found).toEqual([]);
    });
    afterAll(async () => {
      await launched?.close();
      launched = undefined;
    });
    tests();
  });
}
