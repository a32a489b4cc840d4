/** What a run has found, as a table and as a file that can be sent. */
import { styleText } from "node:util";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import type { CheckResult, Measure } from "./check.ts";

const STYLES = { passed: "green", failed: "red", skipped: "yellow" } as const;
type OutcomeName = keyof typeof STYLES;
const STEP_WIDTH = 12;
const OUTCOME_WIDTH = 8;

/** What was found out of the place itself. */
export function capabilityTable(
  found: Readonly<Record<string, { readonly present: boolean; readonly how: string }>>,
  says: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(found).map(([name, { present, how }]) =>
    present ? `  it ${says[name]}` : `  it is not known that it ${says[name]}: ${how}`,
  );
  return lines.length === 0 ? "" : ["What this place does:", ...lines, ""].join("\n");
}

export interface ReportInput {
  readonly results: readonly CheckResult[];
  readonly region: string;
  /** It is left out of all texts: the file is to be sent. */
  readonly accountId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly endpoint: string | undefined;
  readonly slow: boolean;
  readonly capabilities: object;
  readonly interrupted: boolean;
}

const measure = ({ name, value, unit }: Measure): string =>
  `${name} ${value}${unit === undefined ? "" : ` ${unit}`}`;

/** One line, when a check has ended. */
export function resultLine({ name, outcome, seconds, why, seen, expected }: CheckResult): string {
  const more =
    outcome === "skipped"
      ? `: ${why}`
      : outcome === "failed"
        ? `: expected ${expected}, and saw ${seen}`
        : "";
  return `${styled(outcome, outcome.padEnd(OUTCOME_WIDTH))} ${name}${more} (${seconds} s)`;
}

export function resultTable(results: readonly CheckResult[]): string {
  const lines = results.flatMap(({ step, name, outcome, values, seen, expected, why }) => {
    const details = [
      ...(outcome === "failed" ? [`expected ${expected}`, `saw ${seen}`] : []),
      ...(why === undefined ? [] : [why]),
      ...(values.length === 0 ? [] : [values.map(measure).join(", ")]),
    ];
    const indent = " ".repeat(STEP_WIDTH + OUTCOME_WIDTH + 2);
    return [
      `${step.padEnd(STEP_WIDTH)} ${styled(outcome, outcome.padEnd(OUTCOME_WIDTH))} ${name}`,
      ...details.map((detail) => `${indent}  ${detail}`),
    ];
  });
  const count = (wanted: OutcomeName): number => results.filter(({ outcome }) => outcome === wanted).length;
  const total = `verify-aws: ${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
  return [...lines, "", total].join("\n");
}

export function reportJson(input: ReportInput): string {
  const { results, region, accountId, startMs, endMs, endpoint, slow, capabilities, interrupted } = input;
  const report = {
    perdure: PACKAGE_VERSION,
    node: process.versions.node,
    region,
    where: endpoint === undefined ? "AWS" : "emulator",
    slow,
    interrupted,
    began: new Date(startMs).toISOString(),
    ended: new Date(endMs).toISOString(),
    capabilities,
    checks: results,
  };
  const text = JSON.stringify(report, undefined, 2);
  return `${accountId === "" ? text : text.replaceAll(accountId, "<account>")}\n`;
}

/** `verify-aws-eu-central-1-2026-11-28.json`. */
export const reportName = (region: string, atMs: number): string =>
  `verify-aws-${region}-${new Date(atMs).toISOString().slice(0, "2026-11-28".length)}.json`;

const styled = (outcome: OutcomeName, text: string): string =>
  styleText(STYLES[outcome], text, { stream: process.stdout });
