/**
 * Adds up a CI run: `ci-summary.ts DIRECTORY`, where DIRECTORY holds
 * - `steps`: a line "passed NAME SECONDS", "failed NAME SECONDS" or "skipped NAME" for each step,
 * - `NAME.json`: vitest's JSON report, for the steps that ran vitest, and
 * - `NAME.log`: what the step has printed.
 *
 * A step with a report counts its tests, any other step counts as one. After the steps it says what failed, because often only the
 * end of such an output is kept. The last line printed is the total, "N passed, N failed"; the exit code is 1 if anything failed
 * or no test ran.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Failed tests of one step that are shown. The others are counted. */
const SHOWN_TESTS_MAX = 20;
/** First lines of what a failed test says. */
const MESSAGE_LINES_MAX = 4;
/** Of a failed step that has no failed test to show: lines that say what has failed, and its last lines. */
const SAYS_FAILED = /^\s*(?:failed|FAILED)\b/;
const FAILED_LINES_MAX = 10;
const LOG_LINES_MAX = 15;
const LINE_CHARS_MAX = 300;

interface TestResult {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[] | null;
}

interface FileResult {
  readonly name: string;
  readonly status: string;
  /** Why the file itself could not run. */
  readonly message?: string;
  readonly assertionResults: readonly TestResult[];
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults?: readonly FileResult[];
}

interface Step {
  readonly name: string;
  readonly status: string;
  readonly seconds: number | undefined;
  readonly report: VitestReport | undefined;
  readonly log: string;
}

interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly tests: number;
}

export interface Summary {
  readonly lines: readonly string[];
  readonly ok: boolean;
}

export function summaryOf(directory: string): Summary {
  const steps = readFileSync(join(directory, "steps"), "utf8").trim().split("\n").map(stepIn(directory));
  const lines: string[] = [];
  const total = { passed: 0, failed: 0, tests: 0 };
  for (const step of steps) {
    const { passed, failed, tests } = countOf(step);
    total.passed += passed;
    total.failed += failed;
    total.tests += tests;
    const after = step.seconds === undefined ? "" : ` after ${step.seconds} s`;
    lines.push(`${step.name}: ${step.status}${after} (${passed} passed, ${failed} failed)`);
  }
  for (const step of steps.filter((each) => countOf(each).failed > 0)) lines.push(...failuresOf(step));
  if (total.tests === 0) {
    lines.push("No test ran, which counts as a failure.");
    total.failed += 1;
  }
  lines.push(`${total.passed} passed, ${total.failed} failed`);
  return { lines, ok: total.failed === 0 };
}

const stepIn =
  (directory: string) =>
  (line: string): Step => {
    const [status = "", name = "", seconds] = line.split(" ");
    const read = (file: string): string | undefined =>
      existsSync(join(directory, file)) ? readFileSync(join(directory, file), "utf8") : undefined;
    const report = read(`${name}.json`);
    return {
      ...{ name, status, log: read(`${name}.log`) ?? "" },
      seconds: seconds === undefined ? undefined : Number(seconds),
      report: report === undefined ? undefined : (JSON.parse(report) as VitestReport),
    };
  };

function countOf({ status, report }: Step): Count {
  const stepFailed = status === "failed" ? 1 : 0;
  if (status === "skipped") return { passed: 0, failed: 0, tests: 0 };
  if (!report) return { passed: 1 - stepFailed, failed: stepFailed, tests: 0 };
  const passed = report.numPassedTests;
  // A test file that cannot be loaded fails the step, but does not count as a failed test.
  const failed = Math.max(report.numFailedTests, stepFailed);
  return { passed, failed, tests: passed + report.numFailedTests };
}

function failuresOf({ name, report, log }: Step): readonly string[] {
  const found = report?.testResults?.flatMap(failedIn) ?? [];
  const shown = found.slice(0, SHOWN_TESTS_MAX).flatMap(({ title, message }) => [
    `failed in ${name}: ${title}`,
    ...linesOf(message)
      .slice(0, MESSAGE_LINES_MAX)
      .map((line) => `    ${line}`),
  ]);
  if (found.length > SHOWN_TESTS_MAX) shown.push(`failed in ${name}: ${found.length - SHOWN_TESTS_MAX} more`);
  if (shown.length > 0) return shown;
  const lines = linesOf(log);
  const said = lines.slice(0, -LOG_LINES_MAX).filter((line) => SAYS_FAILED.test(line));
  const last = lines.slice(-LOG_LINES_MAX);
  return [
    `failed: ${name}, whose last lines are`,
    ...[...said.slice(0, FAILED_LINES_MAX), ...last].map((line) => `    ${line}`),
  ];
}

interface Failure {
  readonly title: string;
  readonly message: string;
}

function failedIn({ name, status, message, assertionResults }: FileResult): readonly Failure[] {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((each) => each.status === "failed");
  if (failed.length === 0 && status === "failed") return [{ title: file, message: message ?? "" }];
  return failed.map(({ fullName, failureMessages }) => ({
    title: `${file}: ${fullName}`,
    message: failureMessages?.[0] ?? "",
  }));
}

const linesOf = (text: string): readonly string[] =>
  stripVTControlCharacters(text)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.slice(0, LINE_CHARS_MAX));

if (import.meta.main) {
  const [, , directory] = process.argv;
  if (directory === undefined) throw new Error("usage: ci-summary.ts DIRECTORY");
  const { lines, ok } = summaryOf(directory);
  for (const line of lines) console.log(line);
  process.exitCode = ok ? 0 : 1;
}
