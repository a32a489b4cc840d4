/** docs/journal-format.md has each attribute of a head. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { HEAD_ATTRIBUTE } from "../../../lib/model/head.ts";
import { ROOT } from "./page.ts";

const page = readFileSync(join(ROOT, "docs/journal-format.md"), "utf8");
const [, afterTitle = ""] = page.split("The head's attributes");
const [table = ""] = afterTitle.split("Statuses:");

test("the table of a head's attributes has all of them, and no others", () => {
  const shown = [...table.matchAll(/^\|(.*)\|(.*)\|(.*)\|(.*)\|$/gm)]
    .flatMap(([, left = "", , right = ""]) => [left, right])
    .flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
  expect(shown.toSorted()).toEqual(Object.values(HEAD_ATTRIBUTE).toSorted());
});
