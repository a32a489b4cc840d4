// Adds up a CI run: `ci-summary.ts DIRECTORY`, where DIRECTORY holds
// - `steps`: a line "passed NAME", "failed NAME" or "skipped NAME" for each step, and
// - `NAME.json`: vitest's JSON report, for the steps that ran vitest.
// A step with a report counts its tests, any other step counts as one. The last line printed is the
// total, "N passed, N failed"; the exit code is 1 if anything failed or no test ran.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly tests: number;
}

function count(status: string, reportPath: string): Count {
  const stepFailed = status === "failed" ? 1 : 0;
  if (status === "skipped") return { passed: 0, failed: 0, tests: 0 };
  if (!existsSync(reportPath)) return { passed: 1 - stepFailed, failed: stepFailed, tests: 0 };

  const report = JSON.parse(readFileSync(reportPath, "utf8")) as VitestReport;
  const passed = report.numPassedTests;
  // A test file that cannot be loaded fails the step, but does not count as a failed test.
  const failed = Math.max(report.numFailedTests, stepFailed);
  return { passed, failed, tests: passed + report.numFailedTests };
}

const directory = process.argv[2];
if (directory === undefined) throw new Error("usage: ci-summary.ts DIRECTORY");

const total = { passed: 0, failed: 0, tests: 0 };
const lines = readFileSync(join(directory, "steps"), "utf8").trim().split("\n");
for (const line of lines) {
  const [status = "", name = ""] = line.split(" ");
  const counted = count(status, join(directory, `${name}.json`));
  total.passed += counted.passed;
  total.failed += counted.failed;
  total.tests += counted.tests;
  console.log(`${name}: ${status} (${counted.passed} passed, ${counted.failed} failed)`);
}

if (total.tests === 0) {
  console.log("No test ran, which counts as a failure.");
  total.failed += 1;
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
