import { TestEnvironment } from "perdure/testing";
import { expect, test, vi } from "vitest";
import services from "./07-daily-report.ts";

const start = () =>
  TestEnvironment.start({
    services,
    subscriptions: [
      { name: "sales", source: "sqs://sales", sink: "Sales/sold" },
      {
        ...{ name: "nightly", source: "schedule://nightly", sink: "Report/nightly" },
        options: { "perdure.schedule": "0 2 * * *" },
      },
    ],
  });

test("each night it reports the sales of the day before, once", async () => {
  const log = vi.spyOn(console, "log").mockReturnValue();
  await using environment = await start();
  const now = Date.now();
  const at = new Date(now).toISOString();
  await environment.deliver("sales", [{ value: { at, cents: 250 } }, { value: { at, cents: 1000 } }]);
  await environment.settled();
  await environment.skip("2d");
  await environment.settled();
  const reports = log.mock.calls.map(([line]) => String(line));
  expect(reports).toHaveLength(2);
  expect(reports).toContain(`${at.slice(0, 10)}: 2 sales, 12.50`);
  expect(new Set(reports.map((line) => line.slice(0, 10))).size).toBe(2);
});

test("a tick that comes late reports its own day", async () => {
  vi.spyOn(console, "log").mockReturnValue();
  await using environment = await start();
  await environment.call("/Sales/sold", { at: "2024-02-29T23:59:59Z", cents: 99 });
  await environment.settled();
  const tick = { schedule: "nightly", time: "2024-03-01T02:00:00Z" };
  await expect(environment.call("/Report/nightly", tick)).resolves.toBe("2024-02-29: 1 sales, 0.99");
});

test("what is not a sale is refused", async () => {
  await using environment = await start();
  await expect(environment.call("/Sales/sold", { at: "soon", cents: 1 })).rejects.toThrow(
    "A sale has a time",
  );
});
