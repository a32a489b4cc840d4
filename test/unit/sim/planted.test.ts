/**
 * Every planted bug and every mutation can be planted: what it replaces stands in its file exactly once. And every planted bug has
 * a seed that has caught it. Whether it still does is for `npm run sim -- --planted --recorded`, and for `npm run mutate`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MUTATIONS } from "../../mutate/mutations.ts";
import { changesByFile } from "../../sim/plant.ts";
import { PLANTED } from "../../sim/planted.ts";
import { AIMS, UNCAUGHT } from "../../sim/planted-aims.ts";
import { recordedSeeds } from "../../sim/planted-search.ts";

const ROOT = join(import.meta.dirname, "../../..");

test.each([...PLANTED, ...MUTATIONS])("$name", (patch) => {
  for (const [file, changes] of changesByFile(patch)) {
    // As `plant` does it: one change after the other.
    let source = readFileSync(join(ROOT, file), "utf8");
    for (const { find, replace } of changes) {
      expect(source.split(find).length - 1, find).toBe(1);
      source = source.replace(find, () => replace);
    }
  }
});

test("every planted bug has a recorded catch, but for those that are named with a reason", () => {
  const recorded = new Set(Object.keys(recordedSeeds()));
  const names = PLANTED.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => !recorded.has(name)).toSorted()).toEqual(Object.keys(UNCAUGHT).toSorted());
  // What no seed catches, a test near it must.
  const mutations = MUTATIONS.map(({ name }) => name);
  expect(Object.keys(UNCAUGHT).filter((name) => !mutations.includes(name))).toEqual([]);
  const known = new Set(names);
  expect([...recorded, ...Object.keys(AIMS)].filter((name) => !known.has(name))).toEqual([]);
});
