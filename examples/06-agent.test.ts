import { TestEnvironment } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import services from "./06-agent.ts";

let environment: TestEnvironment;
let lines: string[];
beforeEach(async () => {
  lines = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  environment = await TestEnvironment.start({ services, alwaysReplay: true });
});
afterEach(() => environment.stop());

const plan = (trip: string): Promise<string> =>
  environment.call<string>(`/Trip/${trip}/run`, "I want to go to Porto");
async function untilAsked(trip: string): Promise<string | null> {
  await environment.settled();
  return await environment.call(`/Trip/${trip}/question`);
}

const FLIGHT = "a flight to Porto for 120";
const BEFORE = ["model, 1 messages", "search Porto", "weather Porto", "model, 4 messages"];

test("it looks, asks, books and sums up; each step runs once, however often the code is replayed", async () => {
  const planned = plan("a");
  await expect(untilAsked("a")).resolves.toBe(`Book ${FLIGHT}?`);
  expect(lines).toEqual(BEFORE);
  await environment.call("/Trip/a/decide", true);
  await expect(planned).resolves.toBe(`Your trip: sunny in Porto; booked: ${FLIGHT} for a`);
  expect(lines).toEqual([...BEFORE, `book ${FLIGHT} for a`, "model, 6 messages"]);
  await expect(environment.call("/Trip/a/question")).resolves.toBeNull();
});

test("nothing is booked if the person says no", async () => {
  const planned = plan("b");
  await untilAsked("b");
  await environment.call("/Trip/b/decide", false);
  await expect(planned).resolves.toBe("Your trip: sunny in Porto; the user does not want it");
  expect(lines.filter((line) => line.startsWith("book"))).toEqual([]);
});

test("nothing is booked if nobody answers for a day", async () => {
  const planned = plan("c");
  await untilAsked("c");
  await environment.skip({ days: 1 });
  await expect(planned).resolves.toBe("Your trip: sunny in Porto; the user has not answered");
});

test("an answer without a question is refused, and so is a wish for nothing", async () => {
  await expect(environment.call("/Trip/d/decide", true)).rejects.toThrow("Nothing is asked");
  await expect(environment.call("/Trip/d/run", "")).rejects.toThrow("Say where you want to go");
});
