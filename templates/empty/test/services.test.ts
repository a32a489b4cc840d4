import { TestEnvironment } from "perdure/testing";
import { expect, test } from "vitest";
import services from "../src/services.ts";

test("says hello", async () => {
  const environment = await TestEnvironment.start({ services });
  await expect(environment.call("/App/hello")).resolves.toBe("Hello!");
  await environment.stop();
});
