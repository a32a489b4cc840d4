/** `npm run sim`: see README.md. */
import { run } from "./run.ts";

const seedAt = process.argv.indexOf("--seed");
const fromAt = process.argv.indexOf("--from");
const from = seedAt > 0 ? Number(process.argv[seedAt + 1]) : fromAt > 0 ? Number(process.argv[fromAt + 1]) : 1;
const countAt = process.argv.indexOf("--seeds");
const count = seedAt > 0 ? 1 : countAt > 0 ? Number(process.argv[countAt + 1]) : 100;
const started = performance.now();
let failed = 0;
let events = 0;
for (let seed = from; seed < from + count; seed++) {
  const none = process.argv.includes("--no-faults");
  const result = await run({ seed, plan: { none } });
  events += result.events;
  if (seedAt > 0)
    console.log(
      JSON.stringify(result.workload, undefined, 1),
      result.trace.format().join("\n"),
      result.outcomes,
    );
  if (result.violation) {
    failed++;
    console.log(seed, result.violation.message.slice(0, 400), result.kinds.length);
  }
}
const seconds = (performance.now() - started) / 1000;
console.log(`${count} seeds, ${failed} failed, ${events} events, ${(count / seconds).toFixed(1)} seeds/s`);
