/** Every relative link of the documentation leads somewhere. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./page.ts";

const pages = globSync(["*.md", "docs/**/*.md", "examples/*.md"], { cwd: ROOT });

test.each(pages)("the links of %s", (page) => {
  const links = [
    ...readFileSync(join(ROOT, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g),
  ];
  const dead = links
    .map(([, path = ""]) => path)
    .filter((path) => !existsSync(join(ROOT, dirname(page), path)));
  expect(dead).toEqual([]);
});
