/** What the pages show is true: their code compiles, their modules run, and their requests get the promised answers. */
import { execFile } from "node:child_process";
import { globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { matches, readPage, ROOT, type Page, type ShownRequest } from "./page.ts";

/** Where they are compiled and loaded, like any file of the project. */
const SNIPPETS = join(ROOT, ".snippets");

/** Tables that pages write to. */
const TABLES = { orders: { partitionKey: "id" }, stock: { partitionKey: "sku" } };

/** Packages that a page shows and that are not here: what is imported from them is not looked at. */
const NOT_INSTALLED = ["@ai-sdk/openai", "@restatedev/vercel-ai-middleware"];

const pages = globSync(["README.md", "docs/**/*.md"], { cwd: ROOT }).toSorted().map(readPage);
/** README is read in test/e2e/readme.test.ts, with a server that is killed. */
const served = pages.filter(
  ({ path, modules, requests }) => path !== "README.md" && modules.length > 0 && requests.length > 0,
);

beforeAll(() => {
  rmSync(SNIPPETS, { recursive: true, force: true });
  mkdirSync(SNIPPETS);
  const compilerOptions = {
    // A second look takes a quarter of the time.
    tsBuildInfoFile: join(ROOT, "node_modules/.cache/typescript/snippets.tsbuildinfo"),
    // What a fragment declares need not be used in it.
    noUnusedLocals: false,
    noUnusedParameters: false,
  };
  const config = { extends: "../tsconfig.json", compilerOptions, include: ["*.ts"] };
  writeFileSync(join(SNIPPETS, "tsconfig.json"), JSON.stringify(config));
  writeFileSync(
    join(SNIPPETS, "not-installed.d.ts"),
    NOT_INSTALLED.map((name) => `declare module "${name}";\n`).join(""),
  );
  for (const { name, text } of pages.flatMap(({ modules, fragments }) => [...modules, ...fragments]))
    writeFileSync(join(SNIPPETS, name), text);
});
afterAll(() => rmSync(SNIPPETS, { recursive: true, force: true }));

test("there are pages to look at, and each guide shows a module and a request", () => {
  expect(pages.flatMap(({ fragments }) => fragments).length).toBeGreaterThan(10);
  const guides = pages.filter(({ path }) => /^docs\/guide\/(?!README)/.test(path));
  expect(guides.length).toBeGreaterThan(10);
  for (const { path, modules, requests } of guides) {
    expect(modules.length, path).toBeGreaterThan(0);
    expect(requests.length, path).toBeGreaterThan(0);
  }
});

test("their code compiles", { timeout: 120_000 }, async () => {
  const compiled = await promisify(execFile)("npx", ["tsc", "-p", SNIPPETS], { cwd: ROOT }).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(compiled.stdout).toBe("");
});

test.each(served)("what $path promises is so", { timeout: 60_000 }, async ({ modules, requests }) => {
  const environment = await TestEnvironment.start({ services: await servicesOf(modules), tables: TABLES });
  try {
    let id = "";
    for (const request of requests) {
      const text = await answer(environment, { ...request, path: request.path.replace(/inv_…|…/, id) });
      const { command, answer: promised } = request;
      expect(matches(text, promised), `${command}\n  promised: ${promised}\n  answered: ${text}`).toBe(true);
      [, id = id] = /"invocationId":"([^"]+)"/.exec(text) ?? [];
    }
  } finally {
    await environment.stop();
  }
});

test("the tests that they show pass", { timeout: 120_000 }, async () => {
  const shown = pages
    .flatMap(({ modules }) => modules)
    .filter(({ text }) => text.includes("export async function test"));
  expect(shown.length).toBeGreaterThan(2);
  for (const { name } of shown)
    for (const run of Object.values((await import(join(SNIPPETS, name))) as Record<string, unknown>))
      if (typeof run === "function") await (run as () => Promise<void>)();
});

async function servicesOf(modules: Page["modules"]): Promise<unknown[]> {
  const loaded: unknown[] = [];
  for (const { name } of modules.filter(({ text }) => text.includes("export default"))) {
    const { default: services } = (await import(join(SNIPPETS, name))) as { default?: unknown };
    if (services !== undefined) loaded.push(services);
  }
  return loaded.flat();
}

async function answer(environment: TestEnvironment, request: ShownRequest): Promise<string> {
  const { isAdmin, method, path, headers, body } = request;
  // A server that runs has a clock that can be set ahead, and so has a test.
  if (isAdmin && path === "/dev/clock") {
    const { by } = JSON.parse(body ?? "") as { by: string };
    await environment.skip(inMilliseconds(by));
    return "";
  }
  const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
  const response = isAdmin
    ? await environment.admin(path, method, bytes)
    : await environment.request(path, bytes, headers, method);
  return new TextDecoder().decode(response.body);
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function inMilliseconds(duration: string): number {
  const [, count = "", unit = ""] = /^(\d+)([smhd])$/.exec(duration) ?? [];
  const milliseconds = Number(count) * (UNITS[unit] ?? NaN);
  if (Number.isNaN(milliseconds)) throw new Error(`not a duration such as 10m: ${duration}`);
  return milliseconds;
}
