// The last actions of people: the newest first, of one invocation or of all, and no more than are kept. They survive a restart.
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LocalAuditLog } from "../../../runtime/local/audit-log.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { tempFolder } from "./temp-folder.ts";

interface Action {
  readonly id?: string;
  readonly what: string;
}

test("the newest come first, of one invocation or of all", async () => {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const log = new LocalAuditLog<Action>(database);
  await log.record([{ id: "a", what: "pause" }, { what: "configure" }]);
  await log.record([
    { id: "a", what: "resume" },
    { id: "b", what: "kill" },
  ]);
  expect(log.list({ limit: 3 }).map(({ what }) => what)).toEqual(["kill", "resume", "configure"]);
  expect(log.list({ id: "a", limit: 10 })).toEqual([
    { id: "a", what: "resume" },
    { id: "a", what: "pause" },
  ]);
});

test("the oldest make room", async () => {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const log = new LocalAuditLog<Action>(database, { keptMax: 3 });
  for (let n = 0; n < 10; n++) await log.record([{ what: String(n) }]);
  expect(log.list({ limit: 100 }).map(({ what }) => what)).toEqual(["9", "8", "7"]);
});

test("they are in the data file", async () => {
  const path = join(tempFolder(), "data.sqlite");
  const before = openDatabase(path);
  await new LocalAuditLog<Action>(before).record([{ id: "a", what: "kill" }]);
  before.close();
  const after = openDatabase(path);
  onTestFinished(() => after.close());
  expect(new LocalAuditLog<Action>(after).list({ limit: 1 })).toEqual([{ id: "a", what: "kill" }]);
});
