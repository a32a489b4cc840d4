/** A stack may say anything: no file is read but those that the deployment was made of. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { encodeAttempt, HEAD_ATTRIBUTE as A } from "../../../../lib/model/head.ts";
import { headKey } from "../../../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../../../lib/model/ids.ts";
import { sourceOf } from "../../../../runtime/dev/powers/source.ts";
import { MemoryItemStore } from "../../../support/memory-item-store.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-source-"));
afterAll(() => rmSync(folder, { recursive: true }));
const [own, secret] = [join(folder, "app.ts"), join(folder, "secret.txt")];
writeFileSync(own, "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
writeFileSync(secret, "do not show this\n");

const ID = invocationId("Greeter", undefined, new Uint8Array(UNIQUE_SIZE));

function bundleOf(sources: readonly string[]): Uint8Array {
  const map = { sources, sourceRoot: `${pathToFileURL(folder).href}/` };
  const encoded = Buffer.from(JSON.stringify(map)).toString("base64");
  return Buffer.from(`export default 1;\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`);
}

async function askedWith(stack: string, sources = ["app.ts", "node_modules/lib/index.js"]) {
  const items = new MemoryItemStore();
  await items.write({
    ...{ op: "put", key: headKey(ID) },
    attributes: {
      ...{ [A.format]: 1, [A.status]: "paused", [A.target]: ["Greeter", "greet"], [A.origin]: "x" },
      ...{
        [A.deployment]: "dp_1",
        [A.attempt]: encodeAttempt({ count: 1 }, { code: 500, message: "broken", stack }),
      },
    },
  });
  const registry = {
    deployment: async () => ({ id: "dp_1", address: "dp_1", createdAtMs: Date.now() + 60_000, services: [] }),
    service: async () => undefined,
  };
  return await sourceOf({ items, registry, bundleOf: async () => bundleOf(sources) }, ID);
}

describe("the lines around a failure", () => {
  test.each([
    `    at greet (${own}:4:9)`,
    `    at async Object.greet (${pathToFileURL(own).href}:4:9)`,
    `    at ${own}:4:9`,
    `    at read (${secret}:1:1)\n    at greet (${own}:4:9)`,
  ])("%s", async (frame) => {
    expect(await askedWith(`Error: broken\n${frame}`)).toMatchObject({
      ...{ file: own, line: 4, column: 9, first: 2, changed: false },
      lines: ["two", "three", "four", "five", "six"],
    });
  });

  test.each([
    ["another file", `    at read (${secret}:1:1)`],
    ["the same file by another way", `    at read (${folder}/x/../secret.txt:1:1)`],
    ["a package", `    at lib (${folder}/node_modules/lib/index.js:1:1)`],
    ["no place at all", "    at <anonymous>"],
    ["a line that is not there", `    at greet (${own}:4000:1)`],
  ])("%s is not shown", async (_, frame) => {
    await expect(askedWith(`Error: broken\n${frame}`)).rejects.toThrow("there are no lines to show");
  });

  test("a source that lies elsewhere is the deployment's own, and a bundle without a map has none", async () => {
    await expect(askedWith(`Error\n    at greet (${own}:4:9)`, [])).rejects.toThrow(
      "in the code that was deployed",
    );
  });
});
