import { expect, test } from "vitest";
import { FunctionError } from "../../../lib/errors.ts";
import { HANDLER_APART_MS, Suspicion } from "../../../runtime/dev/hosts/crash-blame.ts";
import { completed, suspended, turnRequest } from "./turn.ts";

const crashed = new FunctionError("crashed", "gone");

test("turns that were in flight together are suspects until they have survived alone", () => {
  const suspicion = new Suspicion(() => 0);
  const [a, b, c] = [turnRequest("a"), turnRequest("b"), turnRequest("c")];
  suspicion.died([a, b], crashed);
  expect([a, b, c].map((request) => suspicion.includes(request))).toEqual([true, true, false]);
  suspicion.survived(a, suspended);
  expect([a, b].map((request) => suspicion.includes(request))).toEqual([false, true]);
});

test("one that was alone stays a suspect until it completes, and its handler for a while", () => {
  let now = 0;
  const suspicion = new Suspicion(() => now);
  const [guilty, other] = [turnRequest("a", "bad"), turnRequest("b", "bad")];
  suspicion.died([guilty], crashed);
  suspicion.survived(guilty, suspended);
  expect(suspicion.includes(guilty)).toBe(true);
  expect(suspicion.includes(other)).toBe(true);
  expect(suspicion.includes(turnRequest("c", "good"))).toBe(false);
  expect(suspicion.includes({ ...other, deployment: "dp_other" })).toBe(false);
  now = HANDLER_APART_MS + 1;
  expect(suspicion.includes(other)).toBe(false);
  expect(suspicion.includes(guilty)).toBe(true);
  suspicion.survived(guilty, completed);
  expect(suspicion.includes(guilty)).toBe(false);
});

test("code that cannot be loaded makes nobody a suspect", () => {
  const suspicion = new Suspicion(() => 0);
  suspicion.died([turnRequest("a")], new FunctionError("init", "syntax error"));
  expect(suspicion.includes(turnRequest("a"))).toBe(false);
});

test("company is an excuse, but not every time", () => {
  const suspicion = new Suspicion(() => 0);
  const [a, b] = [turnRequest("a"), turnRequest("b")];
  expect(suspicion.isUnproven(a)).toBe(false);
  suspicion.died([a, b], crashed);
  suspicion.died([a, turnRequest("c")], crashed);
  expect([a, b].map((request) => suspicion.isUnproven(request))).toEqual([true, true]);
  suspicion.died([a, turnRequest("d")], crashed);
  suspicion.died([b], crashed);
  expect([a, b].map((request) => suspicion.isUnproven(request))).toEqual([false, false]);
  expect([a, b].map((request) => suspicion.includes(request))).toEqual([true, true]);
});
