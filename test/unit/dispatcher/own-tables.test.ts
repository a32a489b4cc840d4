/**
 * After a restore the runtime has other tables than a pinned version's variables name. The store that it had lags behind no more: what
 * was written before the restore is in both.
 */
import { object, service, type Context, type ObjectContext } from "perdure";
import { beforeEach, describe, expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { parseHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Notify, Start } from "../../../lib/model/message.ts";
import { areNamedBy, type Resources, resourcesId } from "../../../lib/model/resources.ts";
import type { Invoker } from "../../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { OwnTablesInvoker } from "../../../runtime/aws/own-tables-invoker.ts";
import { notHere } from "../../../sdk/direct-door.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let ran: string[];
const waits = async (ctx: Context): Promise<string> => {
  await ctx.run("before", () => void ran.push("before"));
  const said = await ctx.signal<string>("go");
  await ctx.run("after", () => void ran.push("after"));
  return said;
};
const desk = service({
  name: "Desk",
  // No message is held for so long.
  options: { retryPolicy: { initialInterval: { hours: 1 } } },
  handlers: {
    waits,
    twice: async (ctx: Context) => [await ctx.signal<string>("go"), await ctx.signal<string>("again")],
    fails: async (ctx: Context) => {
      await ctx.signal<string>("go");
      await ctx.run("after", () => void ran.push("after"));
      throw new Error("on purpose");
    },
  },
});
const drawer = object({
  name: "Drawer",
  handlers: { waits: async (ctx: ObjectContext) => await ctx.signal<string>("go") },
});
const served = [desk, drawer];

const NOW: Resources = {
  ...{ journalTable: "journal-2", stateTable: "state-2", registryTable: "registry-2" },
  ...{ mailboxUrl: "http://localhost/mailbox.fifo", delayQueueUrl: "http://localhost/delay" },
};
const BEFORE: Resources = { ...NOW, journalTable: "journal", stateTable: "state", registryTable: "registry" };
const deployment = { id: "dp_1", address: "version 1", createdAtMs: 0, services: [] };

let world: DispatcherWorld;
let before: MemoryItemStore;
/** What the version was asked. */
let asked: TurnRequest[];

/** A version of a function. `variables`: what it was published with. An `earlier` one says nothing of where it runs. */
function version(variables: Resources, { earlier = false } = {}): Invoker {
  const endpoint = createEndpoint(served);
  const { clock } = world;
  return {
    invoke: async (_, request) => {
      asked.push(request);
      const used = (earlier ? undefined : request.resources) ?? variables;
      const notRun = earlier ? undefined : notHere(request, used);
      if (notRun) return notRun;
      const items = used.journalTable === NOW.journalTable ? world.items : before;
      const ports = {
        ...{ items, clock, registry: new ItemRegistry(world.items, clock), entropy: systemEntropy },
        mailbox: { sendBatch: async () => await Promise.resolve([]) },
      };
      const outcome = await endpoint.runTurn(request, ports);
      return earlier ? outcome : { ...outcome, resourcesId: request.resourcesId ?? resourcesId(used) };
    },
  };
}

function deployed(invoker: Invoker): void {
  const { items, clock } = world;
  const own = new OwnTablesInvoker(invoker, { items, clock, resources: NOW });
  world.invoke = (request) => own.invoke(deployment, request);
}

beforeEach(() => {
  [ran, asked] = [[], []];
  world = new DispatcherWorld(served);
  before = new MemoryItemStore();
  world.items.beforeWrite = async (write) => void (await before.write(write));
  deployed(version(NOW));
});

/** From now on the runtime and the old tables have nothing to do with each other. */
function moved(invoker: Invoker): void {
  world.items.beforeWrite = async () => await Promise.resolve();
  asked = [];
  deployed(invoker);
}

let unique = 0;
function startOf(path: string): Start {
  const [name = "", handler = "", key] = path.split("/");
  const id = invocationId(name, key, new Uint8Array(UNIQUE_SIZE).fill(++unique));
  const target = { service: name, handler, ...(key === undefined ? {} : { key }) };
  return {
    ...({ kind: "start", id, incarnation: 0, origin: `o${unique}`, target, headers: {} } as const),
    ...{ input: new Uint8Array(0), acceptedAtMs: world.clock.now() },
  };
}
const signal = (id: InvocationId, name = "go"): Notify => ({
  ...{ kind: "notify", id },
  note: {
    ...{ kind: "signalled", signal: name, delivery: `${name} to ${id}` },
    outcome: new TextEncoder().encode('"gone"'),
  },
});
async function suspended(path: string): Promise<InvocationId> {
  const start = startOf(path);
  await world.deliver(start);
  expect(await world.head(start.id)).toMatchObject({ status: "suspended" });
  return start.id;
}
const statusBefore = async (id: InvocationId): Promise<string | undefined> => {
  const item = await before.get(headKey(id));
  return item && parseHead(item).status;
};

describe("a version of today", () => {
  test("is told where the data is, once for each process, and ends there what it began elsewhere", async () => {
    const [one, other] = [await suspended("Desk/waits"), await suspended("Desk/waits")];
    moved(version(BEFORE));
    expect(await world.deliver(signal(one))).toBe(true);
    expect(await world.head(one)).toMatchObject({ status: "completed" });
    expect(await statusBefore(one)).toBe("suspended");
    expect(asked.map(({ resources }) => resources)).toEqual([undefined, NOW]);
    await world.deliver(signal(other));
    expect(await world.head(other)).toMatchObject({ status: "completed" });
    expect(asked.map(({ resources }) => resources)).toEqual([undefined, NOW, NOW]);
    expect(ran).toEqual(["before", "before", "after", "after"]);
  });

  test("costs no read where nothing has moved", async () => {
    const id = await suspended("Desk/waits");
    moved(version(NOW));
    world.items.resetCounts();
    await world.deliver(signal(id));
    // The note's.
    expect(world.items.counts.gets.journal).toBe(1);
  });

  test("that has no access to the delay queue need not know which one it is", () => {
    const { delayQueueUrl: _, ...without } = BEFORE;
    expect(areNamedBy(resourcesId(BEFORE), without)).toBe(true);
    expect(areNamedBy(resourcesId(NOW), without)).toBe(false);
    expect(areNamedBy(resourcesId({ ...BEFORE, delayQueueUrl: "other" }), BEFORE)).toBe(false);
  });
});

describe("an earlier version, on the tables that it always had", () => {
  const pausedAt = async (id: InvocationId) => {
    const head = await world.head(id);
    expect(head).toMatchObject({ status: "paused", failure: { code: 500 } });
    expect(head?.failure?.message).toContain("(RT1002)");
    expect(head?.failure?.message).toContain(NOW.journalTable);
    return head;
  };

  test.each(["Desk/waits", "Desk/twice", "Desk/fails", "Drawer/waits/a"])(
    "%s: what it says is not believed; the invocation is paused, with words",
    async (path) => {
      const id = await suspended(path);
      moved(version(BEFORE, { earlier: true }));
      expect(await world.deliver(signal(id))).toBe(true);
      await pausedAt(id);
      // Once: no attempt does better.
      expect(asked).toHaveLength(1);
    },
  );

  test("resumed on the newest deployment it ends, with the note that it had", async () => {
    const id = await suspended("Desk/waits");
    moved(version(BEFORE, { earlier: true }));
    await world.deliver(signal(id));
    deployed(version(NOW));
    await world.deliver({ kind: "resume", id, byOperator: true });
    expect(await world.head(id)).toMatchObject({ status: "completed" });
  });

  test("nor is it for an invocation that begins", async () => {
    moved(version(BEFORE, { earlier: true }));
    const start = startOf("Desk/waits");
    expect(await world.deliver(start)).toBe(true);
    expect((await pausedAt(start.id))?.input).toBeDefined();
  });

  test("nor when it has lost there, since the old tables are ahead", async () => {
    const id = await suspended("Desk/waits");
    moved(version(BEFORE, { earlier: true }));
    const ahead = version(BEFORE);
    await ahead.invoke(deployment, { ...(await lastRequest(id)), carried: [] });
    asked = [];
    await world.deliver(signal(id));
    await pausedAt(id);
  });

  /** A turn request as the dispatcher would make it. */
  const lastRequest = async (id: InvocationId): Promise<TurnRequest> => {
    let made: TurnRequest | undefined;
    const { invoke } = world;
    world.invoke = async (request) => {
      made = request;
      return await Promise.resolve<TurnOutcome>({ kind: "lost", reason: "unavailable: not yet" });
    };
    await world.deliver(signal(id));
    world.invoke = invoke;
    if (!made) throw new Error("no turn was asked for");
    return made;
  };

  test("on the runtime's own tables it is believed, for a read of the head", async () => {
    deployed(version(NOW, { earlier: true }));
    for (const path of ["Desk/waits", "Desk/twice", "Drawer/waits/b"]) {
      const id = await suspended(path);
      await world.deliver(signal(id));
      if (path === "Desk/twice") await world.deliver(signal(id, "again"));
      expect(await world.head(id)).toMatchObject({ status: "completed" });
    }
    const failing = await suspended("Desk/fails");
    await world.deliver(signal(failing));
    expect(await world.head(failing)).toMatchObject({ status: "backing-off" });
  });
});
