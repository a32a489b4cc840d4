import assert from "node:assert/strict";
import type { PlainRecord } from "perdure/testing";
import services, { order, publishWith } from "../../../examples/05-outbox.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  options: {
    subscriptions: [
      {
        ...{ name: "orders", source: "kafka://main/orders", sink: "Shipment/run" },
        options: { "perdure.key": "header:event-id" },
      },
    ],
  },
  test: async (environment) => {
    // The announcement comes from the topic when the order is placed.
    const topic: PlainRecord[] = [];
    publishWith(async (_topic, { id, key, value }) => {
      topic.push({ key, value, headers: { "event-id": id } });
    });
    const id = await environment.object(order, "o-1").place("tea");
    for (const record of topic) await environment.deliver("orders", record);
    await environment.settled();
    const shipments = await environment.invocations({ service: "Shipment" });
    assert.equal(shipments.length, 1);
    return [id, await environment.object(order, "o-1").status()];
  },
};
