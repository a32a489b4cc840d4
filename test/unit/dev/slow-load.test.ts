// Files that take long to be loaded are said to, with the first await at their top level.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { SLOW_LOAD_MS } from "../../../lib/limits/local.ts";
import { toldIfSlow } from "../../../runtime/dev/slow-load.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-slow-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function toldOf(source: string, ms: number): Promise<readonly string[]> {
  const file = join(folder, "app.ts");
  writeFileSync(file, source);
  const told: string[] = [];
  const load = async (): Promise<string> => {
    await vi.advanceTimersByTimeAsync(ms);
    return "loaded";
  };
  const tell = (message: string): void => void told.push(message);
  expect(
    await toldIfSlow(load, { files: [join(folder, "gone.ts"), file], before: " The old one serves.", tell }),
  ).toBe("loaded");
  await vi.advanceTimersByTimeAsync(SLOW_LOAD_MS);
  return told;
}

test("nothing is said of what is loaded in time", async () => {
  expect(await toldOf("await forever;", SLOW_LOAD_MS - 1)).toEqual([]);
});

test.each<[string, string | undefined]>([
  ["import 'x';\n\nconst db = await connect();\n", "app.ts:3"],
  [
    "export const f = async () => { await x; };\n  await inner;\n// await a comment\n * await another\n",
    undefined,
  ],
  ["", undefined],
])("%j: %s", async (source, place) => {
  const [message, ...more] = await toldOf(source, SLOW_LOAD_MS + 1);
  expect(more).toEqual([]);
  expect(message).toMatch(/^the code has been loading for 3 s\..*The old one serves\.$/u);
  expect(/The first one is in (\S+)\./u.exec(message ?? "")?.[1]).toBe(place);
});
