/**
 * A version that an open invocation is pinned to never retires: whatever is deployed, rolled back, begun, moved to new code and ended, in any
 * order and also between two pages of a reconciler's pass, which may take several runs.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemEntropy } from "../../lib/entropy.ts";
import { REGISTRAR_MINUTES_MAX, TURN_TIMEOUT_MINUTES_MAX } from "../../lib/limits/aws.ts";
import { headAttributes, newHead } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId, journalPartition, type InvocationId, UNIQUE_SIZE } from "../../lib/model/ids.ts";
import type { Deployment } from "../../lib/model/manifest.ts";
import { silentLogger } from "../../lib/ports.ts";
import { OperationalError } from "../../lib/errors.ts";
import { movable, moveTo } from "../../lib/store/head/rest.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { runPass } from "../../runtime/reconciler/pass.ts";
import { type HeadPages, Reconciler } from "../../runtime/reconciler/reconciler.ts";
import { MemoryItemStore } from "../support/memory-item-store.ts";
import { ManualClock } from "../unit/local/manual-clock.ts";
import { tries } from "./tries.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What a turn may take from the registry before it writes its head. */
const PINNING_MS = TURN_TIMEOUT_MINUTES_MAX * MINUTE_MS;
/** A registrar moves for as long as it runs. */
const MOVING_MS = REGISTRAR_MINUTES_MAX * MINUTE_MS;

type Command =
  | { readonly do: "deploy" }
  | { readonly do: "pass" }
  | { readonly do: "back" | "begin" | "move" | "end"; readonly which: number }
  | { readonly do: "wait"; readonly ms: number };

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.oneof(
    fc.constantFrom({ do: "deploy" } as const, { do: "pass" } as const),
    fc.record({
      do: fc.constantFrom("back" as const, "begin" as const, "move" as const, "end" as const),
      which: fc.nat(7),
    }),
    fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1000, 5 * MINUTE_MS, HOUR_MS, 13 * HOUR_MS, 25 * HOUR_MS),
    }),
  ),
  { minLength: 10, maxLength: 60 },
);

const service = { name: "Shop", type: "service", handlers: [{ name: "order", kind: "plain" }] } as const;

class World {
  readonly clock = new ManualClock();
  readonly items = new MemoryItemStore();
  readonly registry = new ItemRegistry(this.items, this.clock, 0);
  readonly removed: string[] = [];
  /** Of all that was begun and has not ended. */
  readonly open: InvocationId[] = [];
  /** What new invocations went to, since when. */
  readonly served: { readonly id: string; untilMs: number }[] = [];
  readonly #left: Command[];
  #begun = 0;
  #deployed = 0;
  #isInPass = false;

  constructor(asked: readonly Command[]) {
    this.#left = [...asked];
  }

  async run(): Promise<void> {
    await this.#deploy();
    while (await this.#next());
  }

  async #next(): Promise<boolean> {
    const command = this.#left.shift();
    if (command) await this.#do(command);
    for (const id of this.open) {
      const deployment = (await readHead(this.items, id))?.head.deployment ?? "";
      const known = (await this.registry.deployments()).map((each) => each.id);
      expect(known).toContain(deployment);
      expect(this.removed).not.toContain(addressOf(deployment));
    }
    return command !== undefined;
  }

  async #do(command: Command): Promise<void> {
    if (command.do === "deploy") await this.#deploy();
    else if (command.do === "pass") await this.#pass();
    else if (command.do === "wait") this.clock.set(this.clock.now() + command.ms);
    else if (command.do === "back") await this.#back(command.which);
    else if (command.do === "begin") await this.#begin(command.which);
    else await this.#withOne(command.do, command.which);
  }

  async #deploy(): Promise<void> {
    const id = `dp_${++this.#deployed}`;
    await this.#register({ id, address: addressOf(id), createdAtMs: this.clock.now(), services: [service] });
  }

  /** A rollback. What is being retired refuses it. */
  async #back(which: number): Promise<void> {
    const known = await this.registry.deployments();
    const deployment = known[which % known.length];
    if (deployment) await this.#register(deployment);
  }

  async #register(deployment: Deployment): Promise<void> {
    try {
      await this.registry.register(deployment);
    } catch (error) {
      if (error instanceof OperationalError) return;
      throw error;
    }
    const last = this.served.at(-1);
    if (last) last.untilMs = this.clock.now();
    this.served.push({ id: deployment.id, untilMs: Number.POSITIVE_INFINITY });
  }

  /** Its turn has read the registry some minutes ago. */
  async #begin(which: number): Promise<void> {
    const recent = this.#servedSince(PINNING_MS);
    const deployment = recent[which % recent.length] ?? "";
    const id = invocationId("Shop", undefined, new Uint8Array(UNIQUE_SIZE).fill(++this.#begun));
    const start = {
      ...({ kind: "start", id, incarnation: 0, origin: "o", acceptedAtMs: 1, headers: {} } as const),
      ...{ target: { service: "Shop", handler: "order" }, input: new Uint8Array(1) },
    };
    const attributes = {
      ...newHead(start, { deployment }),
      ...headAttributes({ status: "suspended", modifiedAtMs: 1 }),
    };
    await this.items.write({ op: "put", key: headKey(id), attributes });
    this.open.push(id);
  }

  #servedSince(ms: number): readonly string[] {
    return this.served.filter(({ untilMs }) => untilMs >= this.clock.now() - ms).map(({ id }) => id);
  }

  async #withOne(what: "move" | "end", which: number): Promise<void> {
    const at = which % Math.max(this.open.length, 1);
    const id = this.open[at];
    const head = id && (await readHead(this.items, id))?.head;
    if (!id || !head) return;
    if (what === "end") {
      this.open.splice(at, 1);
      await this.items.write({ op: "put", key: headKey(id), attributes: { ...(await this.#completed(id)) } });
      return;
    }
    const recent = this.#servedSince(MOVING_MS);
    const deployment = recent[which % recent.length];
    const ports = { items: this.items, clock: this.clock, entropy: systemEntropy };
    if (deployment !== undefined) expect(await moveTo(ports, id, movable(head), deployment)).toBe(true);
  }

  async #completed(id: InvocationId) {
    return { ...(await this.items.get(headKey(id))), ...headAttributes({ status: "completed" }) };
  }

  /** Between two heads others go on. */
  async #pass(): Promise<void> {
    if (this.#isInPass) return;
    this.#isInPass = true;
    const { items, clock, registry } = this;
    const heads: HeadPages = {
      page: async (after = "") => {
        if (this.#left.length % 3 > 0) await this.#next();
        clock.set(clock.now() + 1000);
        const ids = Array.from({ length: this.#begun }, (_, n) =>
          invocationId("Shop", undefined, new Uint8Array(UNIQUE_SIZE).fill(n + 1)),
        );
        const [pk, next] = ids
          .map(journalPartition)
          .toSorted()
          .filter((each) => each > after);
        const id = ids.find((each) => journalPartition(each) === pk);
        const attributes = id && (await items.get(headKey(id)));
        return {
          items: pk !== undefined && attributes ? [{ pk, attributes }] : [],
          ...(pk !== undefined && next !== undefined ? { next: pk } : {}),
        };
      },
    };
    const mailbox = { sendBatch: () => Promise.resolve([]) };
    const reconciler = new Reconciler({
      ...{ items, heads, mailbox, clock, entropy: systemEntropy, logger: silentLogger },
    });
    const versions = { remove: async (address: string) => Promise.resolve(void this.removed.push(address)) };
    const retiring = { registry, versions, clock, logger: silentLogger };
    await runPass({ items, clock, logger: silentLogger, reconciler, retiring }, clock.now() + 3000);
    this.#isInPass = false;
  }
}

const addressOf = (deployment: string): string => `arn:${deployment}`;

test("what an open invocation is pinned to stays", { timeout: 60_000 }, async () => {
  let retired = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (asked) => {
      const world = new World(asked);
      await world.run();
      retired += world.removed.length;
    }),
    { numRuns: tries(200, 5000) },
  );
  // Or nothing was tried.
  expect(retired).toBeGreaterThan(10);
});
