/**
 * Services with mailboxes of their own, and moves between mailboxes with work in flight: no two messages of a group are handled at
 * once, they begin in their order, and none is lost. Each process has a cache of its own; some die, and answers are lost.
 */
import { describe, expect, test } from "vitest";
import { VirtualTime } from "../../../bench/model/virtual-time.ts";
import { OperationalError } from "../../../lib/errors.ts";
import { groupOf, invocationId, noteGroupOf, serviceTag } from "../../../lib/model/ids.ts";
import type { Incoming, Outgoing } from "../../../lib/model/message.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { type OwnMailbox, OwnMailboxes } from "../../../lib/store/own-mailboxes.ts";
import { Intake } from "../../../runtime/dispatcher/intake.ts";
import type { Keeper } from "../../../runtime/dispatcher/delivery.ts";
import { moveMailbox } from "../../../runtime/registrar/mailbox-move.ts";
import { Prng } from "../../../lib/prng.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { Fifo } from "./fifo.ts";

const SHARED = "shared";
const OWN = "own";
const OTHER = "other";
const HIDDEN_MS = 30_000;
const always: Keeper = { holds: () => true, finish: () => undefined };

const idOf = (service: string, key: number) => invocationId(service, `${key}`, new Uint8Array(14).fill(key));

class World {
  readonly time = new VirtualTime();
  readonly queues: Readonly<Record<string, Fifo>>;
  readonly items = new MemoryItemStore();
  readonly mailboxes = new OwnMailboxes(this.items, this.time, true);
  /** Bodies in the order in which they were begun for the first time, by group. */
  readonly begun = new Map<string, string[]>();
  /** In which queue. */
  readonly handledIn = new Set<string>();
  readonly faults: string[] = [];
  readonly #prng: Prng;
  readonly #running = new Set<string>();
  #stopped = false;
  /** Whether things fail. */
  fails = true;
  turnMsMax = 800;

  constructor(seed: number) {
    this.#prng = new Prng(seed, "own mailbox");
    const made = [SHARED, OWN, OTHER].map((name) => [name, new Fifo(this.time)] as const);
    this.queues = Object.fromEntries(made);
    for (const [, queue] of made) {
      queue.beforeAnswer = () => {
        if (this.#chance(0.05)) throw new OperationalError("unavailable", "the answer was lost");
      };
    }
  }

  #chance = (of: number): boolean => this.fails && this.#prng.chance(of);

  queue(name: string): Fifo {
    const queue = this.queues[name];
    if (!queue) throw new Error(`no queue ${name}`);
    return queue;
  }

  /** One environment of the dispatcher's function after the other, for one queue. */
  async consume(name: string): Promise<void> {
    const intake = new Intake({
      dispatcher: { handle: async (batch) => await this.#turns(batch, name) },
      mailbox: this.queue(SHARED),
      mailboxAt: (url) => this.queue(url),
      mailboxes: new OwnMailboxes(this.items, this.time, true),
      clock: this.time,
      logger: silentLogger,
    });
    while (!this.#stopped) {
      const batch = this.queue(name).receive(10 * 60_000, this.#prng.int(1, 3));
      if (batch.length === 0) await this.time.pause(this.#prng.int(20, 400));
      else {
        const failed = await intake.handle(batch, 60_000, always, name !== SHARED);
        // It dies before it can say so: all of it comes again.
        const again = this.#chance(0.1) ? batch.map(({ messageId }) => messageId) : failed;
        this.queue(name).settle(batch, again, again === failed ? 1000 : HIDDEN_MS);
      }
    }
  }

  async #turns(batch: readonly Incoming[], queue: string): Promise<string[]> {
    const groups = Map.groupBy(batch, ({ group }) => group);
    const failed = [...groups].map(async ([group, messages]) => {
      for (const [at, { body }] of messages.entries()) {
        if (this.#running.has(group)) this.faults.push(`${body} is handled beside another one of ${group}`);
        this.#running.add(group);
        const begun = this.begun.get(group) ?? [];
        if (!begun.includes(body)) this.begun.set(group, [...begun, body]);
        this.handledIn.add(`${queue} ${body}`);
        await this.time.pause(this.#prng.int(1, this.turnMsMax));
        this.#running.delete(group);
        if (this.#chance(0.1)) return messages.slice(at).map(({ messageId }) => messageId);
      }
      return [];
    });
    return (await Promise.all(failed)).flat();
  }

  async send(group: string, body: string): Promise<void> {
    const message: Outgoing = { group, dedup: body, body };
    await this.queue(SHARED)
      .sendBatch([message])
      .catch(() => undefined);
  }

  async move(url: string | undefined, urlBefore: string | undefined): Promise<void> {
    const ports = { mailboxes: this.mailboxes, clock: this.time };
    const depth = async (of: string): Promise<number> => await Promise.resolve(this.queue(of).depth);
    const wish = { services: ["Slow"], ...(url ? { url } : {}), ...(urlBefore ? { urlBefore } : {}) };
    await moveMailbox({ ...ports, depth, areExpected: true }, wish);
  }

  /** Until nothing is left. */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 3;) {
      await this.time.pause(5000);
      const left = Object.values(this.queues).some(({ depth }) => depth > 0) || this.#running.size > 0;
      idle = left ? 0 : idle + 1;
    }
    this.#stopped = true;
  }
}

const [slow, other, note] = [
  groupOf(idOf("Slow", 1)),
  groupOf(idOf("Fast", 1)),
  noteGroupOf(idOf("Slow", 2)),
];

describe.each(Array.from({ length: 10 }, (_, seed) => seed))("seed %i", (seed) => {
  test("a service that moves with work in flight keeps its order, and its single writers", async () => {
    const world = new World(seed);
    const { time } = world;
    const prng = new Prng(seed, "moves");
    const groups = [slow, groupOf(idOf("Slow", 2)), note, other];
    const sent = new Map<string, string[]>();
    const sending = async (): Promise<void> => {
      for (let n = 0; n < 300; n++) {
        const group = prng.pick(groups);
        const body = `${n}`;
        sent.set(group, [...(sent.get(group) ?? []), body]);
        await world.send(group, body);
        // In bursts, so that several processes are at one group's messages.
        await time.pause(prng.chance(0.9) ? prng.int(0, 500) : prng.int(0, 30_000));
      }
    };
    const moving = async (): Promise<void> => {
      let before: string | undefined;
      for (let n = 0; n < 8; n++) {
        await time.pause(prng.int(0, 30_000));
        const to = [undefined, OWN, OTHER][prng.int(0, 2)];
        // What is refused leaves all as it was.
        await world.move(to, before).then(
          () => void (before = to),
          () => undefined,
        );
      }
    };
    const consumers = [SHARED, SHARED, SHARED, SHARED, OWN, OWN, OTHER].map(
      async (queue) => await world.consume(queue),
    );
    await time.run(
      Promise.all([sending(), moving()])
        .then(() => {
          world.fails = false;
        })
        .then(async () => await world.settle()),
    );
    await time.run(Promise.all(consumers));
    expect(world.faults).toEqual([]);
    for (const [group, bodies] of sent) expect(world.begun.get(group)).toEqual(bodies);
  });
});

describe("one service's mailbox", () => {
  const settled = async (world: World, work: () => Promise<void>): Promise<void> => {
    const consumers = [SHARED, OWN].map(async (queue) => await world.consume(queue));
    await world.time.run(work().then(async () => await world.settle()));
    await world.time.run(Promise.all(consumers));
  };

  test("has the service's messages, and no other's", async () => {
    const world = new World(1);
    world.fails = false;
    await settled(world, async () => {
      await world.move(OWN, undefined);
      for (const group of [slow, note, other]) await world.send(group, group);
    });
    expect([...world.handledIn].toSorted()).toEqual(
      [`${OWN} ${slow}`, `${OWN} ${note}`, `${SHARED} ${other}`].toSorted(),
    );
  });

  test("is not left while it has messages: the deployment fails, and all is as it was", async () => {
    const world = new World(2);
    world.fails = false;
    world.turnMsMax = 400_000;
    await settled(world, async () => {
      await world.move(OWN, undefined);
      for (let n = 0; n < 10; n++) await world.send(slow, `${n}`);
      await world.time.pause(1000);
      await expect(world.move(undefined, OWN)).rejects.toThrow(
        /the mailbox of Slow still has \d+ messages: deploy again/,
      );
      expect(await world.mailboxes.now("Slow")).toEqual({ service: "Slow", url: OWN, heldUntilMs: 0 });
    });
    expect(world.begun.get(slow)).toHaveLength(10);
  });

  test("is entered when every process knows of it, and until then what knows of it holds", async () => {
    const world = new World(6);
    const handledBy: string[] = [];
    const process = (name: string) =>
      new Intake({
        dispatcher: { handle: async () => await Promise.resolve(handledBy.push(name)).then(() => []) },
        mailbox: world.queue(SHARED),
        mailboxAt: (url) => world.queue(url),
        mailboxes: new OwnMailboxes(world.items, world.time, true),
        ...{ clock: world.time, logger: silentLogger },
      });
    const [stale, fresh] = [process("stale"), process("fresh")];
    const message = { messageId: "m", group: slow, sequence: "1", receiveCount: 1, body: "a" };
    const deliver = async (to: Intake) => (await to.handle([message], 1000, always, false)).length;
    await world.time.run(
      (async () => {
        await deliver(stale);
        const moved = world.move(OWN, undefined);
        await world.time.pause(9000);
        expect([await deliver(stale), await deliver(fresh)]).toEqual([0, 1]);
        await world.time.pause(4000);
        expect([await deliver(stale), await deliver(fresh)]).toEqual([1, 1]);
        expect(world.queue(OWN).depth).toBe(0);
        await moved;
        await world.time.pause(10_000);
        expect([await deliver(stale), await deliver(fresh)]).toEqual([0, 0]);
      })(),
    );
    expect(handledBy).toEqual(["stale", "stale"]);
    expect(world.queue(OWN).depth).toBe(1);
  });

  test("a move whose process has died ends by itself", async () => {
    const world = new World(3);
    world.fails = false;
    await settled(world, async () => {
      const heldUntilMs = world.time.now() + 15 * 60_000;
      await world.mailboxes.put({ service: "Slow", url: OWN, heldUntilMs });
      await world.send(slow, "waits");
      await world.time.pause(14 * 60_000);
      expect([...world.handledIn]).toEqual([]);
    });
    expect([...world.handledIn]).toEqual([`${OWN} waits`]);
  });

  test("is looked for once, where the stack says that there is none: it may say so too early", async () => {
    const world = new World(7);
    const mailboxes = (areExpected: boolean) => new OwnMailboxes(world.items, world.time, areExpected);
    const unaware = mailboxes(false);
    expect(await unaware.of(serviceTag("Slow"))).toBeUndefined();
    const reads = world.items.counts.gets.registry;
    await world.mailboxes.put({ service: "Slow", url: OWN, heldUntilMs: 0 });
    expect(await unaware.of(serviceTag("Slow"))).toBeUndefined();
    expect(world.items.counts.gets.registry).toBe(reads);
    expect(await mailboxes(false).of(serviceTag("Slow"))).toMatchObject({ url: OWN });
    expect(await world.mailboxes.all()).toEqual([{ service: "Slow", url: OWN, heldUntilMs: 0 }]);
  });

  test("is not made where the stack expects none", async () => {
    const world = new World(8);
    const ports = { mailboxes: world.mailboxes, clock: world.time, areExpected: false };
    const depth = async (): Promise<number> => await Promise.resolve(0);
    const moved = moveMailbox({ ...ports, depth }, { services: ["Slow"], url: OWN });
    await expect(moved).rejects.toThrow("set its `ownMailboxes`");
    expect(await world.mailboxes.all()).toEqual([]);
  });

  test("nothing is handled while it is not known where", async () => {
    const world = new World(4);
    const unreadable = { of: async (): Promise<OwnMailbox> => await Promise.reject(new Error("throttled")) };
    const intake = new Intake({
      dispatcher: { handle: async () => await Promise.reject(new Error("handled")) },
      mailbox: world.queue(SHARED),
      mailboxAt: (url) => world.queue(url),
      ...{ mailboxes: unreadable, clock: world.time, logger: silentLogger },
    });
    await world.send(slow, "a");
    const batch = world.queue(SHARED).receive(1000);
    expect(await intake.handle(batch, 1000, always, false)).toEqual(batch.map(({ messageId }) => messageId));
  });

  test("what has lost its place there gets a new one in the runtime's mailbox", async () => {
    const world = new World(5);
    world.fails = false;
    await settled(world, async () => {
      await world.move(OWN, undefined);
      await world.queue(OWN).sendBatch([{ group: slow, dedup: "by hand", body: "by hand" }]);
    });
    expect([...world.handledIn]).toEqual([`${OWN} by hand`]);
    expect(world.begun.get(slow)).toEqual(["by hand"]);
  });
});
