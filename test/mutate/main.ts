/**
 * `npm run mutate [-- TEXT]`: plants each mutation (or those whose name contains TEXT) in turn, and runs the tests near it.
 * One of them must fail. Its last line is `N caught, N survived`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mutation, MUTATIONS } from "./mutations.ts";
import { PLANT } from "./plant-plugin.ts";

const ROOT = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "perdure-mutate-"));

/** What became of it: the first test that failed, or why it is not caught. */
function outcomeOf({ tests, ...patch }: Mutation): { readonly caught: boolean; readonly by: string } {
  const report = join(folder, "report.json");
  rmSync(report, { force: true });
  const args = ["vitest", "run", "--project", "unit", "--project", "contract", ...tests];
  const { status, stderr } = spawnSync("npx", [...args, "--reporter=json", `--outputFile=${report}`], {
    ...{ cwd: ROOT, encoding: "utf8" },
    env: { ...process.env, [PLANT]: JSON.stringify(patch) },
  });
  if (status === 0) return { caught: false, by: `nothing in ${tests.join(", ")}` };
  const failed = failuresIn(report);
  // A file that cannot even be loaded has caught nothing.
  return failed === undefined ? { caught: false, by: stderr.slice(-500) } : { caught: true, by: failed };
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

function failuresIn(report: string): string | undefined {
  const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === "failed")?.fullName;
}

const [only = ""] = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ name }) => name.includes(only));
let survived = 0;
for (const mutation of chosen) {
  const { caught, by } = outcomeOf(mutation);
  if (!caught) survived++;
  console.log(`${caught ? "caught  " : "SURVIVED"} ${mutation.name.padEnd(62)} ${by}`);
}
rmSync(folder, { recursive: true, force: true });
console.log(`${chosen.length - survived} caught, ${survived} survived`);
process.exitCode = survived === 0 && chosen.length > 0 ? 0 : 1;
