/** A turn machine with the test in the handler's part. It records what the machine tells the handler. */
import type { CallEntry, CommandEntry, Entry, Note, SignalKey } from "../../../lib/model/entry.ts";
import type { BegunCommand } from "../../../lib/model/begun.ts";
import { type Step, TurnMachine } from "../../../lib/turn/turn-machine.ts";
import type { Value } from "../../../lib/model/value.ts";

export interface Script {
  readonly log?: readonly Entry[];
  readonly notes?: readonly Note[];
  readonly carried?: readonly Note[];
  readonly begun?: readonly BegunCommand[];
}

export class TurnTranscript {
  readonly turn: TurnMachine;
  /** What the machine told the code, in order. */
  readonly told: string[] = [];
  /** Whether the code awaits anything that a cancellation can reject. */
  awaits = false;
  /** Calls without a result, for a cancellation. */
  open: CallEntry[] = [];

  constructor({ log = [], notes = [], carried = [], begun = [] }: Script = {}) {
    this.turn = new TurnMachine({
      log,
      notes,
      carried,
      begun,
      cancel: () => {
        this.told.push("cancelled");
        this.awaits = false;
        return { calls: this.open, steps: [] };
      },
      cancellable: () => this.awaits,
    });
  }

  /** Issues a command. Its completion is recorded as `number: value @event`. */
  issue(entry: CommandEntry): CommandEntry | undefined {
    const tell = ({ value, at }: { value: Value; at: number }) =>
      void this.told.push(`${entry.command}: ${show(value)} @${at}`);
    return this.turn.issue(entry, tell).recorded;
  }

  /** Waits for a signal. `command`: said with its delivery, if it is given. */
  onSignal(key: SignalKey, command?: number, isGivenUp = () => false): void {
    const name = command === undefined ? show(key) : `${show(key)} of ${command}`;
    this.turn.onSignal(key, {
      command: command ?? -1,
      complete: ({ value, at }) => void this.told.push(`signal ${name}: ${show(value)} @${at}`),
      isGivenUp,
    });
  }

  /** Delivers until nothing is left to deliver. Returns the last answer. */
  run(): Step {
    for (;;) {
      const step = this.turn.step();
      if (step !== "delivered") return step;
    }
  }

  /** Steps once, and returns what the code was told. */
  step(): readonly [Step, ...string[]] {
    const before = this.told.length;
    const step = this.turn.step();
    return [step, ...this.told.slice(before)];
  }
}

const show = (value: Value): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : JSON.stringify(value);
