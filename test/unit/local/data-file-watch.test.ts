import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../runtime/local/database.ts";
import { DataFileWatch, type LostFile } from "../../../runtime/local/data-file-watch.ts";
import { tempFolder } from "./temp-folder.ts";

const LOOK_MS = 5;

function watched() {
  const folder = join(tempFolder(), ".perdure");
  mkdirSync(folder);
  const path = join(folder, "data.sqlite");
  const database = openDatabase(path);
  onTestFinished(() => database.close());
  const lost: LostFile[] = [];
  const watch = new DataFileWatch(path, (file) => void lost.push(file), LOOK_MS);
  onTestFinished(() => watch.stop());
  return { path, database, lost };
}

test("a file that is used, and grows, is where it was", async () => {
  const { database, lost } = watched();
  const insert = database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, zeroblob(1000000))");
  for (let n = 0; n < 100; n++) await database.write(() => insert.run(String(n)));
  await sleep(10 * LOOK_MS);
  expect(lost).toEqual([]);
});

test.each<[string, (path: string) => void, (path: string) => LostFile]>([
  ["deleted", (path) => rmSync(path), (path) => ({ path, how: "deleted" })],
  [
    "deleted with its folder",
    (path) => rmSync(dirname(path), { recursive: true }),
    (path) => ({ path, how: "deleted" }),
  ],
  ["moved", (path) => renameSync(path, `${path}.old`), (path) => ({ path, how: "deleted" })],
  [
    "replaced",
    (path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
    (path) => ({ path, how: "replaced" }),
  ],
  ["emptied", (path) => truncateSync(path), (path) => ({ path, how: "cut short" })],
  [
    "overwritten with an older copy",
    (path) => writeFileSync(path, readFileSync(path).subarray(0, 4096)),
    (path) => ({ path, how: "cut short" }),
  ],
  [
    "left without its log",
    (path) => rmSync(`${path}-wal`),
    (path) => ({ path: `${path}-wal`, how: "deleted" }),
  ],
  [
    "left with another log",
    (path) => {
      writeFileSync(`${path}.other`, "");
      renameSync(`${path}.other`, `${path}-wal`);
    },
    (path) => ({ path: `${path}-wal`, how: "replaced" }),
  ],
])("one that was %s is noticed, once", async (_name, act, expected) => {
  const { path, lost } = watched();
  act(path);
  await expect.poll(() => lost, { interval: LOOK_MS }).toEqual([expected(path)]);
  await sleep(10 * LOOK_MS);
  expect(lost).toHaveLength(1);
});
