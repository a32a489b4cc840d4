/**
 * Takes the pictures of docs/ui.md: `npm run ui:shots`. Small, current, and made from the shop of fixtures/shop.ts. With a folder as
 * an argument it takes every page at every width and in both themes into it, to be looked at.
 */
import { chromium, type Page } from "playwright-core";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findChromium } from "../../scripts/chromium.ts";
import { PACKAGE_ROOT } from "../e2e/server.ts";
import { openShop, type Shop } from "./support/shop.ts";
import { openSources } from "./support/sources.ts";

interface Shot {
  readonly name: string;
  readonly path: string;
}
interface View {
  readonly width: number;
  readonly theme: "light" | "dark";
}

const ALL_VIEWS: readonly View[] = [
  { width: 1280, theme: "light" },
  { width: 1280, theme: "dark" },
  { width: 390, theme: "light" },
];
const HEIGHT = 900;
/** Live pages never fall silent: so long they are given to load. */
const LOADED_MS = 1500;

function shotsOf({ ids }: Shop): readonly Shot[] {
  const id = (name: string): string => `/invocations/${ids.get(name) ?? name}`;
  return [
    { name: "overview", path: "/" },
    { name: "invocations", path: "/invocations" },
    { name: "invocation-retrying", path: id("ord-7731") },
    { name: "invocation-completed", path: id("ord-7701") },
    { name: "invocation-suspended", path: id("ord-7720") },
    { name: "invocation-paused", path: id("paused") },
    { name: "invocation-parked", path: id("ord-7741") },
    { name: "invocation-hostile", path: id("hostile") },
    { name: "objects", path: "/objects" },
    { name: "object", path: "/object?service=Inventory&key=sku-5000" },
    { name: "workflow", path: "/object?service=Order&key=ord-7720" },
    { name: "services", path: "/services" },
    { name: "service", path: "/services/Order" },
    { name: "playground", path: "/playground?service=Order&handler=run" },
    { name: "deployments", path: "/deployments" },
    { name: "timers", path: "/timers" },
    {
      name: "sql",
      path: `/sql?query=${encodeURIComponent("SELECT target, status, created_at FROM sys_invocation LIMIT 5")}`,
    },
  ];
}

/** On a server of their own: the shop is called, and nothing comes to it. */
const SOURCE_SHOTS: readonly Shot[] = [
  { name: "events", path: "/events" },
  { name: "subscription", path: "/events/stock" },
  { name: "schedule", path: "/events/nightly" },
];

/** Those that docs/ui.md shows. */
const KEPT = [
  "events",
  "overview",
  "invocations",
  "invocation-retrying",
  "invocation-parked",
  "object",
  "playground",
];

/** `isKept`: for the documents. What is below the window is left out, and so is where this machine has its data. */
async function take(page: Page, url: string, file: string, isKept: boolean): Promise<void> {
  await page.goto(url);
  await page.waitForTimeout(LOADED_MS);
  if (isKept) await page.locator(".foot").evaluate((foot) => foot.remove());
  await page.screenshot({ path: file, fullPage: !isKept });
  console.log(file);
}

const [folder] = process.argv.slice(2);
const executablePath = findChromium();
if (executablePath === undefined) throw new Error("there is no chromium: npm run chromium");
const target = folder ?? join(PACKAGE_ROOT, "docs/ui");
mkdirSync(target, { recursive: true });
const [shop, sources] = [await openShop(), await openSources()];
const all = [
  ...shotsOf(shop).map((shot) => ({ ...shot, url: shop.server.adminUrl })),
  ...SOURCE_SHOTS.map((shot) => ({ ...shot, url: sources.adminUrl })),
];
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
try {
  for (const { width, theme } of folder === undefined ? ALL_VIEWS.slice(0, 1) : ALL_VIEWS) {
    const context = await browser.newContext({
      viewport: { width, height: HEIGHT },
      ...{ colorScheme: theme, reducedMotion: "reduce", locale: "en-GB", timezoneId: "Europe/Berlin" },
    });
    const page = await context.newPage();
    for (const { name, path, url } of all) {
      if (folder === undefined && !KEPT.includes(name)) continue;
      const file = folder === undefined ? `${name}.png` : `${name}-${width}-${theme}.png`;
      await take(page, `${url}/ui${path}`, join(target, file), folder === undefined);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await shop.server.stop();
  await sources.stop();
}
