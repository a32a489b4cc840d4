/**
 * The handlers' side of the powers of a development server (runtime/dev/powers): which steps run now, and whether the engine
 * has an order for the next one. The engine has the orders. This side only knows that it must ask, so a step of a turn without
 * an order costs nothing.
 */
import type { GatedStep, OrderedFailure, StepGate } from "../../../lib/step-gate.ts";
import { asError } from "../../../lib/errors.ts";
import type { JumpingClock } from "../../../lib/jumping-clock.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import type { StateAhead } from "./state-ahead.ts";

/** What the engine says of a turn besides its request. No handler of an earlier version looks at it. */
export interface TurnOrders {
  /** There is an order for it. */
  readonly isArmed?: true;
  /** The engine is to be told of each step. */
  readonly tellsSteps?: true;
  /** The clock is ahead of the real one by so much. */
  readonly clockAheadMs?: number;
  /** Its process is to be killed before the turn's code runs. */
  readonly endsAtOnce?: true;
}
export type OrderedRequest = TurnRequest & {
  readonly orders?: TurnOrders;
  /** What it is likely to read. Absent: it is asked for. */
  readonly state?: StateAhead | undefined;
};

/** Which point of a turn is reached. Without a command: its beginning. */
export interface ReachedPoint {
  readonly id: InvocationId;
  readonly command?: number;
  readonly name?: string;
}

/** A step, or an attempt of it, that has ended. */
export interface EndedStep {
  readonly id: InvocationId;
  readonly name: string;
  readonly tookMs: number;
  readonly error?: string;
}

/** Answers the failure that was ordered, or does not answer before the process has ended. */
type Ask = (point: ReachedPoint) => Promise<OrderedFailure | undefined>;

/** A name of a step that no user gave. */
const OWN_STEP = "date.now";

export class HostedSteps implements StepGate {
  readonly #ask: Ask;
  readonly #clock: JumpingClock;
  readonly #tell: (step: EndedStep) => void;
  readonly #armed = new Set<InvocationId>();
  readonly #told = new Set<InvocationId>();
  readonly #running = new Map<InvocationId, GatedStep[]>();

  constructor(ask: Ask, tell: (step: EndedStep) => void, clock: JumpingClock) {
    this.#ask = ask;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Runs a turn under its orders. */
  async around(
    { orders, ...request }: OrderedRequest,
    run: (request: TurnRequest) => Promise<TurnOutcome>,
  ): Promise<TurnOutcome> {
    const { id } = request;
    this.jump(orders?.clockAheadMs ?? 0);
    try {
      if (orders?.endsAtOnce === true) await this.#ask({ id });
      if (orders?.isArmed === true) this.arm(id);
      if (orders?.tellsSteps === true) this.#told.add(id);
      return await run(request);
    } finally {
      this.#armed.delete(id);
      this.#told.delete(id);
      this.#running.delete(id);
    }
  }

  /** There is an order for a turn that may run here. */
  arm(id: InvocationId): void {
    this.#armed.add(id);
  }

  jump(aheadMs: number): void {
    this.#clock.jumpAhead(aheadMs);
  }

  /** The names of the steps that run now, in the order of their beginning. */
  running(id: InvocationId): readonly string[] {
    return (this.#running.get(id) ?? []).map(({ name }) => name);
  }

  begins(step: GatedStep): Promise<OrderedFailure | undefined> | undefined {
    const { id, name } = step;
    const beside = this.#running.get(id);
    if (beside) beside.push(step);
    else this.#running.set(id, [step]);
    return this.#armed.has(id) && name !== OWN_STEP ? this.#ordered(step) : undefined;
  }

  ends({ id, command, name }: GatedStep, tookMs: number, thrown?: unknown): void {
    if (this.#told.has(id) && name !== OWN_STEP) {
      const error = thrown === undefined ? {} : { error: asError(thrown).message };
      this.#tell({ id, name, tookMs: Math.round(tookMs), ...error });
    }
    const left = (this.#running.get(id) ?? []).filter((step) => step.command !== command);
    if (left.length > 0) this.#running.set(id, left);
    else this.#running.delete(id);
  }

  async #ordered({ id, command, name }: GatedStep): Promise<OrderedFailure | undefined> {
    // Before it asks: an order that comes meanwhile is for a later step.
    this.#armed.delete(id);
    const failure = await this.#ask({ id, command, name });
    // There may be another one.
    if (failure) this.#armed.add(id);
    return failure;
  }
}
