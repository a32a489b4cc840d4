/** The guides are true: their modules compile and run, and their requests get the promised answers. */
import { execFile } from "node:child_process";
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { TestEnvironment } from "perdure/testing";
import { afterAll, expect, test } from "vitest";
import { matches, readGuide, ROOT, SNIPPETS } from "./guide-file.ts";

rmSync(SNIPPETS, { recursive: true, force: true });
const guides = globSync("docs/guide/*.md", { cwd: ROOT, exclude: ["docs/guide/README.md"] }).map((path) =>
  readGuide(join(ROOT, path)),
);
afterAll(() => rmSync(SNIPPETS, { recursive: true, force: true }));

test("their modules compile", { timeout: 60_000 }, async () => {
  const config = { extends: "../tsconfig.json", include: ["*.ts"] };
  writeFileSync(join(SNIPPETS, "tsconfig.json"), JSON.stringify(config));
  const compiled = await promisify(execFile)("npx", ["tsc", "-p", SNIPPETS], { cwd: ROOT }).catch(
    (error: unknown) => error as { stdout: string },
  );
  expect(compiled.stdout).toBe("");
});

test.each(guides)("what $name promises is so", { timeout: 20_000 }, async ({ modules, requests }) => {
  expect(modules.length).toBeGreaterThan(0);
  expect(requests.length).toBeGreaterThan(0);
  const [first = ""] = modules;
  const { default: services } = (await import(first)) as { default: unknown[] };
  const environment = await TestEnvironment.start({ services });
  try {
    for (const { command, method, path, headers, body, answer } of requests) {
      const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
      const response = await environment.request(path, bytes, headers, method);
      const text = new TextDecoder().decode(response.body);
      expect(matches(text, answer), `${command}\n  promised: ${answer}\n  answered: ${text}`).toBe(true);
    }
  } finally {
    await environment.stop();
  }
});

test("the tests that they show pass", { timeout: 20_000 }, async () => {
  const shown = guides
    .flatMap(({ modules }) => modules)
    .filter((path) => readFileSync(path, "utf8").includes("export async function test"));
  expect(shown.length).toBeGreaterThan(2);
  for (const path of shown)
    for (const run of Object.values((await import(path)) as Record<string, unknown>))
      if (typeof run === "function") await (run as () => Promise<void>)();
});
