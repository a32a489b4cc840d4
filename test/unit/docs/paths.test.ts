/** The documents for contributors name files that exist, and in these files what they say is there. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./guide-file.ts";

const pages = globSync(
  [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/{protocol,guarantees,journal-format}.md",
    "docs/decisions/*.md",
  ],
  { cwd: ROOT },
);

/** Source paths in backticks, from the repository's root. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:lib|sdk|runtime|infra|cli|test|bench|scripts|examples)\/[\w./{},*-]*)`/g)].map(
    ([, path = ""]) => path,
  );

/** "`name` in `file`" and "`name` (`file`)", a name being a function, a method or a constant. */
const namesIn = (text: string): (readonly [name: string, path: string])[] =>
  [...text.matchAll(/`(#?\w+)`\s+(?:in\s+|\()`([\w./-]+\.ts)`/g)].map(
    ([, name = "", path = ""]) => [name, path] as const,
  );

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");

  test("names files that exist", () => {
    const missing = pathsIn(text).filter(
      (path) => !existsSync(join(ROOT, path)) && globSync(path, { cwd: ROOT }).length === 0,
    );
    expect(missing).toEqual([]);
  });

  test("names what is in these files", () => {
    const missing = namesIn(text).filter(
      ([name, path]) =>
        existsSync(join(ROOT, path)) && !readFileSync(join(ROOT, path), "utf8").includes(name),
    );
    expect(missing).toEqual([]);
  });
});
