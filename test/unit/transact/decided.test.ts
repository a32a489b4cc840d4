/** X1: what a transaction comes to, for each answer of the store. */
import { beforeEach, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { encodeOutcome, failure, success } from "../../../lib/model/outcome.ts";
import type { TransactedAppend, TransactionResult, UserWrite } from "../../../lib/model/user-write.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import type { RunEntry } from "../../../lib/model/entry.ts";
import type { Clock, ItemStore } from "../../../lib/ports.ts";
import { Journal } from "../../../lib/store/journal.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { startOf } from "./start.ts";

const start = startOf(1);
const { id } = start;
const step: RunEntry = {
  kind: "run",
  command: 0,
  name: "reserve",
  outcome: encodeOutcome(success()),
  writes: 1,
};
const write: UserWrite = {
  Put: { TableName: "orders", Item: { id: { S: "o-1" } }, ConditionExpression: "attribute_not_exists(id)" },
};
const unavailable = (): never => {
  throw new OperationalError("unavailable", "no answer");
};
const throttled = (): never => {
  throw new OperationalError("throttled", "another transaction");
};
/** Pauses take no time. */
const atOnce: Clock = {
  now: () => Date.now(),
  after: (_ms, callback) => {
    const timer = setImmediate(callback);
    return () => clearImmediate(timer);
  },
};
type Transact = (append: TransactedAppend, writes: readonly UserWrite[]) => Promise<TransactionResult>;

let store: MemoryItemStore;
beforeEach(() => {
  store = new MemoryItemStore();
  store.userTables = { orders: { partitionKey: "id" } };
});

/** A store that answers the n-th transaction as `answers[n]` says; the others as it is. */
function answering(
  ...answers: readonly ((asked: () => Promise<TransactionResult>) => Promise<TransactionResult>)[]
): ItemStore {
  let count = 0;
  const transact: Transact = async (append, writes) => {
    const answer = answers[count++] ?? (async (ask) => await ask());
    return await answer(async () => await store.transact(append, writes));
  };
  return {
    get: async (key) => await store.get(key),
    write: async (asked) => await store.write(asked),
    query: async (...args) => await store.query(...args),
    scan: async (...args) => await store.scan(...args),
    transact,
  };
}
const journalOn = (items: ItemStore, writer = "turn"): Journal =>
  new Journal(items, atOnce, { id, incarnation: 0, deployment: "dp_1", start, writer });
const length = async (): Promise<unknown> => (await store.get(headKey(id)))?.["n"];

test("the entry and the writes are there, and the turn knows its head", async () => {
  const journal = journalOn(answering());
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({
    kind: "won",
    position: 0,
  });
  expect(store.userItems.size).toBe(1);
  expect(await journal.append([{ ...step, command: 1 }], 0)).toMatchObject({ kind: "won", position: 1 });
});

test("the answer was lost: the repetition finds that its own transaction took effect", async () => {
  const lost = async (ask: () => Promise<TransactionResult>): Promise<never> => {
    await ask();
    return unavailable();
  };
  const journal = journalOn(answering(lost, lost));
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({
    kind: "won",
    position: 0,
  });
  expect([store.userItems.size, await length()]).toEqual([1, 1]);
  expect(await journal.append([{ ...step, command: 1 }], 0)).toMatchObject({ kind: "won", position: 1 });
});

test("the same, by a store that says only that the user's condition fails", async () => {
  const journal = journalOn(
    answering(
      async (ask) => {
        await ask();
        return unavailable();
      },
      async () => ({ won: false, refusals: ["ConditionalCheckFailed"] }),
    ),
  );
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({ kind: "won" });
});

test("a condition of the user's that fails: nothing is there", async () => {
  await journalOn(answering(), "other").append([step], 0, undefined, { writes: [write] });
  const own = startOf(2);
  const journal = new Journal(answering(), atOnce, {
    ...{ id: own.id, incarnation: 0, deployment: "dp_1", start: own, writer: "turn" },
  });
  const result = await journal.append([step], 0, undefined, { writes: [write] });
  expect(result).toEqual({ kind: "refused", refusals: ["ConditionalCheckFailed"] });
  expect(await store.get(headKey(own.id))).toBeUndefined();
});

test("a turn that was overtaken is lost, and leaves no write (W3)", async () => {
  await journalOn(answering(), "other").append([{ ...step, writes: 0 }], 0);
  expect(await journalOn(answering()).append([step], 0, undefined, { writes: [write] })).toMatchObject({
    kind: "lost",
  });
  expect(store.userItems.size).toBe(0);
});

test("the request comes late: the failure that was believed is not recorded beside it", async () => {
  let late: (() => Promise<TransactionResult>) | undefined;
  const journal = journalOn(
    answering(
      async (ask) => {
        late = ask;
        return unavailable();
      },
      async () => ({ won: false, refusals: ["ConditionalCheckFailed"] }),
    ),
  );
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({ kind: "refused" });
  await late?.();
  const failed = { ...step, writes: 0, outcome: encodeOutcome(failure(412, "wrote nothing")) };
  expect(await journal.append([failed], 0)).toMatchObject({ kind: "lost" });
  expect(store.userItems.size).toBe(1);
});

test("a request that comes late, after another append of the turn, does nothing", async () => {
  let late: (() => Promise<TransactionResult>) | undefined;
  const journal = journalOn(
    answering(async (ask) => {
      late = ask;
      return unavailable();
    }),
  );
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({ kind: "won" });
  expect(await late?.()).toMatchObject({ won: false });
  expect([store.userItems.size, await length()]).toEqual([1, 1]);
});

test("refused each time for certain: the step is tried again", async () => {
  const journal = journalOn({ ...answering(), transact: async () => throttled() });
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({
    kind: "unsettled",
  });
});

test("never answered: nobody knows, and the turn is lost", async () => {
  const journal = journalOn({ ...answering(), transact: async () => unavailable() });
  expect(await journal.append([step], 0, undefined, { writes: [write] })).toMatchObject({ kind: "lost" });
});

test("an engine of an earlier version says that it knows no transactions", async () => {
  const known = answering();
  const older: ItemStore = {
    get: async (key) => await known.get(key),
    write: async (asked) => await known.write(asked),
    query: async (table, pk, prefix) => await known.query(table, pk, prefix),
    scan: async (table, sk) => await known.scan(table, sk),
  };
  const result = await journalOn(older).append([step], 0, undefined, { writes: [write] });
  expect(result).toMatchObject({
    kind: "unsettled",
    error: expect.objectContaining({ message: expect.stringContaining("ctx.transact") }) as Error,
  });
});
