/** The idle cost is computed from the template. It is what docs/costs.md says, and under a dollar. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { METRICS } from "../../lib/metrics.ts";
import { costTable, idleCost, type Item, type Prices } from "../../scripts/idle-cost.ts";
import { makeStack, type TestStack } from "./stack.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PRICES = JSON.parse(readFileSync(join(ROOT, "bench/prices.json"), "utf8")) as Prices;
const COSTS = readFileSync(join(ROOT, "docs/costs.md"), "utf8");

const costOf = ({ resources }: TestStack): Item[] => idleCost({ Resources: resources }, PRICES);
const sum = (items: readonly Item[]): number => items.reduce((total, { dollars }) => total + dollars, 0);

const byDefault = makeStack();

test("there are as many metrics of one's own as the document says", () => {
  expect(COSTS).toContain(`at most ${Object.keys(METRICS).length}, by the hour`);
});

describe("an idle month", () => {
  test("costs less than a dollar, without any free allowance", () => {
    expect(sum(costOf(byDefault))).toBeGreaterThan(0.5);
    expect(sum(costOf(byDefault))).toBeLessThan(1);
  });

  test("costs what the document says, whatever services there are", () => {
    const [, table = ""] = /<!-- npm run costs -->\n([^]*?)\n<!-- end -->/.exec(COSTS) ?? [];
    // The number of free resources depends on the services. The examples' app has more of them.
    const rows = (text: string): string[] =>
      text.split("\n").filter((row) => !row.startsWith("| everything else"));
    expect(rows(table)).toEqual(rows(costTable(costOf(byDefault))));
  });

  test.each<[string, Parameters<typeof makeStack>[0], number]>([
    ["a dashboard", { dashboard: true }, 3],
    ["all alarms", { alarms: "all" }, 0.8],
    ["an own key", { ownKey: true }, 1],
    ["a service's own mailbox: its polls, and its two alarms", { mailbox: {} }, 0.524],
    // Three more connections: Lambda takes none away where there is a maximum.
    ["a bound for the timers", { maxConcurrency: 50 }, 0.1555],
  ])("costs more with %s, as the document says", (_, props, dollars) => {
    const more = sum(costOf(makeStack(props))) - sum(costOf(byDefault));
    expect(Number(more.toFixed(4))).toBe(dollars);
  });

  test("is not computed for a resource without a rule", () => {
    const Resources = { Gateway: { Type: "AWS::EC2::NatGateway", Properties: {} } };
    expect(() => idleCost({ Resources }, PRICES)).toThrow("AWS::EC2::NatGateway");
  });
});
