import { expect, test } from "vitest";
import type { HandlerKind, ServiceManifest, ServiceType } from "../../../lib/model/manifest.ts";
import { warningsOf } from "../../../runtime/dev/deployer.ts";

const manifest = (
  name: string,
  type: ServiceType,
  handlers: Record<string, HandlerKind>,
): ServiceManifest => ({
  name,
  type,
  handlers: Object.entries(handlers).map(([handler, kind]) => ({ name: handler, kind })),
});
const before = [
  manifest("Greeter", "service", { greet: "plain", wave: "plain" }),
  manifest("Account", "object", { add: "exclusive", balance: "shared" }),
];

test("additions are nothing to warn of", () => {
  const after = [...before, manifest("New", "workflow", { run: "workflow" })];
  expect(warningsOf(before, after)).toEqual([]);
  expect(warningsOf([], before)).toEqual([]);
});

test("what was removed, and what changed its kind, is", () => {
  const after = [
    manifest("Greeter", "object", { greet: "exclusive" }),
    manifest("Account", "object", { balance: "exclusive" }),
  ];
  expect(warningsOf([...before, manifest("Order", "workflow", { run: "workflow" })], after)).toEqual([
    "Greeter was a service and is now an object.",
    "Account/add was removed. New calls to it fail.",
    "Account/balance was shared and is now exclusive.",
    "workflow Order is not in the file any more. Calls to it run its last code.",
  ]);
});
