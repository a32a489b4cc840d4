/** Edits of state: what is changed, what is sent, what is said when somebody else was faster. */
import { describe, expect, test } from "vitest";
import {
  base64Of,
  changesOf,
  meetings,
  stateAfter,
  type StateValue,
  undoing,
  unknownNames,
} from "../../../ui/pages/objects/state-changes.ts";

const text = (name: string, value: string): StateValue => ({
  name,
  text: value,
  bytes: value.length,
  omitted: false,
});
const BYTES: StateValue = { name: "raw", base64: "AJ+Slg==", bytes: 4, omitted: false };
const BASE = [text("left", "17"), text("reserved", '{"a":1}'), BYTES];

describe("what an edit changes", () => {
  test("names that are added, changed and taken away", () => {
    const draft = new Map([
      ["left", "18"],
      ["new", "true"],
      ["raw", undefined],
    ]);
    expect(changesOf(BASE, draft)).toEqual([
      { name: "left", kind: "changed", before: "17", after: "18" },
      { name: "new", kind: "added", after: "true" },
      { name: "raw", kind: "removed", before: "(4 bytes that are no text)" },
    ]);
  });

  test("other white space, and a name that was never there, are no change", () => {
    const draft = new Map([
      ["reserved", '{\n  "a": 1\n}'],
      ["never", undefined],
    ]);
    expect(changesOf(BASE, draft)).toEqual([]);
  });

  test("what is sent holds what stays, bytes as they were", () => {
    const sent = stateAfter(BASE, new Map([["left", " 18 "]]));
    expect(sent).toEqual({ left: btoa("18"), reserved: btoa('{"a":1}'), raw: "AJ+Slg==" });
  });

  test("a name may be __proto__", () => {
    const sent = stateAfter([], new Map([["__proto__", "1"]]));
    expect(JSON.stringify(sent)).toBe('{"__proto__":"MQ=="}');
  });

  test("characters beyond Latin, and long values", () => {
    expect(base64Of("ü🎄")).toBe(Buffer.from("ü🎄").toString("base64"));
    const long = "é".repeat(100_000);
    expect(base64Of(long)).toBe(Buffer.from(long).toString("base64"));
  });

  test("what is not known here would be lost, unless it is replaced", () => {
    const state = { version: "v", more: false, values: [{ name: "big", bytes: 9e6, omitted: true }] };
    expect(unknownNames(state, new Map())).toEqual(["big"]);
    expect(unknownNames(state, new Map([["big", "1"]]))).toEqual([]);
  });
});

describe("the way back", () => {
  test("brings back what was, and takes away what was added", () => {
    const draft = new Map([
      ["left", "18"],
      ["new", "1"],
    ]);
    expect(undoing(BASE, changesOf(BASE, draft))).toEqual(
      new Map([
        ["left", "17"],
        ["new", undefined],
      ]),
    );
  });
  test("is none for what was no text", () => {
    expect(undoing(BASE, changesOf(BASE, new Map([["raw", undefined]])))).toBeUndefined();
  });
});

test("what both have changed, and what only the other one has", () => {
  const now = [text("left", "15"), text("reserved", '{"a":1}'), BYTES, text("note", '"theirs"')];
  expect(meetings(BASE, now, new Map([["left", "20"]]))).toEqual([
    { name: "left", base: "17", theirs: "15", mine: { text: "20" } },
    { name: "note", base: undefined, theirs: '"theirs"' },
  ]);
});
