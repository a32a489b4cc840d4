/**
 * A step that runs: its function, its tries, and what becomes of its result. The turn starts it when all that it rests on is durable (J2).
 * With `writes` in its entry it is a `ctx.transact`: its function says what is written, and its entry goes with the writes (X1).
 */
import { asError, TerminalError } from "../../lib/errors.ts";
import type { When } from "../../lib/model/entry-times.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import type { RunOptions, StepAction } from "../context.ts";
import type { Serde } from "../serde.ts";
import { failedWith, serialized } from "./checked-value.ts";
import { currentTurn, type PromiseOwner } from "./current-turn.ts";
import type { Attempt, HandlerCode } from "./handler-code.ts";
import type { OpenStep } from "./open-steps.ts";
import { executeStep, gated, type StepResult } from "./step.ts";
import type { TurnDriver } from "./turn-driver.ts";
import { transactWork } from "./user-writes.ts";

/** Whose step it is. */
export interface StepOwner {
  readonly owner: PromiseOwner;
  readonly driver: TurnDriver;
  readonly code: HandlerCode;
  readonly attempt: Attempt;
}
/** What the user's code says of it. */
export interface StepCode<T> {
  readonly closure: StepAction<unknown>;
  readonly options: RunOptions<T>;
  readonly serde: Serde<T>;
}

export function startStep<T>(of: StepOwner, step: OpenStep, code: StepCode<T>): void {
  const { owner, driver, attempt } = of;
  const { ports, request } = driver;
  const { command, name, writes } = step.entry;
  const { closure, options } = code;
  const { id } = request;
  const action = gated(
    ports.steps,
    { id, command, name },
    async () => await closure({ signal: step.signal }),
  );
  const { run: before, tried } = request.attempt;
  const earlier = tried?.command === command ? tried : undefined;
  const sinceMs = earlier?.sinceMs ?? ports.clock.now();
  step.beganMs = sinceMs;
  const { hooks, log } = attempt;
  const hooked = hooks ? hooks.aroundStep(name, action) : action;
  let begun = before?.command === command ? before.attempts : (earlier?.attempts ?? 0);
  const transacted = async (): Promise<void> => {
    begun++;
    const returned = await hooked();
    const atMs = ports.clock.now();
    await transact(driver, step, code, returned, { atMs, tookMs: atMs - sinceMs, tries: begun });
  };
  const work = currentTurn.run({ owner, step: name }, () =>
    executeStep<unknown>(
      {
        command,
        action: writes === undefined ? hooked : transacted,
        options,
        asTerminal: (error) => of.code.options.asTerminalError?.(error),
        isOver: () => driver.isOver || step.isCancelled,
        onFailure: (error) => {
          if (!step.isCancelled) log.say("warn", `Step "${name}" failed.`, error);
        },
        ...(before?.command === command ? { before } : {}),
      },
      ports.clock,
    ),
  );
  const forget = driver.work(work, (result) => {
    const { tries, endedMs } = result;
    const attempts = before?.command === command ? tries : tries + (earlier?.attempts ?? 0);
    step.entry.when = { atMs: endedMs, tookMs: endedMs - sinceMs, tries: attempts };
    if (result.kind !== "attempt-failed") return ended(driver, step, code.serde, result);
    const { error, retryAfterMs, run, verdict } = result;
    driver.fail(error, {
      step: { entry: step.entry, name },
      tried: { command, attempts, sinceMs },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(run === undefined ? {} : { run }),
      ...(verdict === undefined ? {} : { verdict }),
    });
  });
  step.started(forget);
}

/** X1: the step's entry, in one transaction with the writes that its function has returned. */
async function transact<T>(
  driver: TurnDriver,
  step: OpenStep,
  { serde }: StepCode<T>,
  returned: unknown,
  when: When,
): Promise<void> {
  const { entry } = step;
  const { writes, result } = transactWork(returned, entry.name);
  const value = serialized(serde, result as T, `the result of step "${entry.name}"`);
  const outcome = encodeOutcome({ ok: true, value });
  await driver.transactions.add(step, { ...entry, outcome, writes: writes.length, when }, writes);
}

function ended<T>(
  driver: TurnDriver,
  { entry }: OpenStep,
  serde: Serde<T>,
  result: Exclude<StepResult<unknown>, { kind: "attempt-failed" }>,
): void {
  // The entry of a transaction is in the log.
  if (result.kind === "done" && entry.writes !== undefined) return;
  try {
    const outcome: Outcome =
      result.kind === "done"
        ? { ok: true, value: serialized(serde, result.value as T, `the result of step "${entry.name}"`) }
        : failedWith(result.error);
    driver.machine.finish({ ...entry, outcome: encodeOutcome(outcome) });
  } catch (thrown) {
    // It is too large (P1), or the serde refuses it for good. No attempt would do better.
    if (TerminalError.is(thrown)) {
      driver.machine.finish({ ...entry, outcome: encodeOutcome(failedWith(thrown)) });
      return;
    }
    const error = asError(thrown);
    driver.fail(
      new Error(`the result of step "${entry.name}" cannot be stored: ${error.message}`, { cause: error }),
      { step: { entry, name: entry.name } },
    );
  }
}
