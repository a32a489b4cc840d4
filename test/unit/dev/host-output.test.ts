import { expect, test } from "vitest";
import { LineSplitter } from "../../../runtime/dev/hosts/host-output.ts";

function split(...pieces: readonly string[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return lines;
}

test("pieces become lines, empty ones and the unfinished last one included", () => {
  expect(split("a\nb", "c\n\n", "d")).toEqual(["a", "bc", "", "d"]);
  expect(split()).toEqual([]);
  expect(split("a\n")).toEqual(["a"]);
});

test("a line without an end is not held back for ever", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (let piece = 0; piece < 100; piece++) splitter.push("x".repeat(1_000));
  expect(lines.join("").length).toBeGreaterThan(90_000);
});
