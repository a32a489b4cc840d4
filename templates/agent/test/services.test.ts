import { TestEnvironment } from "perdure/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { model } from "../src/model.ts";
import services from "../src/services.ts";

let environment: TestEnvironment;
beforeEach(async () => {
  vi.spyOn(console, "log").mockReturnValue();
  model.doGenerateCalls.length = 0;
  // Each wait is a suspension here, so code that is not deterministic fails.
  environment = await TestEnvironment.start({ services, alwaysReplay: true });
});
afterEach(async () => {
  await environment.stop();
  vi.restoreAllMocks();
});

const ask = async (question: string) => await environment.call<string>("/Agent/c-1/ask", question);

test("uses a tool, and calls the model once for each answer of it", async () => {
  await expect(ask("Where is order o-1?")).resolves.toBe("o-1 is on its way");
  expect(model.doGenerateCalls).toHaveLength(2);
});

test("remembers the conversation", async () => {
  await ask("Hello");
  await ask("Where is order o-1?");
  const roles = model.doGenerateCalls.at(-1)?.prompt.map(({ role }) => role);
  expect(roles).toEqual(["user", "assistant", "user", "assistant", "tool"]);
});

test.each([
  [true, "o-2: 9000 cents were paid back"],
  [false, "The refund of o-2 was refused."],
])("a person says %s to a large refund", async (answer, result) => {
  const asked = ask("Please pay back 90 euro for o-2");
  // Until nothing runs: it waits for a person.
  await environment.settled();
  const { approval } = await environment.call<{ approval: string }>("/Agent/c-1/waiting");
  await environment.call(`/restate/awakeables/${approval}/resolve`, answer);
  await expect(asked).resolves.toBe(result);
});
