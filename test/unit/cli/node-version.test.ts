import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkNode, NODE_MIN } from "../../../cli/node-version.ts";

test.each([["22.13.0"], ["22.20.1"], ["23.0.0"], ["24.21.0"], ["100.0.0"]])("Node %s runs it", (version) => {
  expect(() => checkNode(version)).not.toThrow();
});

test.each([["20.20.2"], ["22.12.9"], ["18.0.0"], ["9.99.0"]])("Node %s is told what it lacks", (version) => {
  expect(() => checkNode(version)).toThrow(
    `this is Node ${version} (${process.execPath}). Perdure needs Node 22.13 or newer.`,
  );
});

test("the package says the same", () => {
  const text = readFileSync(new URL("../../../package.json", import.meta.url), "utf8");
  expect(JSON.parse(text)).toMatchObject({ engines: { node: `>=${NODE_MIN}` } });
});
