// The static checks, in order. Each runs even if an earlier one failed. Run with `npm run verify`.
import { spawnSync } from "node:child_process";

const steps = ["format:check", "lint", "types", "knip", "package:check"];

const failed = steps.filter((step) => {
  console.log(`verify: ${step}`);
  return spawnSync("npm", ["run", "--silent", step], { stdio: "inherit" }).status !== 0;
});

console.log(failed.length === 0 ? "verify: all passed" : `verify: failed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
