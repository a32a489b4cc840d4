/**
 * Every planted bug and every mutation can be planted: what it replaces stands in its file exactly once. Whether it is caught
 * is for `npm run sim -- --planted` and `npm run mutate`.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MUTATIONS } from "../../mutate/mutations.ts";
import { changesByFile } from "../../sim/plant.ts";
import { PLANTED } from "../../sim/planted.ts";

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
