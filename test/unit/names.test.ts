// No two exported things of one name with different meanings: one word for one thing.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..", "..");

/** Reasons for names that two files declare all the same. */
const SHARED: Record<string, string> = {
  handler: "Lambda finds a function's code by this name",
  AnswerFields: "the same thing for the command line, whose errors carry an exit code",
};
/** Their names are Restate's, and stand for what ours of that name, or of another one, are. */
const NAMED_BY_RESTATE = /^sdk\/restate\//;
/** Files that declare each exported name. A re-export declares nothing; a type and a value of one file are one thing. */
function declarations(): Map<string, Set<string>> {
  const declaring =
    /^export (?:declare )?(?:abstract )?(?:async )?(?:const|function\*?|class|interface|type|namespace) (\w+)/gm;
  const found = new Map<string, Set<string>>();
  for (const file of globSync("{lib,sdk,runtime,infra,cli}/**/*.ts", { cwd: ROOT })) {
    if (NAMED_BY_RESTATE.test(file)) continue;
    const source = readFileSync(join(ROOT, file), "utf8");
    for (const [, name = ""] of source.matchAll(declaring))
      found.set(name, (found.get(name) ?? new Set()).add(file));
  }
  return found;
}

const clashes = [...declarations()]
  .filter(([, files]) => files.size > 1)
  .map(([name, files]) => ({ name, files: [...files].toSorted() }));

test("there are names to look at", () => {
  expect(declarations().size).toBeGreaterThan(500);
});

test("no name is declared twice, except for a reason", () => {
  const unexplained = clashes.filter(({ name }) => !(name in SHARED));
  expect(unexplained.map(({ name, files }) => `${name}: ${files.join(", ")}`)).toEqual([]);
});

test("no exception is left that is not needed", () => {
  const needed = new Set(clashes.map(({ name }) => name));
  expect(Object.keys(SHARED).filter((name) => !needed.has(name))).toEqual([]);
});
