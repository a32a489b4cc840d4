import { expect, test } from "vitest";
import { FunctionError } from "../../../lib/errors.ts";
import { CrashBlame } from "../../../runtime/dev/hosts/crash-blame.ts";
import { completed, suspended, turnRequest } from "./turn.ts";
import { HANDLER_ALONE_MS } from "../../../lib/limits/local.ts";

const crashed = new FunctionError("crashed", "gone");

test("turns that were in a process that crashed run alone until they have ended without a crash", () => {
  const blame = new CrashBlame(() => 0);
  const [a, b, c] = [turnRequest("a"), turnRequest("b"), turnRequest("c")];
  blame.crashed([a, b], crashed);
  expect([a, b, c].map((request) => blame.mustRunAlone(request))).toEqual([true, true, false]);
  blame.ended(a, suspended);
  expect([a, b].map((request) => blame.mustRunAlone(request))).toEqual([false, true]);
});

test("one that crashed alone is blamed: it runs alone until it completes, and its handler's turns for a while", () => {
  let now = 0;
  const blame = new CrashBlame(() => now);
  const [blamed, other] = [turnRequest("a", "bad"), turnRequest("b", "bad")];
  blame.crashed([blamed], crashed);
  blame.ended(blamed, suspended);
  expect(blame.mustRunAlone(blamed)).toBe(true);
  expect(blame.mustRunAlone(other)).toBe(true);
  expect(blame.mustRunAlone(turnRequest("c", "good"))).toBe(false);
  expect(blame.mustRunAlone({ ...other, deployment: "dp_other" })).toBe(false);
  now = HANDLER_ALONE_MS + 1;
  expect(blame.mustRunAlone(other)).toBe(false);
  expect(blame.mustRunAlone(blamed)).toBe(true);
  blame.ended(blamed, completed);
  expect(blame.mustRunAlone(blamed)).toBe(false);
});

test("code that cannot be loaded makes no turn run alone", () => {
  const blame = new CrashBlame(() => 0);
  blame.crashed([turnRequest("a")], new FunctionError("init", "syntax error"));
  expect(blame.mustRunAlone(turnRequest("a"))).toBe(false);
});

test("one that shares a crash is in doubt, but not the third time, nor after it crashed alone", () => {
  const blame = new CrashBlame(() => 0);
  const [a, b] = [turnRequest("a"), turnRequest("b")];
  expect(blame.isInDoubt(a)).toBe(false);
  blame.crashed([a, b], crashed);
  blame.crashed([a, turnRequest("c")], crashed);
  expect([a, b].map((request) => blame.isInDoubt(request))).toEqual([true, true]);
  blame.crashed([a, turnRequest("d")], crashed);
  blame.crashed([b], crashed);
  expect([a, b].map((request) => blame.isInDoubt(request))).toEqual([false, false]);
  expect([a, b].map((request) => blame.mustRunAlone(request))).toEqual([true, true]);
});
