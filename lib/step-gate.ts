/**
 * What a turn tells of its steps while they run, and what it is told before they run: for a development server, where people ask
 * which step runs now, and make the next one fail; and for tests, which say what a step does. In AWS no turn has a gate.
 */
import type { InvocationId } from "./model/ids.ts";

/** A step of a turn. */
export interface GatedStep {
  readonly id: InvocationId;
  readonly command: number;
  readonly name: string;
}

/** What a step throws in place of running its closure. */
export interface OrderedFailure {
  readonly message: string;
  /** HTTP-like. */
  readonly code?: number;
  /** It is recorded as the step's result. Otherwise the step is tried again. */
  readonly terminal: boolean;
}

export interface StepGate {
  /** Right before each attempt of the closure. `undefined`: it runs at once. */
  begins(step: GatedStep): Promise<OrderedFailure | undefined> | undefined;
  /** Runs something in place of the closure, or the closure. Absent: the closure runs. */
  instead?<T>(step: GatedStep, closure: () => T | Promise<T>): Promise<T>;
  /** The attempt is over. `error`: it has failed. */
  ends(step: GatedStep, tookMs: number, error?: unknown): void;
}
