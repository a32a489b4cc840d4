import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import services from "../src/services.ts";

let environment: TestEnvironment;
beforeAll(async () => {
  // Each wait is a suspension here, so code that is not deterministic fails.
  environment = await TestEnvironment.start({ services, alwaysReplay: true });
});
afterAll(() => environment?.stop());

test("greets", async () => {
  const greeted = environment.call("/Greeter/greet", "Ada");
  // Time of the test stands still until it is skipped.
  await environment.skip({ seconds: 1 });
  await expect(greeted).resolves.toMatch(/, Ada!$/);
});

test("needs a name", async () => {
  await expect(environment.call("/Greeter/greet", "")).rejects.toThrow("needs a name");
});
