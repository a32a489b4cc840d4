/** The source door's function: environments that take one event at a time, each an actor with its own clock and registry cache. */
import { sourceAlias } from "../../lib/model/source-alias.ts";
import { answerSource, type SourceAnswer } from "../../runtime/events/source-function.ts";
import type { Actor } from "./actor.ts";
import type { Platform, World } from "./platform.ts";
import { Prng } from "../../lib/prng.ts";
import { whoRuns } from "./scheduler.ts";
import type { Ports } from "./side.ts";
import { Delivery } from "./source-delivery.ts";
import { type Delivered, eventOf, failedOf } from "./source-events.ts";
import type { SourceKind } from "./source-plan.ts";
import type { Subscribed } from "./source-watch.ts";

/** The function's timeout, as the product sets it. */
const DOOR_MS = 30_000;
/** It has some of it left for its records (`DOOR_SPARE_MS`), or none. */
const HURRIED_MS = 5200;

interface Environment {
  readonly actor: Actor;
  readonly ports: Ports;
}

export class SourceDoors {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #prng: Prng;
  readonly #free: Environment[] = [];

  constructor(world: World, platform: Platform) {
    this.#world = world;
    this.#platform = platform;
    this.#prng = new Prng(world.seed, "source doors");
  }

  /** Answers which ones come again. `undefined`: the source has heard nothing, so all of them do. */
  async deliver(
    of: Subscribed,
    kind: SourceKind,
    batch: readonly Delivered[],
  ): Promise<ReadonlySet<Delivered> | undefined> {
    const { faults, observer } = this.#world;
    const environment = this.#environment();
    const { actor } = environment;
    const delivery = new Delivery(of, batch);
    this.#begin(actor, of, delivery);
    const isHurried = faults.strike("source-hurried");
    const answer = await this.#answer(environment, delivery, {
      event: eventOf(kind, batch),
      alias: sourceAlias(of.plan.name, kind === "kafka-whole"),
      limitMs: isHurried ? this.#prng.between(0, HURRIED_MS) : DOOR_MS,
      isHurried,
    });
    if (answer === undefined || faults.strike("source-answer-lost")) return undefined;
    // It does not look at the list.
    const failed = kind === "kafka-whole" ? new Set<Delivered>() : failedOf(kind, answer.said, batch);
    if (typeof failed === "string") {
      observer.fail("E6", `${of.plan.name} is answered about ${failed}, which was not in its batch`);
      return undefined;
    }
    const wrong = answer.hadTime ? delivery.violation(failed) : undefined;
    if (wrong) observer.fail(wrong.rule, wrong.message);
    observer.count(failed.size === 0 ? "batch accepted" : "batch failed in part");
    return failed;
  }

  #begin(actor: Actor, { plan: { name } }: Subscribed, { records }: Delivery): void {
    const { faults, trace } = this.#world;
    trace.add(actor.name, "takes", `${name}: ${records.map(({ program }) => program.pid).join(" ")}`);
    if (!faults.strike("source-crash")) return;
    actor.crashAt = {
      effect: actor.effects + this.#prng.int(1, 12),
      when: this.#prng.chance(0.5) ? "before" : "after",
    };
  }

  /** `undefined`: it has died or thrown. */
  async #answer(
    environment: Environment,
    delivery: Delivery,
    asked: { readonly event: unknown; readonly alias: string; readonly limitMs: number; isHurried: boolean },
  ): Promise<{ readonly said: SourceAnswer; readonly hadTime: boolean } | undefined> {
    const { scheduler, trace, observer } = this.#world;
    const { actor, ports } = environment;
    const untilMs = scheduler.nowMs + asked.limitMs;
    let over = false;
    const dead = new Promise<undefined>((resolve) => {
      actor.onDeath(() => {
        if (!over) resolve(undefined);
      });
    });
    const stop = scheduler.after(asked.isHurried ? DOOR_MS : asked.limitMs, () => actor.die());
    const context = {
      invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:source-door:${asked.alias}`,
      getRemainingTimeInMillis: () => Math.max(0, untilMs - scheduler.nowMs),
    };
    const meter = { measure: (name: string) => observer.count(name), flush: () => undefined };
    const work = async (): Promise<SourceAnswer | undefined> => {
      try {
        return await answerSource({ ...delivery.ports(ports), meter }, asked.event, context);
      } catch (error) {
        this.#threw(actor, error);
        return undefined;
      }
    };
    const said = await Promise.race([whoRuns.run(actor, work), dead]);
    over = true;
    stop();
    if (!actor.alive) return undefined;
    actor.crashAt = undefined;
    this.#free.push(environment);
    trace.add(actor.name, "answers", JSON.stringify(said?.batchItemFailures ?? "an error"));
    return said && { said, hadTime: !asked.isHurried && untilMs - scheduler.nowMs > HURRIED_MS };
  }

  /** To whoever invoked it. What it throws on purpose is an `Error`, or what a store or the mailbox said. */
  #threw(actor: Actor, error: unknown): void {
    const { trace, observer } = this.#world;
    const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    trace.add(actor.name, "throws", message);
    observer.count("source door threw");
    if (name !== "Error" && name !== "OperationalError")
      observer.fail("ERROR", `the source door threw ${stack.split("\n").slice(0, 5).join(" | ")}`);
  }

  #environment(): Environment {
    for (let free = this.#free.pop(); free; free = this.#free.pop()) if (free.actor.alive) return free;
    const actor = this.#platform.actor("source");
    return { actor, ports: this.#platform.ports(actor) };
  }
}
