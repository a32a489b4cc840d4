/** Runs in a process of its own, which the test kills. It writes without end, and prints each acknowledgement. */
import { writeSync } from "node:fs";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";

const database = openDatabase(process.argv[2] ?? "");
const items = new LocalItemStore(database);
const mailbox = new LocalMailbox(database);
const timers = new LocalTimers(database, mailbox);
const acknowledged = (line: string): number => writeSync(1, `${line}\n`);

// Every other message is handled. That a group's next batch comes shows that the message before it was deleted.
mailbox.consume(async (batch) =>
  batch.filter(({ body }) => Number(body) % 2 === 1).map(({ messageId }) => messageId),
);

async function write(worker: number): Promise<void> {
  for (let round = 0; ; round++) {
    const key = { table: "state" as const, pk: `worker${worker}`, sk: "count" };
    await items.write({ op: "put", key, attributes: { round, filler: "x".repeat(2000) } });
    acknowledged(`item ${worker} ${round}`);
    const number = String(round * 100 + worker);
    await mailbox.sendBatch([{ group: `g${worker}.${round % 10}`, dedup: number, body: number }]);
    acknowledged(`message ${number}`);
    const message = { group: `t${worker}`, dedup: `t${number}`, body: number };
    await timers.schedule({ atMs: Date.now() + 1_000_000, message });
    acknowledged(`timer t${number}`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, worker) => write(worker)));
