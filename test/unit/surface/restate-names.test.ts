/** `perdure/restate` exports each name of `@restatedev/restate-sdk`, or gives a reason. scripts/restate-names.ts makes the list. */
import * as restate from "perdure/restate";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import list from "./restate-names.json" with { type: "json" };

/** Reasons for what is absent. */
const ABSENT: Record<string, string> = {
  JournalValueCodec: "preview; there is no codec of journal values",
  ScopedContext: "preview; scopes and limit keys are flow control of Restate's server",
};

/** Names that the sources export, types included. */
function exportedBy(source: string): Set<string> {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = ""]) =>
    names.split(",").map((name) => name.trim().replace(/^.* as /, "")),
  );
  const declared = [
    ...source.matchAll(/^export (?:declare )?(?:type|interface|const|function|class) (\w+)/gm),
    ...source.matchAll(/^export \* as (\w+)/gm),
  ].map(([, name = ""]) => name);
  return new Set([...lists, ...declared].filter((name) => name !== ""));
}

const source = ["sdk/restate/index.ts", "sdk/shared-exports.ts"]
  .map((file) => readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8"))
  .join("\n");

test("values", () => {
  expect(list.values.length).toBeGreaterThan(20);
  expect(list.values.filter((name) => !(name in restate))).toEqual([]);
});

test("types", () => {
  const ours = exportedBy(source);
  expect(list.types.length).toBeGreaterThan(60);
  expect(list.types.filter((name) => !ours.has(name))).toEqual(Object.keys(ABSENT).toSorted());
});
