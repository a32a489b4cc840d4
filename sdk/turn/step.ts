/**
 * Runs the action of a `ctx.run` until it has a result to record. The action runs at least once: it runs again if the turn dies
 * before its result is durable.
 */
import { askedDelayMs, shown, toMs } from "../../lib/duration.ts";
import { asError, PauseError, RetryableError, TerminalError } from "../../lib/errors.ts";
import {
  RUN_HELD_BACKOFF_MS_MAX,
  RUN_RETRY_INITIAL_INTERVAL_MS,
  RUN_RETRY_MAX_INTERVAL_MS,
} from "../../lib/limits.ts";
import { type Clock, elapse } from "../../lib/ports.ts";
import type { RunAttempts } from "../../lib/protocol.ts";
import type { GatedStep, OrderedFailure, StepGate } from "../../lib/step-gate.ts";
import { backoffMs } from "../../lib/retry.ts";
import type { RunAction, RunOptions } from "../context.ts";

type RetryBounds = Omit<RunOptions<unknown>, "serde">;

/** How an action ended. For people: how often it was tried, and when it ended. */
export type StepResult<T> = StepEnd<T> & { readonly tries: number; readonly endedMs: number };
type StepEnd<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "terminal"; readonly error: TerminalError }
  /** The whole attempt fails. `retryAfterMs`, or the invocation's policy, says when the next one is due. */
  | {
      readonly kind: "attempt-failed";
      readonly error: Error;
      readonly retryAfterMs?: number;
      readonly verdict?: "pause";
      readonly run?: RunAttempts;
    };

export interface StepWork<T> {
  readonly command: number;
  readonly action: RunAction<T>;
  readonly options: RunOptions<T>;
  readonly asTerminal: (error: unknown) => TerminalError | undefined;
  /** The turn has answered: trying again would only repeat what the next turn does. */
  readonly isOver: () => boolean;
  /** Called with every error of the action. */
  readonly onFailure: (error: unknown) => void;
  /** Attempts that earlier turns made. */
  readonly before?: RunAttempts;
}

/** The action behind the gate, if there is one. */
export function gated<T>(gate: StepGate | undefined, step: GatedStep, action: RunAction<T>): RunAction<T> {
  if (gate === undefined) return action;
  return async () => {
    const beganMs = performance.now();
    const end = (error?: unknown): void => gate.ends(step, performance.now() - beganMs, error);
    try {
      const asked = gate.begins(step);
      const failure = asked && (await asked);
      if (failure) throw orderedError(failure);
      const value = await (gate.instead ? gate.instead(step, action) : action());
      end();
      return value;
    } catch (thrown) {
      end(thrown);
      throw thrown;
    }
  };
}

function orderedError({ message, code, terminal }: OrderedFailure): Error {
  const held = code === undefined ? {} : { code };
  const error = terminal
    ? new TerminalError(message, code === undefined ? {} : { errorCode: code })
    : Object.assign(new Error(message), held);
  // No line of code has thrown it.
  error.stack = `${error.name}: ${message}`;
  return error;
}

export async function executeStep<T>(step: StepWork<T>, clock: Clock): Promise<StepResult<T>> {
  const { attempts: before, sinceMs } = step.before ?? { attempts: 0, sinceMs: clock.now() };
  for (let attempts = before + 1; ; attempts++) {
    const ended = (end: StepEnd<T>): StepResult<T> => ({ ...end, tries: attempts, endedMs: clock.now() });
    try {
      return ended({ kind: "done", value: await step.action() });
    } catch (thrown) {
      step.onFailure(thrown);
      const terminal = TerminalError.is(thrown) ? thrown : step.asTerminal(thrown);
      if (terminal) return ended({ kind: "terminal", error: terminal });
      const run = { command: step.command, attempts, sinceMs };
      const next = afterFailure(step, asError(thrown), run, clock.now());
      if (typeof next !== "number") return ended(next);
      await elapse(clock, next);
      if (step.isOver()) return ended({ kind: "attempt-failed", error: asError(thrown) });
    }
  }
}

/** How long to wait before the next try in this turn, milliseconds; or how the step ends, here or for the whole attempt. */
function afterFailure(
  { options }: StepWork<unknown>,
  error: Error,
  run: RunAttempts,
  nowMs: number,
): number | StepEnd<never> {
  if (PauseError.is(error)) return { kind: "attempt-failed", error, verdict: "pause" };
  const asked = RetryableError.is(error) ? askedDelayMs(error.retryAfterMs) : undefined;
  if (!hasPolicy(options)) {
    return { kind: "attempt-failed", error, ...(asked === undefined ? {} : { retryAfterMs: asked }) };
  }
  const wrong = whatIsWrongWith(options);
  if (wrong !== undefined) {
    const message = `the options of a step: ${wrong}. The step failed with: ${error.message}`;
    return { kind: "terminal", error: new TerminalError(message, { errorCode: 400, cause: error }) };
  }
  if (isExhausted(options, run.attempts, nowMs - run.sinceMs)) {
    return { kind: "terminal", error: new TerminalError(error.message, { cause: error }) };
  }
  const delayMs = asked ?? delayOf(options, run.attempts);
  return delayMs > RUN_HELD_BACKOFF_MS_MAX
    ? { kind: "attempt-failed", error, retryAfterMs: delayMs, run }
    : delayMs;
}

const hasPolicy = (options: RetryBounds): boolean =>
  options.maxRetryAttempts !== undefined ||
  options.maxRetryDuration !== undefined ||
  options.initialRetryInterval !== undefined ||
  options.maxRetryInterval !== undefined ||
  options.retryIntervalFactor !== undefined;

/** No attempt would do better with them. A number that is none, of a setting that is missing, would try for ever and at once. */
function whatIsWrongWith(options: RetryBounds): string | undefined {
  for (const name of ["maxRetryAttempts", "retryIntervalFactor"] as const) {
    const value: unknown = options[name];
    const isFit = value === undefined || (typeof value === "number" && value >= 0);
    if (!isFit) return `${name} must be a number that is not negative; got ${shown(value)}`;
  }
  try {
    const { maxRetryDuration, initialRetryInterval, maxRetryInterval } = options;
    for (const each of [maxRetryDuration, initialRetryInterval, maxRetryInterval]) toMs(each ?? 0);
    return undefined;
  } catch (thrown) {
    return asError(thrown).message;
  }
}

function isExhausted(options: RetryBounds, attempts: number, elapsedMs: number): boolean {
  if (options.maxRetryAttempts !== undefined && attempts >= options.maxRetryAttempts) return true;
  return options.maxRetryDuration !== undefined && elapsedMs >= toMs(options.maxRetryDuration);
}

function delayOf(options: RetryBounds, attempts: number): number {
  return backoffMs(
    {
      initialIntervalMs: toMs(options.initialRetryInterval ?? RUN_RETRY_INITIAL_INTERVAL_MS),
      maxIntervalMs: toMs(options.maxRetryInterval ?? RUN_RETRY_MAX_INTERVAL_MS),
      factor: options.retryIntervalFactor ?? 2,
    },
    attempts,
  );
}

/** What is said of an action that is none. */
export function needsFunction(operation: "run" | "transact", name: unknown, got: unknown): string {
  const what = got instanceof Promise ? "a promise, which runs already" : typeof got;
  const call = `ctx.${operation}("${String(name)}"`;
  return `${call}) needs a function, and got ${what}. Write ${call}, () => ...).`;
}
