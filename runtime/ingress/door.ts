/**
 * Runs the first turn of a call in the process that has accepted it, and answers from the turn (R27).
 *
 * docs/decisions/0020-turns-at-the-door.md has the rules and the crash points. Whatever this process does after the turn is done
 * again by the guard, should the process die: so its order is all that counts. What is answered is durable; and before a caller is told
 * the id of what goes on, there is a head, or a guard.
 */
import { attemptIn, deathBy, type Died, type FailedTurn } from "../../lib/death.ts";
import { asError, FunctionError, OperationalError } from "../../lib/errors.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { LiveTurns } from "../../lib/live-turns.ts";
import { DOOR_ALONE_MS, DOOR_LOOK_MS, DOOR_TURN_MS_MAX, DOOR_TURNS_MAX } from "../../lib/limits/http.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { isExclusive } from "../../lib/model/manifest.ts";
import { decodeWait, leavesOf } from "../../lib/model/wait.ts";
import { type Invoker, stopwatchOf, type Timers } from "../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import type { AcceptRequest } from "../../lib/store/admission.ts";
import { acceptAtDoor, type AtDoor } from "../../lib/store/door.ts";
import { earlyGuard, guardMs, guardTimer } from "../../lib/store/guard.ts";
import { guardedRequest } from "../../lib/store/guarded-turn.ts";
import { type HandlerPolicy, handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { arrange } from "../../lib/store/last-outputs.ts";
import { reply } from "../../lib/store/outputs.ts";
import { sendAll } from "../../lib/store/send.ts";
import type { HttpResponse } from "../http/message.ts";
import { IngressError } from "./error.ts";
import type { CallsAtDoor, Handling, IngressExchange, IngressPorts } from "./ports.ts";
import { answerOf, awaitResult, type AwaitedInvocation } from "./result.ts";

/** What a process must have to run turns. */
interface DoorTurnPorts extends IngressPorts {
  readonly invoker: Invoker;
  readonly timers: Timers;
}
type Running = Extract<AtDoor, { kind: "runs" }>;
type Served = NonNullable<HandlerPolicy["served"]>;
type Completed = Extract<TurnOutcome, { kind: "completed" }>;
interface Turn extends Running {
  readonly served: Served;
}
type Repeated = Extract<AtDoor, { kind: "repeats" }>;
/** A turn that runs here; a request that was made before; or neither: it goes by the queue. */
type Admitted =
  | { readonly turn: Turn; readonly running: Promise<Completed | undefined> }
  | { readonly repeat?: Repeated };

const hasPorts = (ports: IngressPorts): ports is DoorTurnPorts =>
  ports.invoker !== undefined && ports.timers !== undefined;

export class DoorTurns implements CallsAtDoor {
  readonly #ports: DoorTurnPorts;
  /** From before its guard is set, which may come at once where the clock jumps, until what follows from it is done. */
  readonly #live = new LiveTurns();
  readonly #open = new Set<Promise<unknown>>();
  /** Calls that are being admitted, and turns that run. */
  #taken = 0;

  private constructor(ports: DoorTurnPorts) {
    this.#ports = ports;
  }

  /** `undefined`: all calls go by the queue. */
  static over(ports: IngressPorts): DoorTurns | undefined {
    return hasPorts(ports) ? new DoorTurns(ports) : undefined;
  }

  /** Whether a turn of it runs here. */
  runs(id: InvocationId): boolean {
    return this.#live.has(id);
  }

  /** No turn is under way, nor what follows from one. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  async call(exchange: IngressExchange, request: AcceptRequest): Promise<HttpResponse | undefined> {
    if (isExclusive(request.handlerKind) || this.#taken >= DOOR_TURNS_MAX) return undefined;
    if (request.input.byteLength > MESSAGE_PAYLOAD_BYTES_MAX) return undefined;
    this.#taken++;
    const admitted = await this.#admit(exchange, request).catch((error: unknown) => {
      this.#taken--;
      throw error;
    });
    if (!("running" in admitted)) {
      this.#taken--;
      return admitted.repeat && (await this.#repeat(exchange, admitted.repeat));
    }
    const { turn, running } = admitted;
    // It goes on when its caller has gone.
    void running.catch(() => undefined).finally(() => this.#taken--);
    return await this.#answer(exchange, turn, running);
  }

  async #admit(exchange: IngressExchange, request: AcceptRequest): Promise<Admitted> {
    const { target, idempotencyKey } = request;
    const policy = await handlerPolicyOf(this.#ports.registry, { target, idempotencyKey });
    const { served } = policy;
    if (served?.guards !== true) return {};
    let end = (): void => undefined;
    const begins = (id: InvocationId): void => void (end = this.#live.begins(id));
    try {
      const admitted = await acceptAtDoor(this.#ports, request, served.deployment.id, begins);
      if (admitted.kind !== "runs") return admitted.kind === "repeats" ? { repeat: admitted } : {};
      const turn = { ...admitted, served };
      this.#ports.meter?.measure("accepted");
      return { turn, running: this.#track(turn, this.#run(turn, policy, exchange.callWaitMs)) };
    } finally {
      end();
    }
  }

  async #repeat(exchange: IngressExchange, { acceptance, head }: Repeated): Handling {
    const { id, incarnation } = acceptance;
    const subject: AwaitedInvocation = { id, incarnation, derived: true };
    const { outcome, target, deployment, expiresAtMs } = head;
    // An end is an end, and there is no state to wait for.
    return outcome
      ? await answerOf(this.#ports, subject, { outcome, target, deployment, expiresAtMs })
      : await awaitResult(exchange, subject);
  }

  /** From the turn; or, if that takes long or leaves the invocation to others, from the head, as for any other call. */
  async #answer(exchange: IngressExchange, turn: Turn, running: Promise<Completed | undefined>): Handling {
    const { ports, signal, callWaitMs } = exchange;
    const { id, incarnation, target } = turn.start;
    const sinceMs = stopwatchOf(ports).now();
    // What its first turn has left to others takes another time than what was left to them from the first.
    const about = `${target.service}/${target.handler} after its turn`;
    const subject: AwaitedInvocation = { id, incarnation, derived: incarnation !== 0, fresh: true, about };
    const over = new AbortController();
    let waiting: Handling | undefined;
    const wait = (): Handling =>
      (waiting ??= awaitResult(
        {
          ...exchange,
          signal: signal ? AbortSignal.any([signal, over.signal]) : over.signal,
          sinceMs,
        },
        subject,
      ));
    const ended = running.then(async (completed) =>
      completed ? await this.#told(turn, completed) : await wait(),
    );
    const { promise: late, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const look = (): void => void wait().then(resolve, reject);
    const cancel = ports.clock.after(Math.min(DOOR_LOOK_MS, callWaitMs), look);
    signal?.addEventListener("abort", look, { once: true });
    try {
      return await Promise.race([ended, late]);
    } catch (error) {
      if (error instanceof IngressError && error.status === 504) await this.#vouchFor(turn);
      throw error;
    } finally {
      cancel();
      signal?.removeEventListener("abort", look);
      // An abort makes an error with a stack, so not where nobody hears it.
      if (waiting) over.abort();
      // Whoever has lost the race has nobody to tell.
      ended.catch(() => undefined);
      late.catch(() => undefined);
    }
  }

  async #told({ start, served }: Turn, { outcome, expiresAtMs }: Completed): Handling {
    const { id, incarnation, target } = start;
    if (!outcome) throw new OperationalError("unavailable", `the turn of ${id} has answered no result`);
    const known = { target, deployment: served.deployment.id, outcome, expiresAtMs };
    return await answerOf(this.#ports, { id, incarnation, derived: incarnation !== 0 }, known);
  }

  async #track<T>({ start }: Turn, turn: Promise<T>): Promise<T> {
    const end = this.#live.begins(start.id);
    this.#open.add(turn);
    try {
      return await turn;
    } finally {
      end();
      this.#open.delete(turn);
    }
  }

  /** Runs the turn, and sees to what follows. `undefined`: the invocation goes on, or nobody knows. */
  async #run(turn: Turn, policy: HandlerPolicy, callWaitMs: number): Promise<Completed | undefined> {
    const outcome = await this.#invoke(turn, policy, callWaitMs);
    try {
      return await this.#settled(turn, outcome);
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      // The guard does it, if there is one.
      this.#say("what follows from a turn at the door waits for its guard", turn, error);
      return outcome !== "unknown" && outcome.kind === "completed" ? outcome : undefined;
    }
  }

  async #invoke(
    turn: Turn,
    policy: HandlerPolicy,
    callWaitMs: number,
  ): Promise<TurnOutcome | Died | "unknown"> {
    const outcome = await this.#outcome(turn, requestOf(turn, policy, callWaitMs));
    if (outcome === "unknown") return outcome;
    if (outcome.kind === "completed") this.#ports.meter?.measure("completed");
    // What has failed is counted where it is acted on, by a dispatcher.
    if (outcome.kind === "died" && outcome.throttled) this.#ports.meter?.measure("throttled");
    return outcome;
  }

  async #outcome(turn: Turn, request: TurnRequest): Promise<TurnOutcome | Died | "unknown"> {
    const { invoker, clock, meter } = this.#ports;
    const beganMs = clock.now();
    try {
      const outcome = await invoker.invoke(turn.served.deployment, request);
      meter?.measure("turnTime", clock.now() - beganMs);
      return outcome;
    } catch (error) {
      if (error instanceof FunctionError) return deathBy(error, this.#ports.logger, turn.start.id);
      if (!(error instanceof OperationalError)) throw error;
      this.#say("the connection to a turn at the door is lost; its guard decides", turn, error);
      return "unknown";
    }
  }

  async #settled(turn: Turn, outcome: TurnOutcome | Died | "unknown"): Promise<Completed | undefined> {
    const { start } = turn;
    if (outcome === "unknown") await this.#guard(turn);
    else if (outcome.kind === "completed") {
      if (outcome.outcome) await reply(this.#ports, start.id, outcome.replies, outcome.outcome);
      if (outcome.guard) await this.#ports.timers.cancel?.(guardTimer(start, outcome.guard));
      return outcome;
    } else if (outcome.kind === "suspended") await this.#arrange(turn, outcome.wait);
    else await this.#handOver(turn, attemptIn(outcome));
    return undefined;
  }

  /** Its outputs are done. What awaits a promise is registered by the dispatcher, which may write where promises are. */
  async #arrange(turn: Turn, stored: Extract<TurnOutcome, { kind: "suspended" }>["wait"]): Promise<void> {
    const wait = decodeWait(stored);
    if (leavesOf(wait).some(({ kind }) => kind === "promise.get")) return await this.#handOver(turn);
    const { id, incarnation, target } = turn.start;
    await arrange(this.#ports, { id, incarnation, target }, wait);
  }

  /** The turn is over, and a dispatcher goes on: under the guard that the head names, now. */
  async #handOver(turn: Turn, ended?: FailedTurn): Promise<void> {
    const stored = await readHead(this.#ports.items, turn.start.id);
    const name = stored?.head.guard ?? turn.guard.name;
    await sendAll(this.#ports.mailbox, [earlyGuard(turn.start, name, ended)]);
  }

  /** Nobody knows whether the turn has set it. Twice is harmless. */
  async #guard({ start, guard }: Turn): Promise<void> {
    const atMs = this.#ports.clock.now() + guardMs(1);
    await this.#ports.timers.schedule(guardTimer(start, { name: guard.name, atMs }));
  }

  /** The caller is told that it goes on: so it must (M1). */
  async #vouchFor(turn: Turn): Promise<void> {
    if (!(await readHead(this.#ports.items, turn.start.id))) await this.#guard(turn);
  }

  #say(message: string, { start: { id } }: Turn, error: OperationalError): void {
    this.#ports.logger.log("warn", message, { invocation: id, reason: asError(error).message });
  }
}

function requestOf(turn: Turn, policy: HandlerPolicy, callWaitMs: number): TurnRequest {
  const alone = Number.isFinite(callWaitMs) ? { aloneAfterMs: callWaitMs - DOOR_ALONE_MS } : {};
  const guarded = { ...turn, guard: { ...turn.guard, ...alone } };
  return guardedRequest(guarded, policy, Math.min(policy.abortTimeoutMs, DOOR_TURN_MS_MAX));
}
