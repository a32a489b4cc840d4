/** A process waits awake only for an answer that is likely to come at once, and never for long. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AWAKE_MS } from "../../../lib/limits/local.ts";
import { Linger } from "../../../runtime/dev/hosts/linger.ts";

let nowMs = 0;
const immediates: (() => void)[] = [];
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
  vi.stubGlobal("setImmediate", (look: () => void) => immediates.push(look));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  immediates.length = 0;
});

const isAwake = (): boolean => immediates.length > 0;
/** One turn of the event loop, after so long. */
function turn(ms: number): void {
  nowMs += ms;
  for (const look of immediates.splice(0)) look();
}

test("it stays awake until the answer comes, or the time is over", () => {
  const linger = new Linger(() => true);
  linger.sent(1);
  turn(AWAKE_MS / 3);
  expect(isAwake()).toBe(true);
  linger.received(1);
  turn(0);
  expect(isAwake()).toBe(false);
  linger.sent(1);
  turn(AWAKE_MS / 3);
  expect(isAwake()).toBe(true);
  turn(AWAKE_MS);
  expect(isAwake()).toBe(false);
});

test("after an answer that came late it sleeps, until one comes soon again", () => {
  const linger = new Linger(() => true);
  linger.sent(1);
  turn(AWAKE_MS * 2);
  linger.received(1);
  linger.sent(1);
  expect(isAwake()).toBe(false);
  nowMs += AWAKE_MS / 2;
  linger.received(1);
  linger.sent(1);
  expect(isAwake()).toBe(true);
});

test("it sleeps while it waits for nothing, or for many", () => {
  const linger = new Linger(() => false);
  linger.sent(1);
  expect(isAwake()).toBe(false);
});

test("it sleeps while messages have many frames, in either direction", () => {
  const linger = new Linger(() => true);
  linger.sent(3);
  expect(isAwake()).toBe(false);
  linger.received(3);
  linger.sent(1);
  expect(isAwake()).toBe(false);
  linger.received(1);
  linger.sent(1);
  expect(isAwake()).toBe(true);
});

test("messages that follow one another keep it awake once", () => {
  const linger = new Linger(() => true);
  for (let sent = 0; sent < 10; sent++) linger.sent(1);
  expect(immediates).toHaveLength(1);
});
