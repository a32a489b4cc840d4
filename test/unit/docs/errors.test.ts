/** Error codes: the list, the pages and the sources have the same ones. */
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { codeIn, ERROR_CODES } from "../../../lib/error-codes.ts";
import { ROOT } from "./page.ts";

const LIST = "lib/error-codes.ts";
const codes = Object.entries(ERROR_CODES);
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

test("every code has its page, and every page its code", () => {
  const pages = globSync("docs/errors/*.md", { cwd: ROOT }).map((path) => basename(path, ".md"));
  expect(pages.toSorted()).toEqual(codes.map(([code]) => code).toSorted());
});

test.each(codes)("the page of %s begins with it, and says what to do", (code, title) => {
  const page = read(`docs/errors/${code}.md`);
  expect(page.split("\n")[0]).toBe(`# ${code}: ${title}`);
  expect(page).toContain("**What happened.**");
  expect(page).toContain("**What to do.**");
  expect(read("docs/errors.md")).toContain(`| [${code}](errors/${code}.md) | ${title} |`);
});

test("the sources know these codes and no others", () => {
  const sources = globSync("{lib,sdk,runtime,cli,infra}/**/*.ts", { cwd: ROOT }).filter(
    (path) => path !== LIST,
  );
  // RT0007 is the code of a failure without one.
  const used = new Set([
    "RT0007",
    ...sources.flatMap((path) => read(path).match(/\b(?:RT|META)\d{4}\b/g) ?? []),
  ]);
  expect([...used].toSorted()).toEqual(codes.map(([code]) => code).toSorted());
});

test("a message tells its code; one without is the handler's own failure", () => {
  expect(codeIn("Journal mismatch at operation 1 (RT0016)")).toBe("RT0016");
  expect(codeIn("boom")).toBe("RT0007");
  expect(codeIn("boom (RT9999)")).toBe("RT0007");
});
