import { expect, test } from "vitest";
import { ARMED_INVOCATIONS_MAX, POWER_EVENTS_MAX } from "../../../../lib/limits/local.ts";
import { Armed, type Order } from "../../../../runtime/dev/powers/armed.ts";
import { PowerLog } from "../../../../runtime/dev/powers/power-log.ts";

const crash = (when: "next-turn" | "next-step"): Order => ({ kind: "crash", when, atMs: 0 });
const failure: Order = { kind: "fail-next-step", message: "m", terminal: false, atMs: 0 };

test("an order is taken once, at the point that it is meant for; a crash comes before a failure", () => {
  const armed = new Armed();
  armed.set("inv_a", failure);
  armed.set("inv_a", crash("next-step"));
  expect(armed.take("inv_a", "turn")).toBeUndefined();
  expect(armed.take("inv_a", "step")).toEqual(crash("next-step"));
  expect(armed.take("inv_a", "step")).toEqual(failure);
  expect(armed.take("inv_a", "step")).toBeUndefined();
  expect(armed.isEmpty).toBe(true);
});

test("one of a kind, for each invocation", () => {
  const armed = new Armed();
  armed.set("inv_a", crash("next-step"));
  armed.set("inv_a", crash("next-turn"));
  armed.set("inv_b", failure);
  expect(armed.of("inv_a")).toEqual([crash("next-turn")]);
  expect(armed.clear("inv_a")).toEqual([crash("next-turn")]);
  expect([...armed.all]).toEqual([["inv_b", [failure]]]);
});

test("orders and events are bounded: the oldest go", () => {
  const armed = new Armed();
  for (let n = 0; n <= ARMED_INVOCATIONS_MAX; n++) armed.set(`inv_${n}`, failure);
  expect(armed.of("inv_0")).toEqual([]);
  expect(armed.of("inv_1")).toEqual([failure]);
  const log = new PowerLog();
  for (let n = 0; n <= POWER_EVENTS_MAX; n++)
    log.add({ atMs: n, kind: "crash", id: "inv_a", message: String(n) });
  expect(log.events()).toHaveLength(POWER_EVENTS_MAX);
  expect(log.events()[0]?.atMs).toBe(1);
});

test("an invocation's events are its own, and what concerns every one", () => {
  const log = new PowerLog();
  log.add({ atMs: 1, kind: "crash", id: "inv_a", message: "a" });
  log.add({ atMs: 2, kind: "clock", message: "all", toMs: 9 });
  log.add({ atMs: 3, kind: "crash", id: "inv_b", message: "b" });
  expect(log.events("inv_a").map(({ message }) => message)).toEqual(["a", "all"]);
});
