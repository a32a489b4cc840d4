/** Services: what is in flight, and their settings. */
import { describe, expect, test } from "vitest";
import { handlerId, inOrder, loads } from "../../../ui/pages/services/in-flight.ts";
import { changesIn, checked, settingsOf } from "../../../ui/pages/services/settings.ts";

test("what is in flight is counted for each handler and for the service", () => {
  const found = loads([
    { service: "S", handler: "a", status: "suspended", count: 3 },
    { service: "S", handler: "b", status: "paused", count: 1 },
    { service: "S", handler: "b", status: "suspended", count: 2 },
  ]);
  const whole = found.get(handlerId("S", ""));
  expect(whole?.inFlight).toBe(6);
  expect(whole && inOrder(whole)).toEqual([
    ["paused", 1],
    ["suspended", 5],
  ]);
  expect(found.get(handlerId("S", "a"))?.inFlight).toBe(3);
});

describe("settings", () => {
  test("of workflows are one more", () => {
    expect(settingsOf({ type: "Workflow" })).toHaveLength(settingsOf({ type: "Service" }).length + 1);
  });
  test("are durations", () => {
    expect(checked("1d 12h")).toEqual({ words: "1 d 12 h" });
    expect(checked("PT10S")).toEqual({ words: "10 s" });
    expect(checked("0s")).toEqual({ words: "none: at once" });
    expect(checked("soon")).toHaveProperty("fault");
  });
  test("that stay are not sent", () => {
    expect(changesIn({ a: "1d", b: "" }, { a: " 1d", b: "" })).toEqual({});
    expect(changesIn({ a: "1d", b: "" }, { a: "", b: " 5m " })).toEqual({ b: "5m" });
  });
});
