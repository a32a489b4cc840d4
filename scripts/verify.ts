// The static checks, in order; stops at the first that fails. Run with `npm run verify`.
import { spawnSync } from "node:child_process";

const steps = ["format:check", "lint", "types", "knip", "package:check"];

for (const step of steps) {
  console.log(`verify: ${step}`);
  const { status } = spawnSync("npm", ["run", "--silent", step], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`verify: ${step} failed`);
    process.exit(1);
  }
}
console.log(`verify: all ${steps.length} checks passed`);
