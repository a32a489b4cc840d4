/** Whatever a handler's process sends, the engine and its other calls go on (review of hosts: a foreign message ended it). */
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { serialize, deserialize } from "node:v8";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { Channel } from "../../../runtime/dev/hosts/channel.ts";
import { engineCalls, type EngineCalls, type HostCalls } from "../../../runtime/dev/hosts/host-protocol.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import { systemClock } from "../../../lib/clock.ts";

const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);

function engine() {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  const database = openDatabase(":memory:");
  const items = new LocalItemStore(database);
  const mailbox = new LocalMailbox(database);
  const registry = new ItemRegistry(items, systemClock);
  const invoker = { invoke: () => Promise.reject(new Error("nothing is invoked")) };
  const calls = engineCalls({
    items,
    mailbox,
    registry,
    timers: new LocalTimers(database, mailbox),
    invoker,
  });
  const toEngine = (frames: unknown): void => channel.receive(deserialize(serialize(frames)));
  const channel: Channel<HostCalls> = new Channel<HostCalls>(
    (frames) => setImmediate(() => host.receive(deserialize(serialize(frames)))),
    calls,
  );
  const host = new Channel<EngineCalls>((frames) => setImmediate(() => toEngine(frames)), {
    ping: () => Promise.resolve(undefined),
  });
  return { channel, host, toEngine, close: () => database.close() };
}

afterEach(() => {
  process.off("uncaughtException", note);
  process.off("unhandledRejection", note);
  expect(uncaught.splice(0)).toEqual([]);
});

const METHODS = [
  ...["get", "write", "query", "scan", "sendBatch", "service", "deployment", "services"],
  ...["turn", "constructor", "toString", "__proto__", "hasOwnProperty", ""],
];
const name = fc.oneof(
  fc.constantFrom("journal", "state", "registry", "other", "i"),
  fc.string({ maxLength: 4 }),
);
const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, maxDepth: 2 });
const key = fc.oneof(fc.record({ table: name, pk: name, sk: name }), anything);
const argument = fc.oneof(
  anything,
  key,
  fc.record({
    op: fc.constantFrom("put", "update", "delete", "other"),
    key,
    attributes: anything,
    changes: fc.oneof(anything, fc.array(fc.record({ do: name, attribute: name, value: anything }))),
    when: fc.oneof(anything, fc.constant({ is: "absent" })),
  }),
  fc.record({ table: name, pk: name, sk: name, prefix: name, page: anything }),
  fc.array(fc.record({ group: fc.oneof(name, anything), dedup: name, body: fc.oneof(name, anything) })),
);
const frame = fc.oneof(
  anything,
  fc.tuple(fc.constant(0), fc.nat(9), fc.constantFrom(...METHODS), argument),
  fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(9), anything),
  fc.tuple(
    fc.constant(2),
    fc.nat(9),
    fc.record({ message: anything, stack: anything, operational: anything }),
  ),
);

test("no message of a host ends the engine or fails another call", async () => {
  const { channel, host, toEngine, close } = engine();
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.array(frame, { maxLength: 4 }), anything), async (message) => {
      const pinged = channel.call("ping", undefined);
      try {
        toEngine(message);
      } catch (error) {
        // What cannot be cloned cannot be sent either.
        if (!(error instanceof Error && error.name === "DataCloneError")) throw error;
      }
      await expect(pinged).resolves.toBeUndefined();
    }),
    { numRuns: 2000 },
  );
  await turnOfLoop();
  await expect(host.call("get", { table: "state", pk: "p", sk: "s" })).resolves.toBeUndefined();
  close();
});

test.each([
  ["a call without an argument", [[0, 5, "query", null]]],
  ["a method of every object", [[0, 5, "toString", null]]],
  [
    "an unknown table",
    [[0, 5, "write", { op: "put", key: { table: "x", pk: "p", sk: "s" }, attributes: {} }]],
  ],
  ["those of the report", [[1, 1, "x"], [0, 5, "write", null], "junk", null, [2, 1, null]]],
])("%s is refused with words, and nothing else happens", async (_name, message) => {
  const { channel, host, toEngine, close } = engine();
  toEngine(message);
  await expect(channel.call("ping", undefined)).resolves.toBeUndefined();
  await expect(host.call("services", undefined)).resolves.toEqual([]);
  close();
});
