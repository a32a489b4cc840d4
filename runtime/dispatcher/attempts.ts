/**
 * Runs turns of one invocation until it is durably at rest: completed, suspended, backing off or paused (R7).
 *
 * The policy says whether a failed attempt is retried: at once, with the message held while the back-off is short, or by a
 * durable timer.
 */
import { rest } from "../../lib/store/head/rest.ts";
import { setRefusedAside } from "../events/refused.ts";
import { endAsItIs } from "../../lib/store/head/transitions.ts";
import { readHead, readHeadOrStub } from "../../lib/store/head-store.ts";
import { outgoing } from "../../lib/store/send.ts";
import type { Note } from "../../lib/model/entry.ts";
import { OperationalError } from "../../lib/errors.ts";
import {
  HELD_ATTEMPTS_MAX,
  HELD_BACKOFF_MS_MAX,
  REFUSALS_MAX,
  THROTTLED_HELD_MAX,
  THROTTLED_HELD_MS,
  THROTTLED_MS_MIN,
  THROTTLED_MS_SPREAD,
  TURN_AGAIN_MS_MIN,
  TURN_CLOSING_MS,
} from "../../lib/limits.ts";
import { coded } from "../../lib/error-codes.ts";
import { failure } from "../../lib/model/outcome.ts";
import {
  type AttemptState,
  type TurnFailure,
  type TurnOutcome,
  type TurnRequest,
  storableAttempt,
} from "../../lib/protocol.ts";
import { decodeWait } from "../../lib/model/wait.ts";
import { decideRetry, type RetryDecision } from "../../lib/retry.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Turns } from "../../lib/model/turns.ts";
import { isSameLane } from "../../lib/model/voucher.ts";
import { deathBy, type Died, type FailedTurn, mayPass, tooLargeAsDeath } from "../../lib/death.ts";
import { type Delivery, type DispatcherPorts, leftMs } from "./delivery.ts";
import { type HandlerPolicy, handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import type { KeyLock } from "./key-lock.ts";
import { Presence } from "./presence.ts";
import { countAttempt, isAsLeft, isOver, storableOutcome } from "./failed-attempt.ts";
import type { Invocation } from "./invocation.ts";
import { arrange, forgetTimers, repeatLastOutputs } from "../../lib/store/last-outputs.ts";
import { reply } from "../../lib/store/outputs.ts";
import { renew } from "../../lib/store/renewal.ts";
import { isStateEdit } from "../../lib/store/state-edit.ts";
import { runStateEdit } from "./state-edit.ts";
import { elapse } from "../../lib/ports.ts";
import { askedRelay, runRelayed } from "./relayed-turn.ts";
import { historyOf, storedIn, storedWithRunning, withEnded, withRefused } from "./turn-history.ts";
import { requestOf, withHeaders } from "./turn-request.ts";

/**
 * How the invocation is after its turns. `waiting`: it rests. `ended-as-owner`: its key's lock is to be passed on. `lost`: the
 * head has moved on without this turn, or nobody knows: look at it again, or give the message back.
 */
type Rested = "waiting" | "ended" | "ended-as-owner" | "lost";
/** Lost, for a reason that is not known to pass by itself. */
export interface Refused {
  readonly reason: string;
}

interface Attempt {
  readonly invocation: Invocation;
  readonly carried: readonly Note[];
  readonly ownsLock: boolean;
  readonly state: AttemptState;
  readonly presence?: Presence | undefined;
  /** As its turn has begun with it. */
  readonly began: Invocation;
  /** How the turns before this one went. */
  readonly turns: Turns;
  /** The notes that the head had then. Not if nobody knows with which head it began. */
  readonly hasSeenNotes: boolean;
}

export class Attempts {
  readonly #ports: DispatcherPorts;
  readonly #locks: KeyLock;

  constructor(ports: DispatcherPorts, locks: KeyLock) {
    this.#ports = ports;
    this.#locks = locks;
  }

  /** `carried`: notes that ride in the message and are in no list yet. `ownsLock`: the key's lock is its own already. */
  async run(
    invocation: Invocation,
    carried: readonly Note[],
    ownsLock: boolean,
    delivery: Delivery,
  ): Promise<Rested | Refused> {
    const presence = new Presence(this.#ports, this.#locks, { invocation, carried, ownsLock, delivery });
    try {
      return await this.#run({ invocation, carried, ownsLock, presence }, delivery);
    } finally {
      await presence.end();
    }
  }

  async #run(
    {
      invocation,
      carried,
      ownsLock,
      presence,
    }: Pick<Attempt, "invocation" | "carried" | "ownsLock" | "presence">,
    delivery: Delivery,
  ): Promise<Rested | Refused> {
    if (invocation.head) await renew(this.#ports, invocation.id, invocation.head);
    const history = historyOf(invocation, delivery);
    let attempt: Attempt = {
      ...{ invocation, presence, turns: history.turns },
      began: invocation,
      carried,
      ownsLock,
      hasSeenNotes: delivery.ended === undefined,
      state: { ...invocation.attempt, count: invocation.attempt.count + 1 },
    };
    for (let held = 0; ; held++) {
      if (leftMs(this.#ports, delivery) < 2 * TURN_CLOSING_MS) return "lost";
      const options = await handlerPolicyOf(this.#ports.registry, attempt.invocation);
      const ended = held === 0 ? delivery.ended : undefined;
      const fromMs = (ended && history.fromMs) ?? this.#ports.clock.now();
      const answer = ended ?? (await this.#invoke(attempt, options, delivery));
      if (answer === "let-go") return "waiting";
      const outcome = storableOutcome(tooLargeAsDeath(answer));
      const didFail = outcome.kind === "failed" || outcome.kind === "died";
      if (!didFail && outcome.kind !== "yielded") return await this.#settled(attempt, outcome, delivery);
      const turns = withEnded(attempt.turns, outcome, fromMs, this.#ports.clock.now());
      const ran = { ...attempt, turns };
      const next = didFail
        ? await this.#afterFailure(ran, outcome, options, held, delivery)
        : await this.#goOn(ran, outcome.length, delivery);
      if (typeof next === "string") return next;
      attempt = next;
    }
  }

  async #invoke(
    attempt: Attempt,
    { served, abortTimeoutMs, retentionMs, journalRetentionMs }: HandlerPolicy,
    delivery: Delivery,
  ): Promise<TurnOutcome | Died | "let-go"> {
    const { name: voucher } = delivery.voucher;
    const { target, length } = attempt.invocation;
    if (isStateEdit(attempt.invocation)) {
      return await runStateEdit(this.#ports, {
        invocation: attempt.invocation,
        ownsLock: attempt.ownsLock,
        voucher,
        retention: { retentionMs, journalRetentionMs },
      });
    }
    if (!served) {
      const message = coded("RT0011", `no deployment serves ${target.service}/${target.handler}`);
      return { kind: "failed", failure: { code: 503, message }, length, progress: false };
    }
    const { deployment } = served;
    const remainingMs = Math.min(abortTimeoutMs, leftMs(this.#ports, delivery) - TURN_CLOSING_MS);
    const request: TurnRequest = {
      ...(await withHeaders(this.#ports.items, requestOf(attempt, served), served)),
      ...{ remainingMs, retentionMs, journalRetentionMs, voucher },
    };
    const beganMs = this.#ports.clock.now();
    if (served.adopts && !served.relays)
      attempt.presence?.begin(deployment.id, storedWithRunning(attempt.turns, attempt.invocation, beganMs));
    try {
      this.#ports.meter?.measure("replayLength", length);
      if (!served.relays) return await this.#ports.invoker.invoke(deployment, request);
      const relay = askedRelay(this.#ports, abortTimeoutMs);
      return await runRelayed(this.#ports, deployment, { ...request, relay }, delivery);
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      return deathBy(error, this.#ports.logger, request.id);
    } finally {
      await attempt.presence?.settled();
      this.#ports.meter?.measure("turnTime", this.#ports.clock.now() - beganMs);
    }
  }

  async #settled(
    { invocation, presence }: Attempt,
    outcome: Exclude<TurnOutcome, { kind: "failed" | "yielded" }>,
    { voucher, receives }: Delivery,
  ): Promise<Rested | Refused> {
    const { id, incarnation, target } = invocation;
    if (outcome.kind === "lost") {
      const { reason } = outcome;
      const level = receives < REFUSALS_MAX ? "debug" : "warn";
      this.#ports.logger.log(level, "turn lost", { invocation: id, receives, reason });
      return mayPass(reason) ? "lost" : { reason };
    }
    if (outcome.kind === "suspended") {
      const before = arrangedBefore(invocation.head, voucher.name);
      await arrange(this.#ports, { id, incarnation, target }, decodeWait(outcome.wait), before);
      return "waiting";
    }
    this.#ports.meter?.measure("completed");
    if (invocation.head?.wait) await forgetTimers(this.#ports, invocation, invocation.head);
    if (outcome.outcome) await reply(this.#ports, id, outcome.replies, outcome.outcome);
    return outcome.ownsLock || presence?.ownsLock ? "ended-as-owner" : "ended";
  }

  /** After a turn that ran out of time between two steps: another, under this message while there is time, else under a
   * message of its own. It is not a failure, and does not count as one. */
  async #goOn(attempt: Attempt, length: number, delivery: Delivery): Promise<Attempt | Rested> {
    const invocation = attempt.invocation.reread(await readHead(this.#ports.items, attempt.invocation.id));
    if (isHalted(invocation) || invocation.length !== length) return "lost";
    if (leftMs(this.#ports, delivery) > TURN_AGAIN_MS_MIN)
      return { ...attempt, invocation, began: invocation, hasSeenNotes: true, state: { count: 1 } };
    return await this.#backOff({ ...attempt, invocation, state: { count: 0 } }, 0);
  }

  /** The next attempt, if it is made under this message; else how the invocation rests. */
  async #afterFailure(
    attempt: Attempt,
    failed: FailedTurn,
    options: HandlerPolicy,
    held: number,
    delivery: Delivery,
  ): Promise<Attempt | Rested> {
    const now = await readHeadOrStub(this.#ports.items, attempt.invocation.id);
    const invocation = attempt.invocation.reread(now.stored);
    if (isOver(now, failed)) return "lost";
    if (failed.kind === "failed" && invocation.length !== failed.length) return "lost";
    if (!isAsLeft(now.stored, attempt.invocation, delivery)) return "lost";
    if (failed.kind === "died" && invocation.head) {
      // It may have suspended before it died: then this message is looked at anew, as one in doubt.
      const appended = invocation.head.writer !== attempt.invocation.head?.writer;
      if (appended && invocation.head.status === "suspended") return "lost";
      await repeatLastOutputs(this.#ports, invocation.id, invocation.head);
    }
    const { state, decision } = this.#decide(attempt, failed, invocation.length, held, options);
    if (decision.kind === "retry" && held < HELD_ATTEMPTS_MAX && this.#canHold(decision.delayMs, delivery)) {
      await elapse(this.#ports.clock, decision.delayMs);
      return nextAttempt(attempt, invocation, state);
    }
    return await this.#rest({ ...attempt, invocation, state }, failed.failure, decision, options);
  }

  /** A throttled turn was not an attempt: it does not count, and ends nothing. */
  #decide(
    attempt: Attempt,
    failed: FailedTurn,
    length: number,
    held: number,
    { retryPolicy }: HandlerPolicy,
  ): { readonly state: AttemptState; readonly decision: RetryDecision } {
    if (failed.kind === "died" && failed.throttled) {
      this.#ports.meter?.measure("throttled");
      const state = { ...attempt.state, count: attempt.state.count - 1 };
      return { state, decision: { kind: "retry", delayMs: this.#throttledMs(held) } };
    }
    const state = countAttempt(attempt.state, failed, length > attempt.invocation.length);
    const { verdict, retryAfterMs } = failed.failure;
    const decision: RetryDecision = verdict
      ? { kind: verdict }
      : decideRetry(retryPolicy, state.count, retryAfterMs);
    this.#report(attempt, failed, decision);
    return { state, decision };
  }

  #report({ invocation, state }: Attempt, failed: FailedTurn, { kind }: RetryDecision): void {
    const { logger, meter } = this.#ports;
    const { service, handler } = invocation.target;
    logger.log(kind === "retry" ? "debug" : "warn", "attempt failed", {
      invocation: invocation.id,
      target: `${service}/${handler}`,
      attempt: state.count,
      next: kind,
      error: failed.failure.message,
    });
    meter?.measure("failed");
    if (kind === "retry") meter?.measure("retries");
  }

  #throttledMs(held: number): number {
    const part = (this.#ports.entropy.bytes(1)[0] ?? 0) / 256;
    if (held < THROTTLED_HELD_MAX) return Math.round(THROTTLED_HELD_MS * 2 ** held * (0.5 + part / 2));
    return Math.round(THROTTLED_MS_MIN + THROTTLED_MS_SPREAD * part);
  }

  /** Not after a turn that was let go of. The next one may run as long, and then nobody here remembers how many there were: an attempt
   * that counts must be in the head. */
  #canHold(delayMs: number, delivery: Delivery): boolean {
    return (
      delivery.ended === undefined &&
      delayMs <= HELD_BACKOFF_MS_MAX &&
      delayMs + 2 * TURN_CLOSING_MS < leftMs(this.#ports, delivery)
    );
  }

  /** Pauses what cannot be handled at all. `false`: it could not be written. */
  async pause(invocation: Invocation, failed: TurnFailure, carried: readonly Note[] = []): Promise<boolean> {
    if (invocation.head?.status === "completed") return true;
    const { count, begun } = invocation.attempt;
    const state = storableAttempt({ count: count + 1, begun });
    const options = await handlerPolicyOf(this.#ports.registry, invocation);
    const turns = withRefused(historyOf(invocation, {}).turns, failed, this.#ports.clock.now());
    const rested = await this.#rest(
      { invocation, began: invocation, hasSeenNotes: true, ownsLock: false, carried, state, turns },
      failed,
      { kind: "pause" },
      options,
    );
    return rested === "waiting";
  }

  async #rest(
    attempt: Attempt,
    failed: TurnFailure,
    decision: RetryDecision,
    retention: HandlerPolicy,
  ): Promise<Attempt | Rested> {
    const { invocation, carried, state } = attempt;
    if (decision.kind === "kill") return await this.#kill(attempt, failed, retention);
    if (decision.kind === "retry") return await this.#backOff(attempt, decision.delayMs, failed);
    if (!(await this.#holdsKey(attempt))) return "lost";
    this.#ports.meter?.measure("paused");
    const turns = storedIn(attempt.turns, invocation);
    const resting = { attempt: state, failure: failed, carried, seen: seenBy(attempt), turns };
    const rested = await rest(this.#ports, invocation, "paused", resting);
    if (rested === "noted") return await this.#goOnNoted(attempt);
    return rested === "rested" ? "waiting" : "lost";
  }

  /** A cancellation has come that the attempt has not seen: the next one takes it, at once. */
  async #goOnNoted(attempt: Attempt): Promise<Attempt | Rested> {
    const invocation = attempt.invocation.reread(await readHead(this.#ports.items, attempt.invocation.id));
    return isHalted(invocation) ? "lost" : nextAttempt(attempt, invocation, attempt.state);
  }

  async #backOff(attempt: Attempt, delayMs: number, failed?: TurnFailure): Promise<Attempt | Rested> {
    if (!(await this.#holdsKey(attempt))) return "lost";
    const { invocation, carried, state } = attempt;
    const { id, incarnation, length } = invocation;
    const dueAtMs = this.#ports.clock.now() + delayMs;
    const why = failed ? { failure: failed } : {};
    const turns = storedIn(attempt.turns, invocation);
    const resting = { attempt: state, ...why, carried, seen: seenBy(attempt), dueAtMs, turns };
    const rested = await rest(this.#ports, invocation, "backing-off", resting);
    if (rested === "noted") return await this.#goOnNoted(attempt);
    if (rested === "lost") return "lost";
    const cause = `backoff.${length}.${state.count}.${dueAtMs}`;
    await this.#ports.timers.schedule({
      atMs: dueAtMs,
      message: outgoing({ kind: "resume", id, incarnation, dueAtMs }, cause),
    });
    return "waiting";
  }

  /** R5: the lock before the head says that the invocation rests. */
  async #holdsKey({ invocation, ownsLock, presence }: Attempt): Promise<boolean> {
    const { holder } = invocation;
    return ownsLock || presence?.ownsLock || !holder || (await this.#locks.take(invocation.target, holder));
  }

  async #kill(
    { invocation, turns }: Attempt,
    { code, message, refused }: TurnFailure,
    retention: HandlerPolicy,
  ): Promise<Rested> {
    if (refused) await setRefusedAside(this.#ports, invocation, message);
    const outcome = failure(code, message);
    const head = await endAsItIs(this.#ports, invocation, outcome, retention, storedIn(turns, invocation));
    if (!head) return "lost";
    this.#ports.traces?.ended(invocation.id, head, outcome, invocation.start);
    await reply(this.#ports, invocation.id, head.replies, outcome);
    return "ended-as-owner";
  }
}

const seenBy = ({ began, carried, hasSeenNotes }: Attempt): readonly Note[] => [
  ...(hasSeenNotes ? (began.head?.notes ?? []) : []),
  ...carried,
];

/** Only a message that was delivered since, in the same lane, vouches for what was arranged at the last suspension. */
function arrangedBefore(head: Head | undefined, message: string): Head["wait"] {
  const { status, leftBy, wait } = head ?? {};
  return status === "suspended" && (leftBy === undefined || isSameLane(leftBy, message)) ? wait : undefined;
}

/** No turn of it may begin: it has ended, or an operator has paused it meanwhile. */
const isHalted = ({ head }: Invocation): boolean => head?.status === "completed" || head?.status === "paused";

const nextAttempt = (attempt: Attempt, invocation: Invocation, state: AttemptState): Attempt => ({
  ...attempt,
  invocation,
  began: invocation,
  hasSeenNotes: true,
  state: { ...state, count: state.count + 1 },
});
