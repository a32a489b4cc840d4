/** R4: where entries are appended in parts, a read is in the log before what the code has written after it. */
import { expect, test } from "vitest";
import type { ClearAllEntry, Entry, StateKeysEntry } from "../../../lib/model/entry.ts";
import { inEntries } from "../../../lib/model/entry-parts.ts";
import { CLEARED_NAMES_MAX } from "../../../lib/limits.ts";
import { readsFirst } from "../../../lib/turn/entry-order.ts";
import {
  call,
  cancelled,
  clear,
  completion,
  get,
  run,
  set,
  signalled,
  sleep,
} from "../../support/entries.ts";

const names = Array.from({ length: CLEARED_NAMES_MAX + 1 }, (_, index) => `name ${index}`);
const keys = (command: number): StateKeysEntry => ({ kind: "stateKeys", command, names });
const clearAll = (command: number): ClearAllEntry => ({ kind: "clearAll", command, names });
const [sets, gets] = [set(3, "a", "x"), get(2, "a")];

test.each<[string, readonly Entry[], readonly Entry[]]>([
  ["nothing is read", [sets, call(4), completion(1)], [sets, call(4), completion(1)]],
  ["the read is before the write", [gets, sets, call(4)], [gets, sets, call(4)]],
  ["the read was asked for after the write", [sets, get(5, "b")], [sets, get(5, "b")]],
  ["the read has ended after the write", [sets, gets], [gets, sets]],
  [
    "what others see stays behind the write, what the code was told stays in order",
    [completion(0), sets, call(4), completion(1), signalled("s", "d"), gets, clear(7, "b"), get(8, "c")],
    [completion(0), completion(1), signalled("s", "d"), gets, sets, call(4), clear(7, "b"), get(8, "c")],
  ],
  [
    "several reads and writes",
    [set(1, "a", "x"), get(0, "a"), set(5, "b", "x"), run(6, "step"), get(4, "b"), call(7)],
    [get(0, "a"), run(6, "step"), get(4, "b"), set(1, "a", "x"), set(5, "b", "x"), call(7)],
  ],
  [
    "a sleep is no output",
    [sets, sleep(4, 7), completion(4), gets],
    [sleep(4, 7), completion(4), gets, sets],
  ],
  [
    "lists in parts",
    [...inEntries(clearAll(3)), cancelled("d"), ...inEntries(keys(2))],
    [cancelled("d"), ...inEntries(keys(2)), ...inEntries(clearAll(3))],
  ],
])("%s", (_, entries, ordered) => {
  expect(readsFirst(entries)).toEqual(ordered);
});
