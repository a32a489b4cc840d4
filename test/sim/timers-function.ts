/**
 * The timers' function: the last leg of each timer in AWS. It runs the product's `TimersFunction` (runtime/timers/timers-function.ts) in
 * environments of its own. Each is an actor with its own clock, and has one timer at a time.
 *
 * **What it does not do**: the delay queue and the Scheduler are in timers.ts; batches are left out, since the timers of one are
 * forwarded independently of each other.
 *
 * **What can happen to a delivery.** Its reads, what it sends and what it sets again are requests as any actor's. They are
 * refused, late or take effect unheard, its reads may lag, and its clock differs. The queue deletes the timer only when
 * it has returned. It dies
 * 1. before its first request, between two, or with a refused one: nothing has happened, and the timer is delivered again;
 * 2. after it has sent: the timer is delivered again. The mailbox takes the second message for the first one's double, or after five
 *    minutes for a message of its own;
 * 3. after it has set the timer again: there are two timers.
 *
 * **Why a timer that is dropped wrongly is found.** Only here a timer can end without a message.
 * 1. What a run asks for must end when faults have stopped, without the reconciler (L1, M1 in checkers.ts). So if the dropped
 *    timer was the only word of what waits, the run fails: nothing else will move it.
 * 2. If it was not the only word, dropping it was no fault.
 * 3. So a fault is found as soon as a run has a timer that is the only word. Guards that bear a caller are so where the caller's turn
 *    dies, or ends, between the append that follows its call and the end of its callee, which knows no caller (R28). The small history
 *    "called in memory" comes to that in one run of twenty.
 * Before, what fired became a message of its own accord. So the dispatcher had every guard, and no seed could find that the function
 * had dropped one (docs/decisions/0021-waits-in-memory.md, rule 8).
 */
import { OperationalError } from "../../lib/errors.ts";
import { GUARD_PASS_CLOSING_MS } from "../../lib/limits/guards.ts";
import { Prng } from "../../lib/prng.ts";
import { passIn } from "../../lib/store/guard-table.ts";
import { TimersFunction } from "../../runtime/timers/timers-function.ts";
import type { Actor } from "./actor.ts";
import type { Platform, World } from "./platform.ts";
import { whoRuns } from "./scheduler.ts";
import type { Timer, TimerService } from "./timers.ts";

/** The share of runs that are as on one machine. */
const DIRECT_TIMERS = 0.25;
/** As the stack has it (infra/runtime.ts). */
const TIMEOUT_MS = 30_000;
/** The most requests that one timer needs: two reads, and what it sends. */
const REQUESTS_MAX = 3;
/** The same of a pass over guards: what is said of the passes, a page of each shard, some guards, the next pass. */
const PASS_REQUESTS_MAX = 24;

interface Environment {
  readonly actor: Actor;
  readonly runs: TimersFunction;
  busy: boolean;
  /** What it has done with the timer at hand. */
  did: "dropped" | "sent" | "set again";
}

/** What has the timers that fire. `undefined`: there is no function, as on one machine. */
export const forwarderOf = (
  world: World,
  platform: Platform,
  { directTimers }: { readonly directTimers?: boolean },
): TimerService["forward"] =>
  (world.hasGuardTable ? false : (directTimers ?? drawsDirectTimers(world.seed)))
    ? undefined
    : new TimersFunctions(world, platform).deliver;

/** From a stream of its own: so all other draws of the seed stay as they are. */
const drawsDirectTimers = (seed: number): boolean => new Prng(seed, "direct timers").chance(DIRECT_TIMERS);

class TimersFunctions {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #prng: Prng;
  readonly #environments: Environment[] = [];

  constructor(world: World, platform: Platform) {
    this.#world = world;
    this.#platform = platform;
    this.#prng = new Prng(world.seed, "timers function");
  }

  readonly deliver = (timer: Timer, giveBack: () => void): void => {
    const { faults, scheduler, trace, observer } = this.#world;
    const environment = this.#environment();
    const { actor, runs } = environment;
    const requests = passIn(timer.message) === undefined ? REQUESTS_MAX : PASS_REQUESTS_MAX;
    environment.busy = true;
    environment.did = "dropped";
    if (faults.strike("timers-crash"))
      actor.crashAt = {
        effect: actor.effects + this.#prng.int(1, requests),
        when: this.#prng.chance(0.5) ? "before" : "after",
      };
    const stop = scheduler.after(TIMEOUT_MS, () => {
      trace.add(actor.name, "times out");
      actor.die();
    });
    let isOver = false;
    const end = (again: boolean): void => {
      if (isOver) return;
      isOver = true;
      stop();
      if (again) giveBack();
    };
    actor.onDeath(() => end(true));
    const ended = (again: boolean): void => {
      if (!actor.alive) return;
      end(again || faults.strike("ack-lost"));
      actor.crashAt = undefined;
      environment.busy = false;
    };
    whoRuns
      .run(actor, () => runs.take(timer, scheduler.nowMs + actor.skewMs + TIMEOUT_MS - GUARD_PASS_CLOSING_MS))
      .then(
        () => {
          observer.count(`timer ${environment.did}`);
          ended(false);
        },
        (error: unknown) => {
          if (!(error instanceof OperationalError))
            observer.fail("ERROR", `${actor.name}: ${(error as Error).stack}`);
          ended(true);
        },
      );
  };

  #environment(): Environment {
    const free = this.#environments.find(({ busy }) => !busy);
    if (free) return free;
    const actor = this.#platform.actor("timers");
    const { mailbox, timers, ...ports } = this.#platform.timerPorts(actor);
    const hasGuardTable = this.#world.hasGuardTable;
    const does = (what: Environment["did"]): void => void (environment.did = what);
    const environment: Environment = {
      ...{ actor, busy: false, did: "dropped" },
      runs: new TimersFunction({
        ...{ ...ports, hasGuardTable },
        mailbox: { sendBatch: (messages) => (does("sent"), mailbox.sendBatch(messages)) },
        timers: { schedule: (timer) => (does("set again"), timers.schedule(timer)) },
        passTimers: timers,
      }),
    };
    this.#environments.push(environment);
    actor.onDeath(() => void this.#environments.splice(this.#environments.indexOf(environment), 1));
    return environment;
  }
}
