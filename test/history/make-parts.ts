/**
 * Makes the bundle of a tree's engine: `node --conditions=perdure-source test/history/make-parts.ts TREE NAME`. TREE is a
 * checkout with its packages. Writes `NAME.mjs.br` here. `sides.test.ts` runs it beside today's engine.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build } from "esbuild";

const [tree = "", name = ""] = process.argv.slice(2);
if (name === "") throw new Error("usage: make-parts.ts TREE NAME");

/** What is exported, and where it is: first in today's tree, then in older ones. */
const PARTS: readonly (readonly [exported: string, ...places: string[]])[] = [
  ["* as sdk", "sdk/index.ts"],
  ["{ Dispatcher }", "runtime/dispatcher/dispatcher.ts", "runtime/dispatcher/core.ts"],
  ["{ Reconciler }", "runtime/reconciler/reconciler.ts", "runtime/reconciler/core.ts"],
  ["* as control", "runtime/admin/control.ts"],
  ["{ accept }", "lib/store/admission.ts", "core/door.ts"],
  ["{ outgoing, sendAll }", "lib/store/send.ts", "core/send.ts"],
  ["{ ItemRegistry }", "lib/store/registry.ts", "core/registry.ts"],
  ["{ OperationalError, FunctionError }", "lib/errors.ts"],
];

const lines = PARTS.map(([exported, ...places]) => {
  const place = places.find((each) => existsSync(join(tree, each)));
  if (place === undefined) throw new Error(`${tree} has no ${places.join(" and no ")}`);
  return `export ${exported} from ${JSON.stringify(`./${place}`)};`;
});
const { outputFiles } = await build({
  stdin: { contents: lines.join("\n"), resolveDir: tree, sourcefile: "parts.ts", loader: "ts" },
  ...{ bundle: true, minify: true, keepNames: true, write: false, charset: "utf8", legalComments: "none" },
  ...{ platform: "node", format: "esm", target: "node24" },
});
const [bundle] = outputFiles;
if (!bundle) throw new Error("there is no bundle");
const compressed = brotliCompressSync(bundle.contents);
writeFileSync(join(import.meta.dirname, `${name}.mjs.br`), compressed);
console.log(`${bundle.contents.length} bytes, ${compressed.length} compressed`);
