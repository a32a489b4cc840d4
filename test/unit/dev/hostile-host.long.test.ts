/** A real host process whose handlers use its pipe for themselves. Its neighbours' turns and the engine go on. */
import { afterEach, expect, test } from "vitest";
import type { Deployment } from "../../../lib/model/manifest.ts";
import { systemClock } from "../../../lib/clock.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { HostPool } from "../../../runtime/dev/hosts/host-pool.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import { turnRequest } from "./turn.ts";

const BUNDLE = `
import { writeSync } from "node:fs";
import { createServer } from "node:net";
class OperationalError extends Error {}
const done = (value) => ({ kind: "completed", ownsLock: false, replies: [], value });
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const handlers = {
  ok: () => done("ok"),
  frames: async () => {
    process.send([[1, 1, "x"], [0, 5, "write", null], "junk", null, [2, 1, null], [0, 6, "query", null], [0, 7, "toString", 1]]);
    process.send([null]);
    process.send([[2, 1, null]]);
    process.send({ uncaughtError: 5 });
    process.send("text");
    await later(50);
    return done("sent");
  },
  internal: async () => {
    process.send({ cmd: "NODE_HANDLE_ACK" });
    process.send({ cmd: "NODE_HANDLE_NACK" });
    process.send({ cmd: "NODE_OTHER" });
    await later(50);
    return done("sent");
  },
  handle: async () => {
    const server = createServer().listen(0);
    await later(20);
    process.send("a server", server);
    await later(50);
    server.close();
    return done("sent");
  },
  bytes: async () => {
    writeSync(Number(process.env.NODE_CHANNEL_FD ?? 3), Buffer.from([0, 0, 0, 5, 1, 2, 3, 4, 5]));
    await later(5000);
  },
};
export const endpoint = {
  discover: () => ({ version: 1, sdkVersion: "0", services: [] }),
  runTurn: async (request) => handlers[request.target.handler](),
};
export { OperationalError };
`;

const deployment: Deployment = { id: "dp_test", address: "dp_test", createdAtMs: 0, services: [] };
const pools: HostPool[] = [];
const uncaught: unknown[] = [];
const note = (error: unknown): void => void uncaught.push(error);
process.on("uncaughtException", note);

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
  expect(uncaught.splice(0)).toEqual([]);
});

function poolOf() {
  const database = openDatabase(":memory:");
  const items = new LocalItemStore(database);
  const mailbox = new LocalMailbox(database);
  const ports = {
    items,
    mailbox,
    timers: new LocalTimers(database, mailbox),
    invoker: { invoke: () => Promise.reject(new Error("nothing is invoked")) },
    registry: new ItemRegistry(items, systemClock),
  };
  const pool = new HostPool({
    ports,
    loadBundle: () => Promise.resolve(Buffer.from(BUNDLE)),
    output: () => undefined,
  });
  pools.push(pool);
  return (id: string, handler: string) => pool.invoke(deployment, turnRequest(id, handler));
}

test.each(["frames", "internal", "handle"])("%s of its own disturb nobody", async (handler) => {
  const run = poolOf();
  expect(await run("a", "ok")).toMatchObject({ value: "ok" });
  const [own, neighbour] = await Promise.all([run("b", handler), run("c", "ok")]);
  expect(own).toMatchObject({ value: "sent" });
  expect(neighbour).toMatchObject({ value: "ok" });
  expect(await run("d", "ok")).toMatchObject({ value: "ok" });
});

test("bytes in the pipe that are no message end that process, with words", async () => {
  const run = poolOf();
  expect(await run("a", "ok")).toMatchObject({ value: "ok" });
  await expect(run("b", "bytes")).rejects.toThrow("wrote something else into its pipe");
  expect(await run("c", "ok")).toMatchObject({ value: "ok" });
});
