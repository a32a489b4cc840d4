import { type PlainRecord, TestEnvironment } from "perdure/testing";
import { expect, test, vi } from "vitest";
import services, { type Announcement, publishWith } from "./05-outbox.ts";

const start = () =>
  TestEnvironment.start({
    services,
    subscriptions: [
      {
        ...{ name: "orders", source: "kafka://main/orders", sink: "Shipment/run" },
        options: { "perdure.key": "header:event-id" },
      },
    ],
  });

const recordOf = ({ id, key, value }: Announcement): PlainRecord => ({
  ...{ key, value, headers: { "event-id": id } },
});

test("an announcement whose sender crashed is on the topic twice, and is shipped once", async () => {
  const log = vi.spyOn(console, "log").mockReturnValue();
  await using environment = await start();
  const sent: Announcement[] = [];
  publishWith(async (_topic, announcement) => {
    sent.push(announcement);
    await environment.deliver("orders", recordOf(announcement));
    if (sent.length === 1) throw new Error("crashed before the result was recorded");
  });
  const placed = environment.call<string>("/Order/o-1/place", "tea");
  await environment.skip("1h");
  const id = await placed;
  // Two records of the topic, with offsets of their own.
  expect(sent.map((announcement) => announcement.id)).toEqual([id, id]);
  expect(await environment.call("/Order/o-1/status")).toBe("announced");
  await environment.settled();
  expect(log.mock.calls).toEqual([["shipping tea for order o-1"]]);
  await environment.call("/Order/o-1/place", "tea");
  await environment.settled();
  expect(log).toHaveBeenCalledTimes(2);
});
