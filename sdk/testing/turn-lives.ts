/**
 * The processes of turns, which a test can have die in a step (`environment.step("charge").crashes("after")`). Whoever has asked for the turn
 * is told of the death, as in AWS when a function crashes: the attempt counts, and is repeated after its pause. The dead turn's requests
 * are never answered, and take no effect.
 */
import { FunctionError } from "../../lib/errors.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { TurnPorts } from "../endpoint.ts";
import { orderedSteps, simulated } from "./faults/simulated-ports.ts";

export class TurnLives {
  readonly #processes = new Map<InvocationId, MortalProcess>();

  /** Runs a turn until it ends or dies. Rejects with a {@link FunctionError} if it dies. `ports`: of a process that may die. */
  async run<T>(id: InvocationId, ports: TurnPorts, turn: (ports: TurnPorts) => Promise<T>): Promise<T> {
    const process = new MortalProcess();
    this.#processes.set(id, process);
    try {
      return await Promise.race([turn(process.portsOf(ports)), process.death]);
    } finally {
      if (this.#processes.get(id) === process) this.#processes.delete(id);
    }
  }

  /** The process dies in which the invocation runs. */
  die(id: InvocationId): void {
    this.#processes.get(id)?.die();
  }
}

class MortalProcess {
  isAlive = true;
  readonly #death = Promise.withResolvers<never>();

  constructor() {
    this.death.catch(() => undefined);
  }

  get death(): Promise<never> {
    return this.#death.promise;
  }

  die(): void {
    this.isAlive = false;
    const message = "the process has died in a step, as the test has told it to";
    this.#death.reject(new FunctionError("crashed", message));
  }

  stepBegins(): void {
    // It dies where the step's control says so.
  }

  /** Nothing comes back to a dead process: no answer, no timer, no closure. */
  portsOf(ports: TurnPorts): TurnPorts {
    const { items, mailbox, timers, clock, steps } = ports;
    const ask = async <R>(_: unknown, operation: () => Promise<R>): Promise<R> =>
      await (this.isAlive ? operation() : new Promise<never>(() => undefined));
    return {
      ...ports,
      ...(timers ? simulated({ items, mailbox, timers }, ask) : {}),
      ...(steps ? { steps: orderedSteps(steps, this, ask) } : {}),
      clock: {
        now: () => clock.now(),
        after: (ms, callback) =>
          clock.after(ms, () => {
            if (this.isAlive) callback();
          }),
      },
    };
  }
}
