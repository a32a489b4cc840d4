import { setTimeout as sleep } from "node:timers/promises";
import type { Incoming } from "../../lib/model/message.ts";
import { type LocalDatabase, openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../runtime/local/timers.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { listingSuite } from "./listing-suite.ts";
import { type Consumer, mailboxSuite } from "./mailbox-suite.ts";
import { sourceSuite } from "./source-suite.ts";
import { timersSuite } from "./timers-suite.ts";

const NAME = "SQLite in memory";
const POLL_MS = 5;

/** The local mailbox pushes batches to a handler; the suite pulls messages and settles them one by one. */
function consumerOf(mailbox: LocalMailbox): Consumer {
  const arrived: Incoming[] = [];
  const settles = new Map<string, (failed: boolean) => void>();
  mailbox.consume(async (batch) => {
    const settled = batch.map(
      ({ messageId }) => new Promise<boolean>((resolve) => settles.set(messageId, resolve)),
    );
    arrived.push(...batch);
    const failed = await Promise.all(settled);
    return batch.flatMap(({ messageId }, index) => (failed[index] === true ? [messageId] : []));
  });
  return {
    async receive(waitMs) {
      for (const deadline = Date.now() + waitMs; arrived.length === 0 && Date.now() < deadline;) {
        await sleep(POLL_MS);
      }
      return arrived.splice(0);
    },
    async delete({ messageId }) {
      settles.get(messageId)?.(false);
    },
    async release({ messageId }) {
      settles.get(messageId)?.(true);
    },
  };
}

const closing = (database: LocalDatabase) => async (): Promise<void> => database.close();

itemStoreSuite(NAME, async () => {
  const database = openDatabase(":memory:");
  return { items: new LocalItemStore(database), close: closing(database) };
});

sourceSuite(NAME, async () => {
  const database = openDatabase(":memory:");
  return { items: new LocalItemStore(database), close: closing(database) };
});

listingSuite(
  NAME,
  async () => {
    const database = openDatabase(":memory:");
    const items = new LocalItemStore(database);
    return { items, listing: items.listing, close: closing(database) };
  },
  { listsRunning: true },
);

mailboxSuite(NAME, async () => {
  const database = openDatabase(":memory:");
  const mailbox = new LocalMailbox(database);
  return { mailbox, ...consumerOf(mailbox), close: closing(database) };
});

timersSuite(NAME, async () => {
  const database = openDatabase(":memory:");
  const mailbox = new LocalMailbox(database);
  const timers = new LocalTimers(database, mailbox);
  return { timers, now: () => Date.now(), ...consumerOf(mailbox), close: closing(database) };
});
