/**
 * One owner of the head: its format in lib/model/head.ts, its writes in lib/store/head/. Asked of the sources themselves, so
 * that a second owner is found when it is written, not when the two differ.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HEAD_ATTRIBUTE } from "../../lib/model/head.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FORMAT = "lib/model/head.ts";
const OWNER = "lib/store/head/";
/** Files that own another kind of item, whose attributes have short names of their own. None of them may touch a head's key. */
const OWNERS_OF_OTHER_ITEMS = [
  ...["lib/model/fence.ts", "lib/model/lock.ts", "lib/store/state-chunks.ts", "lib/store/state-store.ts"],
  ...[
    "lib/store/promise-store.ts",
    "lib/store/registry.ts",
    "lib/store/registry-reader.ts",
    "runtime/dispatcher/key-lock.ts",
  ],
  ...["runtime/reconciler/kept-pass.ts", "runtime/events/subscription-store.ts"],
];
/** They keep the lists of heads, or count heads, and so read a few attributes of what is stored. */
const LISTS = ["lib/model/listing.ts", "lib/aws/head-index.ts", "lib/model/head-glimpse.ts"];

const letters = Object.values(HEAD_ATTRIBUTE).join("|");
/** A letter where an attribute is named: in a condition or change, in an access, in an object that is written. */
const SPELLED = new RegExp(
  [
    `attribute: "(${letters})"`,
    `\\["(${letters})"\\]`,
    `(attributes|changes|fields): \\{ ?(${letters}):`,
  ].join("|"),
);
/** A head's key where a write has its key. Reads and watches pass it as an argument. */
const WRITTEN = /\bkey: headKey\(|\bkey = headKey\(|key: \{[^}]*sk: HEAD\b/;
const CODEC = /\b(HEAD_ATTRIBUTE|headAttributes|newHead|inputAttributes|retentionAttributes|emptyJournal)\b/;

interface Finding {
  readonly file: string;
  readonly line: string;
}

function findingsIn(file: string, text: string): Finding[] {
  const isOther = OWNERS_OF_OTHER_ITEMS.includes(file);
  return text.split("\n").flatMap((line) => {
    const isComment = /^\s*(\/\/|\/?\*)/.test(line);
    const isSpelled = SPELLED.test(line) && !isOther && !/"ttl"/.test(line);
    const usesCodec = CODEC.test(line) && !(LISTS.includes(file) && line.includes("HEAD_ATTRIBUTE"));
    return !isComment && (isSpelled || WRITTEN.test(line) || usesCodec) ? [{ file, line: line.trim() }] : [];
  });
}

const product = globSync("{lib,sdk,runtime,infra,cli}/**/*.ts", { cwd: ROOT });
const others = product.filter((file) => file !== FORMAT && !file.startsWith(OWNER));

describe("the head", () => {
  test("has an owner, and others to look at", () => {
    expect(product).toContain(FORMAT);
    expect(product.filter((file) => file.startsWith(OWNER)).length).toBeGreaterThan(3);
    expect(others.length).toBeGreaterThan(100);
    for (const file of [...OWNERS_OF_OTHER_ITEMS, ...LISTS]) expect(product).toContain(file);
  });

  test("is written, and its attributes are named, by its owner alone", () => {
    expect(others.flatMap((file) => findingsIn(file, readFileSync(join(ROOT, file), "utf8")))).toEqual([]);
  });

  test.each([
    'await items.write({ op: "update", key: headKey(id), changes, when });',
    "const key = headKey(id);",
    'const when = { is: "eq", attribute: "s", value: "paused" };',
    'const length = Number(item["n"] ?? 0);',
    'await items.write({ op: "put", key, attributes: { s: "paused" } });',
    "const attributes = { ...newHead(start, {}), ...more };",
  ])("is not written by anybody else: %s", (line) => {
    expect(findingsIn("runtime/admin/control.ts", `  ${line}`)).toHaveLength(1);
  });
});
