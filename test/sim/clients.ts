/** The outside of the engine: clients, the completers of awakeables, senders of signals, operators. */
import type { DoorPorts } from "../../lib/store/admission.ts";
import { spill } from "../../lib/store/value-store.ts";
import type { Note } from "../../lib/model/entry.ts";
import { OperationalError } from "../../lib/errors.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { parseAwakeableId } from "../../lib/model/ids.ts";
import { encodeOutcome, failure, success } from "../../lib/model/outcome.ts";
import { DeadLetterWatch } from "../../runtime/reconciler/dead-letters.ts";
import type { Actor } from "./actor.ts";
import { Door } from "./door.ts";
import { paddingOf, targetOf } from "./interpreter.ts";
import { Operators } from "./operators.ts";
import { type Accepted, KINDS, type Outside } from "./outside.ts";
import type { Platform, World } from "./platform.ts";
import { Prng } from "../../lib/prng.ts";
import type { AwakeableInstruction, SignalInstruction } from "./program.ts";
import { whoRuns } from "./scheduler.ts";
import type { Ports } from "./side.ts";
import type { Root } from "./requests.ts";

const TRIES_MAX = 60;

export class Clients implements Outside {
  readonly accepted: Accepted[] = [];
  /** Requests that are under way. */
  open = 0;
  readonly #world: World;
  readonly #platform: Platform;
  readonly #prng: Prng;
  readonly operators: Operators;
  readonly #door: Door;
  /** The number of each awakeable that was told. */
  readonly #told = new Map<string, number>();

  constructor(world: World, platform: Platform) {
    this.#world = world;
    this.#platform = platform;
    this.#prng = new Prng(world.seed, "clients");
    this.operators = new Operators(world, this);
    this.#door = new Door(world, platform, this);
  }

  /** Runs `work` as an actor of its own. */
  as(kind: "client" | "operator" | "reconciler", work: (ports: Ports, actor: Actor) => Promise<void>): void {
    const actor = this.#platform.actor(kind);
    this.open++;
    whoRuns
      .run(actor, () => work(this.#platform.ports(actor), actor))
      .catch((error: unknown) => {
        if (!(error instanceof OperationalError))
          this.#world.observer.fail("ERROR", `${actor.name}: ${(error as Error).stack}`);
      })
      .finally(() => this.open--);
  }

  submit(root: Root): void {
    const accepted: Accepted = { root, acceptances: [], repeated: false };
    this.accepted.push(accepted);
    if (root.door) return this.#door.submit(root, accepted);
    for (let time = 0; time < root.times; time++) {
      this.as("client", async (ports, actor) => {
        const { timers } = this.#platform.guardedPorts(actor);
        await this.#request({ ...ports, timers }, root, accepted);
      });
    }
  }

  async #request(ports: DoorPorts, root: Root, accepted: Accepted): Promise<void> {
    const { program, idempotencyKey, delayMs } = root;
    const input = new TextEncoder().encode(JSON.stringify(program));
    const request = {
      target: targetOf(program),
      handlerKind: KINDS[program.callee],
      input,
      headers: {},
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      ...(delayMs === undefined ? {} : { delayMs }),
    };
    const hasName = idempotencyKey !== undefined || KINDS[program.callee] === "workflow";
    let askedMs = 0;
    const acceptance = await this.insist(async (attempt) => {
      if (attempt > 0 && !hasName) accepted.repeated = true;
      askedMs = this.#world.scheduler.nowMs;
      return await this.#world.sides.of("client").accept(ports, request);
    });
    this.#world.observer.answered(acceptance.id, acceptance.incarnation, askedMs);
    accepted.acceptances.push(acceptance);
    this.#world.trace.add("client", acceptance.status, `${program.pid} as ${acceptance.id}`);
    if (accepted.acceptances.length === 1) this.interfere(acceptance.id, root);
  }

  /** Until it is not an operational error. */
  async insist<T>(attempt: (count: number) => Promise<T>): Promise<T> {
    for (let count = 0; ; count++) {
      try {
        return await attempt(count);
      } catch (error) {
        if (!(error instanceof OperationalError) || count > TRIES_MAX) throw error;
        await this.pause(this.#prng.between(10, 3000));
      }
    }
  }
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#world.scheduler.after(ms, resolve));
  }

  interfere(id: string, { outside, also = [] }: Root): void {
    for (const one of outside ? [outside, ...also] : also) this.operators.interfere(id, one);
  }

  /** An outsider has got an awakeable's id, and completes it, perhaps twice. */
  told(awakeable: string, { name, resolveAfterMs, times, rejects }: AwakeableInstruction): void {
    const address = parseAwakeableId(awakeable);
    if (!address) return this.#world.observer.fail("IDS", `not an awakeable id: ${awakeable}`);
    const { id, incarnation, index } = address;
    this.#toldOnce(`${id} ${incarnation} ${name}`, index);
    for (let time = 0; time < times; time++) {
      this.#world.scheduler.after(resolveAfterMs * (1 + this.#prng.unit() * time), () => {
        const value = new TextEncoder().encode(JSON.stringify(`${name} resolved${paddingOf(name)}`));
        const outcome = rejects ? failure(500, `${name} rejected`) : success(value);
        this.as("client", async (ports) => {
          const delivery = Buffer.from(ports.entropy.bytes(12)).toString("base64url");
          await this.insist(async () => {
            const held = await spill(ports, id, encodeOutcome(outcome), MESSAGE_PAYLOAD_BYTES_MAX);
            const note: Note = { kind: "signalled", signal: index, delivery, outcome: held };
            await this.#world.sides
              .of("client")
              .notify(ports, { kind: "notify", id, incarnation, note }, delivery);
          });
        });
      });
    }
  }

  /** Each attempt hands out the same id (0024). */
  #toldOnce(name: string, index: number): void {
    const before = this.#told.get(name) ?? index;
    this.#told.set(name, index);
    if (before !== index && !this.#world.sides.isMixed)
      this.#world.observer.fail("IDS", `awakeable ${name} was number ${before}, and is ${index} now`);
  }

  /** An outsider was asked for signals, and sends two. If asked again, two more. */
  signalled(id: string, { name, afterMs }: SignalInstruction): void {
    for (const time of [1, 2]) {
      this.#world.scheduler.after(afterMs * time, () => {
        this.as("client", async (ports) => {
          const delivery = Buffer.from(ports.entropy.bytes(12)).toString("base64url");
          const value = new TextEncoder().encode(JSON.stringify(`${name}, ${delivery}`));
          const outcome = encodeOutcome(success(value));
          const note: Note = { kind: "signalled", signal: name, delivery, outcome };
          await this.insist(
            async () =>
              await this.#world.sides.of("client").notify(ports, { kind: "notify", id, note }, delivery),
          );
        });
      });
    }
  }

  reconcile(then: () => void = () => undefined): void {
    this.as("reconciler", async (ports) => {
      await this.#watchDeadLetters(ports);
      const { poked } = await this.#world.sides.of("reconciler").reconcile(ports);
      this.#world.observer.count("reconciler run");
      if (poked > 0) this.#world.observer.count("reconciler poke");
      then();
    });
  }

  async #watchDeadLetters(ports: Ports): Promise<void> {
    const { queue, observer } = this.#world;
    const letters = queue.deadLetters.map((letter) => ({
      ...letter,
      remove: async () => {
        queue.deadLetters = queue.deadLetters.filter((each) => each !== letter);
        await Promise.resolve();
      },
    }));
    if (letters.length === 0) return;
    await this.insist(async () => {
      const batches = [letters];
      const deadLetters = { next: () => Promise.resolve(batches.pop() ?? []) };
      await new DeadLetterWatch({ ...ports, deadLetters }).run();
    });
    observer.count("dead letters watched");
    observer.acknowledged.watched(letters);
  }

  redeploy(version: number): void {
    this.as("operator", async (ports) => {
      this.#world.trace.add("operator", "deploys", `version ${version}`);
      await this.insist(async () => await ports.registry.register(this.#platform.deployment(version)));
    });
  }
}
