/**
 * Runs turns on this server, in a process of its own or in one that serves its handlers by itself, and tells what becomes of them.
 *
 * Job: chooses the process, adds what is ordered for the turn, and tells events. Boundary: what follows from an outcome is the
 * dispatcher's, or the door's.
 */
import { FunctionError, OperationalError } from "../../lib/errors.ts";
import { LiveTurns } from "../../lib/live-turns.ts";
import { isStub, parseFields, type Status } from "../../lib/model/head.ts";
import { hasSucceeded } from "../../lib/model/head-glimpse.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { statusIn, uncheckedIdIn } from "../../lib/model/listing.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import { isStateEdit } from "../../lib/store/state-edit.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Reached } from "../../lib/model/manifest.ts";
import type { Target } from "../../lib/model/message.ts";
import { decodeWait } from "../../lib/model/wait.ts";
import type { Clock, Invoker, ItemStore } from "../../lib/ports.ts";
import type { TurnFailure, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import type { InvocationEvents } from "./events.ts";
import { isHttp } from "./hosts/http-hosts.ts";
import type { EndedStep, OrderedRequest } from "./hosts/turn-orders.ts";
import { onceSettled } from "./hosts/settled.ts";
import { stateAhead } from "./hosts/state-ahead.ts";
import type { Powers } from "./powers/powers.ts";
import type { Observer } from "./ui/observer.ts";

export interface LocalTurnsPorts {
  readonly items: ItemStore;
  readonly pool: { invoke(deployment: Reached, request: OrderedRequest): Promise<TurnOutcome> };
  readonly httpHosts: Invoker;
  readonly powers: Powers;
  readonly events: InvocationEvents;
  /** Counts turns for the overview. */
  readonly tally: Observer["tally"];
  readonly clock: Clock;
  readonly settles: (() => Promise<void>) | undefined;
  /** Every step is told, too. */
  readonly tellsSteps: boolean;
  /** New invocations go to newer code of this server's own. */
  readonly isOld: (deployment: string) => boolean;
  /** What becomes of turns is not told any more: the server ends them. */
  readonly isStopped: () => boolean;
}

export class LocalTurns implements Invoker {
  readonly #ports: LocalTurnsPorts;
  /** From when one is asked for until its outcome, or its end, is known. */
  readonly #live = new LiveTurns();
  /** Of those that run, if steps are told. */
  readonly #targets = new Map<InvocationId, Target>();

  constructor(ports: LocalTurnsPorts) {
    this.#ports = ports;
  }

  /** How many turns run. */
  get count(): number {
    return this.#live.count;
  }

  /** Whether a turn of it lives. */
  runs(id: InvocationId): boolean {
    return this.#live.has(id);
  }

  /** Of a process that has ended nobody can say less than that: its turns are over, and were no attempts. */
  async invokeAtDoor(deployment: Reached, request: TurnRequest): Promise<TurnOutcome> {
    try {
      return await this.invoke(deployment, request);
    } catch (error) {
      if (error instanceof OperationalError) throw new FunctionError("throttled", error.message, error);
      throw error;
    }
  }

  async invoke(deployment: Reached, request: TurnRequest): Promise<TurnOutcome> {
    const { items, pool, httpHosts, powers, settles, tally, clock } = this.#ports;
    const { start, guard } = request;
    if (start && guard) powers.lastMessages.note([{ start, name: guard.name, atMs: clock.now() }]);
    const end = this.#live.begins(request.id);
    this.#begins(request);
    const over = tally.turnBegan({ id: request.id, ...request.target, sinceMs: clock.now() });
    try {
      const asked = settles ? await onceSettled(deployment, request, settles) : request;
      const ordered = this.#ordered(asked);
      const outcome = isHttp(deployment)
        ? await httpHosts.invoke(deployment, ordered)
        : await pool.invoke(deployment, { ...ordered, state: await stateAhead(items, request) });
      if (outcome.kind === "completed") powers.ended(request.id);
      this.#ended(deployment, request, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof FunctionError)
        this.#failed(deployment, request, { message: error.message, ...stackOf(error.cause) });
      throw error;
    } finally {
      end();
      this.#targets.delete(request.id);
      over();
    }
  }

  #ordered(request: TurnRequest): OrderedRequest {
    const ordered = this.#ports.powers.ordered(request);
    if (!this.#ports.tellsSteps) return ordered;
    return { ...ordered, orders: { ...ordered.orders, tellsSteps: true } };
  }

  /** Tells of an end that no turn has brought: it was killed, or was cancelled before it began. */
  headWritten(partition: string, before: Attributes | undefined, after: Attributes | undefined): void {
    if (!after || isStub(after) || statusIn(after) !== COMPLETED) return;
    if (before && statusIn(before) === COMPLETED) return;
    const id = uncheckedIdIn(partition);
    // The usual end of a turn that runs here. It is told with the turn's outcome, so the head need not be read whole.
    if (this.#live.has(id) && hasSucceeded(after)) return;
    const { target, origin, outcome, acceptedAtMs } = parseFields(after);
    const isOwn = this.#live.has(id) && !isKilled(outcome);
    if (isOwn || !outcome || isStateEdit({ target, origin }) || this.#ports.isStopped()) return;
    const atMs = this.#ports.clock.now();
    this.#ports.events.tell({ kind: "completed", id, target, atMs, acceptedAtMs, outcome });
  }

  /** A process tells of a step. */
  stepEnded({ id, ...step }: EndedStep): void {
    const target = this.#targets.get(id);
    if (target && !this.#ports.isStopped())
      this.#ports.events.tell({ kind: "step", id, target, atMs: this.#ports.clock.now(), ...step });
  }

  #begins(request: TurnRequest): void {
    const { events } = this.#ports;
    if (!events.isHeard) return;
    const { head, attempt, id, target } = request;
    if (this.#ports.tellsSteps) this.#targets.set(id, target);
    const isFirst = attempt.count === 1 && (head === undefined || parseFields(head).length === 0);
    events.tell({ kind: "turn", ...this.#of(request), isFirst, attempt: attempt.count });
  }

  #ended(deployment: Reached, request: TurnRequest, outcome: TurnOutcome): void {
    const { events } = this.#ports;
    if (this.#ports.isStopped()) return;
    if (outcome.kind === "failed") return this.#failed(deployment, request, outcome.failure);
    if (!events.isHeard) return;
    const of = this.#of(request);
    if (outcome.kind === "suspended")
      events.tell({ kind: "suspended", ...of, wait: decodeWait(outcome.wait) });
    else if (outcome.kind === "completed") {
      const { start, head } = request;
      const acceptedAtMs = start?.acceptedAtMs ?? (head && parseFields(head).acceptedAtMs);
      events.tell({
        ...{ kind: "completed", ...of },
        ...(acceptedAtMs === undefined ? {} : { acceptedAtMs }),
        ...(outcome.outcome && { outcome: outcome.outcome }),
      });
    }
  }

  /** A call that is tried again and again looks as if it hangs. */
  #failed(
    deployment: Reached,
    request: TurnRequest,
    { message, stack, command }: Pick<TurnFailure, "message" | "stack" | "command">,
  ): void {
    if (this.#ports.isStopped()) return;
    const { id: invocation, target, attempt } = request;
    this.#ports.tally.attemptFailed(target, this.#ports.clock.now());
    const operation = command && `${command.type} ${JSON.stringify(command.name)}`;
    this.#ports.events.tell({
      kind: "attempt-failed",
      ...this.#of(request),
      attempt: {
        ...{ invocation, target, count: attempt.count, message },
        ...{ ...(stack && { stack }), ...(operation && { operation }) },
        ...(!isHttp(deployment) && this.#ports.isOld(deployment.id) && { oldCode: deployment.id }),
      },
    });
  }

  #of({ id, target }: TurnRequest) {
    return { id, target, atMs: this.#ports.clock.now() };
  }
}

const COMPLETED = "completed" satisfies Status;
const isKilled = (outcome: Outcome | undefined): boolean =>
  outcome?.ok === false && outcome.failure.code === 409 && outcome.failure.message === "killed";

const stackOf = (cause: unknown): Pick<TurnFailure, "stack"> =>
  cause instanceof Error && cause.stack !== undefined ? { stack: cause.stack } : {};
