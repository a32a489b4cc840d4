/**
 * Turns of an environment, as tests watch them: what their handlers print, what they use outside of steps, whether they do the same when
 * they are repeated, and how many there are.
 */
import { TRAPS_SAID_MAX } from "../../lib/limits/local.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import type { StepGate } from "../../lib/step-gate.ts";
import { levelOf, type LoggerTransport, LogSource } from "../logger.ts";
import { InvocationCounter } from "./counts.ts";
import { Determinism, type DeterminismPorts } from "./determinism/determinism.ts";
import { TRAPS_OFF, TrappedUses } from "../../runtime/dev/hosts/trapped-uses.ts";
import { TestLogs } from "./logs.ts";
import { watchedConsole, watchedTraps } from "./process-watch.ts";
import { type RunningTurn, runningTurn } from "./running-turn.ts";

export interface TurnWatchOptions {
  /**
   * Whether handlers do the same in each attempt is asked as they run:
   *
   * - `replay` (default, unless `alwaysReplay` repeats them anyway): when a handler has ended, its code runs once more over what was recorded,
   *   without effects through `ctx`; so does one that is still suspended at the end of the test. If it does something else or returns
   *   something else, the test fails with a {@link DeterminismError}. What it uses outside of steps that makes attempts differ
   *   (`Date.now`, `new Date`, `Math.random`, timers, `fetch`) is said once for each line.
   * - `strict`: such a use fails the test, too.
   * - `off`: nothing is repeated, and nothing said.
   *
   * `PERDURE_DETERMINISM` says it for all environments of a process that do not say it themselves.
   *
   * What a handler does outside of steps happens once more, as it does in AWS after a wait or a crash: count what is done in steps.
   */
  readonly determinism?: "replay" | "strict" | "off";
  /** What handlers print. `keep` (default): it is kept, and shown by {@link TestEnvironment.timeline}. `print`: it is printed, too, as it is
   * without a test. So it is if `PERDURE_LOGGING` is set. */
  readonly logs?: "keep" | "print";
}

interface Replays {
  /** The engine repeats handlers itself. `always`: and nothing else may. */
  readonly isReplayed: boolean | "always";
}

/** Lines that were said in this process, of all environments. */
const said = new Set<string>();

export class TestTurns {
  readonly counter = new InvocationCounter();
  readonly logs: TestLogs;
  readonly determinism: Determinism | undefined;
  readonly #uses = new TrappedUses();
  readonly #isStrict: boolean;
  readonly #prints: boolean;
  readonly #release: readonly (() => void)[];

  /** Throws `TypeError` for a mode that is none. */
  constructor(
    { determinism, logs = "keep" }: TurnWatchOptions,
    { isReplayed, ...ports }: Omit<DeterminismPorts, "run"> & Replays,
  ) {
    const asked = determinism ?? process.env["PERDURE_DETERMINISM"] ?? (isReplayed ? "off" : "replay");
    const mode = isReplayed === "always" ? "off" : modeOf(asked);
    const isOn = mode !== "off";
    this.logs = new TestLogs(ports.now);
    this.#isStrict = mode === "strict";
    this.#prints = logs === "print" || levelOf(process.env) !== undefined;
    const run = async (request: TurnRequest, turn: () => Promise<TurnOutcome>) =>
      await runningTurn.run(this.#running(request, true), turn);
    this.determinism = isOn ? new Determinism({ ...ports, run }, this.#uses) : undefined;
    const isTrapped = isOn && process.env["PERDURE_TRAPS"] !== "off";
    this.#release = [watchedConsole.use(), ...(isTrapped ? [watchedTraps.use()] : [])];
  }

  /** Whose turn the running code belongs to. */
  readonly turnOf = (): InvocationId | undefined => runningTurn.getStore()?.id;

  /** Where the endpoint's words go. `undefined`: they are printed. */
  transport(own: LoggerTransport | undefined): LoggerTransport | undefined {
    return own ?? (this.#prints ? undefined : () => undefined);
  }

  readonly heard: LoggerTransport = ({ source, level, replaying, context }, ...values) => {
    const id = context && storedId(context.invocationId);
    if (replaying || id === undefined || source === LogSource.SYSTEM) return;
    this.logs.add(id, { level, source: source === LogSource.USER ? "ctx.console" : "engine" }, values);
  };

  async run(request: TurnRequest, turn: () => Promise<TurnOutcome>): Promise<TurnOutcome> {
    this.counter.turn(request.id);
    const outcome = await runningTurn.run(this.#running(request, false), turn);
    await this.determinism?.check(request, outcome);
    return outcome;
  }

  #running(request: TurnRequest, isRehearsal: boolean): RunningTurn {
    const { id, target } = request;
    return {
      ...{ id, isRehearsal },
      printed: (level, values) => {
        this.logs.add(id, { level: level === "log" ? "info" : level, source: "console" }, values);
        return this.#prints;
      },
      sprung: (what, from) => {
        const words = this.#uses.found(`${target.service}/${target.handler}`, what, from);
        if (words === undefined) return;
        this.logs.add(id, { level: "warn", source: "engine" }, [words]);
        if (this.#isStrict) this.determinism?.add(request, words);
        else sayOnce(words);
      },
    };
  }

  /** The same gate. What is begun behind it is known to a later rehearsal. */
  gated(steps: StepGate): StepGate {
    const { determinism } = this;
    if (!determinism) return steps;
    return {
      begins: (step) => {
        determinism.begins(step.id, step.command);
        return steps.begins(step);
      },
      ends: (...ended) => steps.ends(...ended),
      ...(steps.instead ? { instead: steps.instead.bind(steps) } : {}),
    };
  }

  stop(): void {
    for (const release of this.#release) release();
  }
}

const MODES = ["replay", "strict", "off"] as const;

function modeOf(text: string): (typeof MODES)[number] {
  const mode = MODES.find((each) => each === text);
  if (mode) return mode;
  throw new TypeError(`determinism must be one of ${MODES.join(", ")}; got ${JSON.stringify(text)}`);
}

function sayOnce(words: string): void {
  if (said.has(words) || said.size >= TRAPS_SAID_MAX) return;
  said.add(words);
  const off = said.size === 1 ? TRAPS_OFF : "";
  runningTurn.exit(() => console.warn(`warning: ${words}${off}`));
}
