import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FileWatch } from "../../../runtime/dev/file-watch.ts";

let folder: string;
let changes: number;
let watch: FileWatch;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perdure-watch-"));
  changes = 0;
  watch = new FileWatch(() => changes++);
});
afterEach(() => {
  watch.close();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const write = (name: string): void => writeFileSync(path(name), String(Math.random()));
/** Longer than changes are gathered for. */
const quiet = (): Promise<void> => sleep(250);

test("many changes at once are one; files that are not of interest are none", async () => {
  write("a.ts");
  write("b.ts");
  expect(watch.set([path("a.ts"), path("b.ts")])).toEqual([]);
  await quiet();
  changes = 0;
  for (let count = 0; count < 5; count++) for (const name of ["a.ts", "b.ts"]) write(name);
  await expect.poll(() => changes).toBe(1);
  write("other.ts");
  await quiet();
  expect(changes).toBe(1);
});

test("a file that is replaced, as editors do, and one that reappears are seen", async () => {
  write("a.ts");
  watch.set([path("a.ts")]);
  await quiet();
  changes = 0;
  write("a.ts.tmp");
  renameSync(path("a.ts.tmp"), path("a.ts"));
  await expect.poll(() => changes).toBe(1);
  rmSync(path("a.ts"));
  await expect.poll(() => changes).toBe(2);
  write("a.ts");
  await expect.poll(() => changes).toBe(3);
});

test("the set can change; what cannot be watched is named", async () => {
  mkdirSync(path("inner"));
  write("a.ts");
  watch.set([path("a.ts")]);
  expect(watch.set([path("inner/b.ts"), path("nowhere/c.ts")])).toEqual([path("nowhere")]);
  await quiet();
  changes = 0;
  write("a.ts");
  await quiet();
  expect(changes).toBe(0);
  write("inner/b.ts");
  await expect.poll(() => changes).toBe(1);
  watch.close();
  write("inner/b.ts");
  await quiet();
  expect(changes).toBe(1);
});
