/** When the ingress writes what it has measured: soon, and with one line for calls that follow each other closely. */
import { expect, test } from "vitest";
import { METRIC_CALLS_MAX, METRIC_PAUSE_MS } from "../../../lib/limits/aws.ts";
import { EmfMeter } from "../../../runtime/aws/emf-meter.ts";

class Metered {
  nowMs = 1_000_000;
  readonly lines: Record<string, unknown>[] = [];
  readonly meter = new EmfMeter("Shop/Runtime", { now: () => this.nowMs }, (line) =>
    this.lines.push(JSON.parse(line) as Record<string, unknown>),
  );

  call(afterMs: number, metric: "accepted" | "ingressFaults" | "throttled" = "accepted"): void {
    this.nowMs += afterMs;
    this.meter.measure(metric);
    this.meter.callEnded();
  }
}

test("calls that are apart have a line each", () => {
  const metered = new Metered();
  for (let n = 0; n < 3; n++) metered.call(METRIC_PAUSE_MS);
  expect(metered.lines).toHaveLength(3);
});

test("calls that follow each other closely share one, and none is lost to the next", () => {
  const metered = new Metered();
  for (let n = 0; n < 3 * METRIC_CALLS_MAX + 2; n++) metered.call(1);
  expect(metered.lines.map(({ Accepted }) => Accepted)).toEqual([1, 10, 10, 10]);
  metered.call(METRIC_PAUSE_MS);
  expect(metered.lines.at(-1)).toMatchObject({ Runtime: "Shop/Runtime", Accepted: 2 });
});

test.each(["ingressFaults", "throttled"] as const)(
  "what an alarm watches is written at once: %s",
  (metric) => {
    const metered = new Metered();
    metered.call(METRIC_PAUSE_MS);
    metered.call(1);
    metered.call(1, metric);
    expect(metered.lines).toHaveLength(2);
  },
);

test("without a name of a runtime nothing is written", () => {
  const lines: string[] = [];
  const meter = new EmfMeter(undefined, { now: () => 0 }, (line) => lines.push(line));
  meter.measure("accepted");
  meter.flush();
  expect(lines).toEqual([]);
});
