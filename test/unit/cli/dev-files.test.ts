// Which files `perdure dev` serves: names, folders, patterns.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { servedFiles } from "../../../cli/dev-files.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SERVES = 'import { service } from "perdure";\n';
const RESTATE = 'const restate = require("@restatedev/restate-sdk/lambda");\n';
const tree: Record<string, string> = {
  "shop/a.ts": SERVES,
  "shop/deep/b.mts": SERVES,
  "shop/r.js": RESTATE,
  "shop/helper.ts": "export const one = 1;\n",
  "shop/client.ts": 'import { connect } from "perdure/client";\n',
  "shop/a.test.ts": SERVES,
  "shop/types.d.ts": SERVES,
  "shop/node_modules/x/index.js": SERVES,
  "shop/.hidden/h.ts": SERVES,
  "empty/readme.md": "perdure",
};
for (const [name, text] of Object.entries(tree)) {
  mkdirSync(join(folder, dirname(name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

test.each<[readonly string[], readonly string[]]>([
  [["shop/a.ts"], ["shop/a.ts"]],
  [["shop/helper.ts"], ["shop/helper.ts"]],
  [
    ["shop/r.js", "shop/a.ts"],
    ["shop/r.js", "shop/a.ts"],
  ],
  [["shop"], ["shop/a.ts", "shop/deep/b.mts", "shop/r.js"]],
  [
    ["shop", "shop/a.ts"],
    ["shop/a.ts", "shop/deep/b.mts", "shop/r.js"],
  ],
  [["shop/?*.ts"], ["shop/a.ts", "shop/client.ts", "shop/helper.ts"]],
  [["shop/{deep/b,r}.{mts,js}"], ["shop/deep/b.mts", "shop/r.js"]],
  [[], []],
])("%j", (given, files) => {
  expect(servedFiles(folder, given)).toEqual(files.map((file) => join(folder, file)));
});

test.each<[string, RegExp]>([
  ["shop/aa.ts", /there is no file .*aa\.ts\. Did you mean "a\.ts"\?/u],
  ["nowhere/x.ts", /there is no file .*x\.ts\.$/u],
  ["empty", /no file in empty imports perdure/u],
  ["shop/?*.py", /no file matches/u],
])("%s is refused", (given, message) => {
  expect(() => servedFiles(folder, [given])).toThrow(message);
});
