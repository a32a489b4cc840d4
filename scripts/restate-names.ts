/**
 * Lists what `@restatedev/restate-sdk` exports, for the test that looks for each name in `perdure/restate`. Run
 * `node scripts/restate-names.ts` after `npm run peers`. With `--check` it writes nothing, and fails if the list is old.
 */
import { readFileSync, writeFileSync } from "node:fs";

const PEER = new URL("../bench/peers/node_modules/@restatedev/restate-sdk/", import.meta.url);
const LIST = new URL("../test/unit/surface/restate-names.json", import.meta.url);

const { version } = JSON.parse(readFileSync(new URL("package.json", PEER), "utf8")) as { version: string };
const declarations = readFileSync(new URL("dist/index.d.ts", PEER), "utf8");
const exported = /\nexport \{([^}]+)\}/.exec(`\n${declarations}`)?.[1];
if (exported === undefined) throw new Error("the peer's index.d.ts has no list of exports");
const names = exported
  .split(",")
  .map((name) => name.trim().replace(/^.* as /, ""))
  .toSorted();
const values = Object.keys((await import(new URL("dist/index.js", PEER).href)) as object).toSorted();
const text = `${JSON.stringify({ version, values, types: names.filter((name) => !values.includes(name)) }, null, 2)}\n`;

if (!process.argv.includes("--check")) writeFileSync(LIST, text);
else if (JSON.stringify(JSON.parse(readFileSync(LIST, "utf8"))) !== JSON.stringify(JSON.parse(text))) {
  console.error(`the list is not that of ${version}: run node scripts/restate-names.ts`);
  process.exit(1);
}
