import { TestEnvironment } from "perdure/testing";
import { expect, test } from "vitest";
import services, { AT_ONCE_MAX, type Outcome, seen } from "./08-fan-out.ts";

test("all images are resized, a few at once, and their order is kept", async () => {
  await using environment = await TestEnvironment.start({ services });
  const images = Array.from({ length: 25 }, (_, index) => `${"x".repeat(index)}.jpg`);
  images[7] = "notes.txt";
  const outcomes = await environment.call<Outcome[]>("/Album/summer/run", images);
  expect(outcomes.map(({ image }) => image)).toEqual(images);
  expect(outcomes[7]).toEqual({ image: "notes.txt", error: "notes.txt is no image" });
  expect(outcomes[8]).toEqual({ image: images[8], bytes: 12_000 });
  expect(seen.most).toBe(AT_ONCE_MAX);
  await expect(environment.call("/Album/summer/progress")).resolves.toEqual({ done: 25, of: 25 });
});

test("an album without images has no outcomes", async () => {
  await using environment = await TestEnvironment.start({ services, alwaysReplay: true });
  await expect(environment.call("/Album/empty/run", [])).resolves.toEqual([]);
  await expect(environment.call("/Album/none/run", "a.jpg")).rejects.toThrow("An album is a list");
});
