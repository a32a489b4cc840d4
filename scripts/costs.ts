// `npm run costs`: what the stacks of the last `npm run synth` cost in us-east-1, in a month in which nothing happens.
import { globSync, readFileSync } from "node:fs";
import { costTable, idleCost, type Prices, type Template } from "./idle-cost.ts";

const prices = JSON.parse(readFileSync("bench/prices.json", "utf8")) as Prices;
const files = globSync("cdk.out/*.template.json");
if (files.length === 0) throw new Error("there is no template in cdk.out: run `npm run synth` first");
for (const file of files) {
  const template = JSON.parse(readFileSync(file, "utf8")) as Template;
  console.log(`${file}\n\n${costTable(idleCost(template, prices))}\n`);
}
