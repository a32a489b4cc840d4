/** Each planted mistake is found by the tools that stand with it, and no tool complains of its mend. `npm run prove` asks all tools. */
import { expect, test, vi } from "vitest";
import { mistakes } from "../../prove/corpus-files.ts";
import { type Tool, TOOLS } from "../../prove/mistake.ts";
import { sourceFindings } from "../../prove/source-findings.ts";
import { ask, RUN_TOOLS, type RunTool } from "../../prove/tools.ts";

const all = await mistakes();
const source = sourceFindings();
const EXPLORED = { planted: 60, mended: 5 };

const isRunTool = (tool: Tool): tool is RunTool => RUN_TOOLS.some((each) => each === tool);

test("there are enough of them, and one that no tool must find says why", () => {
  expect(all.length).toBeGreaterThanOrEqual(50);
  for (const { name, foundBy, unseen } of all) expect(foundBy.length > 0, name).toBe(unseen === undefined);
  expect(new Set(all.flatMap(({ foundBy }) => foundBy))).toEqual(new Set(TOOLS));
});

test("the lint rules complain of planted lines alone", () => {
  expect(source.falseAlarms).toEqual([]);
});

test.each(all)("$name", { timeout: 120_000 }, async ({ name, ...mistake }) => {
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockReturnValue(undefined);
  for (const tool of mistake.foundBy) {
    const isFound = isRunTool(tool)
      ? (await ask(tool, mistake, true, EXPLORED.planted)).isFound
      : source[tool].has(name);
    expect(isFound, `${tool} must find it`).toBe(true);
  }
  for (const tool of RUN_TOOLS)
    expect(await ask(tool, mistake, false, EXPLORED.mended), tool).toMatchObject({ isFound: false });
});
