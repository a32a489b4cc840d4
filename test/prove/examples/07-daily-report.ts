import assert from "node:assert/strict";
import services, { report } from "../../../examples/07-daily-report.ts";
import type { Example } from "../example.ts";

export const example: Example = {
  services,
  options: { subscriptions: [{ name: "sales", source: "sqs://sales", sink: "Sales/sold" }] },
  test: async (environment) => {
    const at = "2024-02-29T23:59:59Z";
    await environment.deliver("sales", [{ value: { at, cents: 250 } }, { value: { at, cents: 1000 } }]);
    await environment.settled();
    const text = await environment
      .service(report)
      .nightly({ schedule: "nightly", time: "2024-03-01T02:00:00Z" });
    assert.equal(text, "2024-02-29: 2 sales, 12.50");
  },
};
