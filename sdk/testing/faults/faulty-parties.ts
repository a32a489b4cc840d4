/**
 * The parties of a test environment in a run with faults. All their requests happen in the run's order. Each turn has a process of its own,
 * which may die; then whoever waits for it dies with it, and its message comes again. All calls go by the queue, so that there is one.
 *
 * Bounds: the processes of ingress and dispatcher live on by themselves. What happens when those die is the engine's affair, which the
 * simulator proves (test/sim); a handler is told nothing of it but what these faults tell.
 */
import { TEST_BATCH_MS_MAX } from "../../../lib/limits/local.ts";
import { decodeMessage, type Incoming } from "../../../lib/model/message.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Invoker } from "../../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import type { TurnPorts } from "../../endpoint.ts";
import type { Parties, PartiesParts } from "../parties.ts";
import type { FaultyRun } from "./faulty-run.ts";
import { RequestOrder } from "./request-order.ts";
import { orderedSteps, simulated } from "./simulated-ports.ts";
import { type Asks, TurnProcess } from "./turn-process.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface Parts extends PartiesParts {
  readonly run: FaultyRun;
  readonly clock: VirtualClock;
  /** There are messages. */
  readonly hasMessages: () => boolean;
}

export class FaultyParties implements Parties {
  readonly ingress: Ingress;
  readonly #parts: Parts;
  readonly #order: RequestOrder;
  readonly #dispatcher: Dispatcher;
  /** Gets what is delivered a second time. */
  readonly #second: Dispatcher;
  /** Messages that are out. */
  readonly #out = new Map<InvocationId, Incoming>();
  /** Whose processes have died while their messages were out. */
  readonly #died = new Set<InvocationId>();
  #turns = 0;
  #processes = 0;
  #again = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { run, clock, steps, hasMessages } = parts;
    this.#order = new RequestOrder({
      clock,
      pick: (count) => run.pick(count),
      isBusy: () => hasMessages() || this.#turns > 0 || this.#again > 0,
      isWorking: () => steps.working > 0,
    });
    this.ingress = new Ingress(this.#portsOf("door"));
    this.#dispatcher = this.#dispatcherNamed("dispatcher");
    this.#second = this.#dispatcherNamed("second dispatcher");
  }

  /** The messages of a process that has died come again at once: a pause would move the clock, and a handler may look at it. */
  async handle(batch: readonly Incoming[]): Promise<readonly string[]> {
    let left = batch;
    let failed: readonly string[];
    let hasDied: boolean;
    do {
      failed = await this.#handled(left);
      hasDied = left.some((message) => this.#died.delete(idIn(message)));
      left = left
        .filter(({ messageId }) => failed.includes(messageId))
        .map((message) => ({ ...message, receiveCount: message.receiveCount + 1 }));
    } while (hasDied && left.length > 0);
    return failed;
  }

  async #handled(batch: readonly Incoming[]): Promise<readonly string[]> {
    for (const message of batch) this.#out.set(idIn(message), message);
    try {
      return await this.#dispatcher.handle(batch, TEST_BATCH_MS_MAX);
    } finally {
      for (const message of batch) this.#out.delete(idIn(message));
    }
  }

  async settled(): Promise<void> {
    await this.#dispatcher.settled();
    await this.#order.idle();
  }

  stop(): void {
    this.#order.stop();
  }

  /** Of one whose requests all succeed. */
  #portsOf(name: string) {
    const { ports, run } = this.#parts;
    const ask = <T>(_: Asks, operation: () => Promise<T>): Promise<T> =>
      new Promise<T>((resolve, reject) => {
        this.#order.add(() => operation().then(resolve, reject));
      });
    return { ...ports, ...simulated(ports, ask), entropy: run.entropy(name) };
  }

  #dispatcherNamed(name: string): Dispatcher {
    return new Dispatcher({ ...this.#portsOf(name), invoker: this.#invoker });
  }

  get #invoker(): Invoker {
    return { invoke: async (_deployment, request) => await this.#turn(request) };
  }

  async #turn(request: TurnRequest): Promise<TurnOutcome> {
    const { run, endpoint, onTurn } = this.#parts;
    const order = this.#order;
    const process = new TurnProcess(request, {
      run,
      order,
      deliverAgain: () => this.#deliverAgain(request.id),
    });
    process.death.catch(() => this.#died.add(request.id));
    onTurn(request);
    this.#turns++;
    try {
      return await Promise.race([endpoint.runTurn(request, this.#turnPorts(process)), process.death]);
    } finally {
      this.#turns--;
    }
  }

  #turnPorts(process: TurnProcess): TurnPorts {
    const { ports, run, steps } = this.#parts;
    const { registry, clock, logger, lookMs } = ports;
    const ask = <T>(asks: Asks, operation: () => Promise<T>): Promise<T> => process.ask(asks, operation);
    return {
      ...{ registry, clock, logger, lookMs, ...simulated(ports, ask) },
      entropy: run.entropy(`process ${this.#processes++}`),
      // What waits is suspended: each wait is a place at which it may go on elsewhere.
      shortWaitMs: 0,
      steps: orderedSteps(steps, process, ask),
      issued: (entry) => process.issued(entry),
    };
  }

  async #deliverAgain(id: InvocationId): Promise<void> {
    const message = this.#out.get(id);
    if (!message) return;
    this.#again++;
    const again = { ...message, receiveCount: message.receiveCount + 1 };
    // What it gives back is deleted all the same: the first one is still there, or is done.
    await this.#second
      .handle([again], TEST_BATCH_MS_MAX)
      .catch(() => undefined)
      .finally(() => this.#again--);
  }
}

const idIn = ({ body }: Incoming): InvocationId => decodeMessage(body).id;
