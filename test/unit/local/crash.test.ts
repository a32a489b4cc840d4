/** J2, M1: after a `kill -9` in the middle of writing, everything that was acknowledged is there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import type { Incoming } from "../../../lib/model/message.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { ManualClock } from "./manual-clock.ts";
import { tempFolder } from "./temp-folder.ts";

/** Kills the child after `count` acknowledged operations. Returns the lines that it printed. */
async function runAndKill(path: string, count: number): Promise<string[]> {
  const child = spawn(process.execPath, [new URL("crash-child.ts", import.meta.url).pathname, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === count) child.kill("SIGKILL");
  }
  expect(await exited).toEqual([null, "SIGKILL"]);
  return lines;
}

test.each([1500, 6000])("a process killed after %i acknowledgements lost none of them", async (count) => {
  const folder = tempFolder();
  const path = join(folder, "dev.db");
  const lines = await runAndKill(path, count);
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);

  const database = openDatabase(path);
  const words = lines.map((line) => line.split(" "));
  const items = new LocalItemStore(database);
  const rounds = new Map(
    words.filter(([kind]) => kind === "item").map(([, worker, round]) => [worker, Number(round)]),
  );
  expect(rounds.size).toBe(16);
  for (const [worker, round] of rounds) {
    const item = await items.get({ table: "state", pk: `worker${worker}`, sk: "count" });
    expect(Number(item?.["round"])).toBeGreaterThanOrEqual(round);
  }

  const timers = new Set(
    database
      .prepare("SELECT dedup FROM timers")
      .all()
      .map((row) => row["dedup"]),
  );
  expect(words.filter(([kind, dedup]) => kind === "timer" && !timers.has(dedup ?? ""))).toEqual([]);

  const mailbox = new LocalMailbox(database, new ManualClock(Date.now()));
  const received: Incoming[] = [];
  mailbox.consume(async (batch) => {
    received.push(...batch);
    return [];
  });
  await mailbox.idle();
  const bodies = new Set(received.map(({ body }) => body));
  // The odd ones were never handled.
  const owed = words
    .filter(([kind, body]) => kind === "message" && Number(body) % 2 === 1)
    .map(([, body]) => body);
  expect(owed.length).toBeGreaterThan(100);
  expect(owed.filter((body) => !bodies.has(body ?? ""))).toEqual([]);
  expect(received.every(({ receiveCount }) => receiveCount >= 2)).toBe(true);
  for (const group of Map.groupBy(received, (message) => message.group).values()) {
    const sent = group.map(({ body }) => Number(body));
    expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  }

  database.close();
  expect(readdirSync(folder)).toEqual(["dev.db"]);
});
