/** The process in which one turn of a handler runs, and which may die at one of its requests. Then nobody hears of the turn again. */
import { OperationalError } from "../../../lib/errors.ts";
import type { CommandEntry } from "../../../lib/model/entry.ts";
import { targetText } from "../../../lib/model/target-text.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";
import type { Fault } from "./fault.ts";
import type { FaultyRun } from "./faulty-run.ts";
import type { RequestOrder } from "./request-order.ts";

/** What a request asks for. */
export interface AskedFor {
  readonly what: string;
  /** What it records: the commands' numbers. */
  readonly commands?: readonly number[];
}
/** Of one that writes, sends or schedules: it is looked at only where something can go wrong. `undefined`: it only reads. */
export type Asks = (() => AskedFor) | undefined;

interface Request<T> {
  readonly asks: Asks;
  readonly operation: () => Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

interface Parts {
  readonly run: FaultyRun;
  readonly order: RequestOrder;
  /** Delivers the turn's message again. Resolves when it was handled. */
  readonly deliverAgain: () => Promise<void>;
}

export class TurnProcess {
  readonly #parts: Parts;
  readonly #request: TurnRequest;
  /** By the number of the command. */
  readonly #sites = new Map<number, Error>();
  readonly #death = Promise.withResolvers<never>();
  #isAlive = true;
  #last: Error | undefined;

  constructor(request: TurnRequest, parts: Parts) {
    this.#request = request;
    this.#parts = parts;
    this.#death.promise.catch(() => undefined);
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** Rejects when it dies. Whoever has waited for the turn dies with it: nobody knows how far it came, and its message comes again. */
  get death(): Promise<never> {
    return this.#death.promise;
  }

  /** The handler's code issues it, now. */
  issued({ command }: CommandEntry): void {
    this.#sites.set(command, (this.#last = new Error("here")));
  }

  stepBegins(name: string): void {
    this.#parts.run.stepBegins(name);
  }

  /** A request waits until it is its turn. One of a dead process is never answered. */
  ask<T>(asks: Asks, operation: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const request = { asks, operation, resolve, reject };
      this.#add(() => this.#meet(request));
    });
  }

  #add(perform: () => Promise<void>): void {
    this.#parts.order.add(async () => {
      if (this.#isAlive) await perform();
    });
  }

  /** What goes wrong at it. */
  async #meet<T>(request: Request<T>): Promise<void> {
    const { asks, reject } = request;
    const fault = asks && this.#faultAt(asks());
    if (fault === "crash-before") return this.#die();
    if (fault !== "delivered-twice") return await this.#perform(request, fault);
    // This turn is the slow one: the second goes as far as it can.
    void this.#parts
      .deliverAgain()
      .then(() => this.#add(() => this.#perform(request, undefined)))
      .catch(reject);
  }

  async #perform<T>({ operation, resolve, reject }: Request<T>, fault: Fault | undefined): Promise<void> {
    try {
      const value = await operation();
      if (fault === "crash-after") this.#die();
      else if (fault === "answer-lost") reject(new OperationalError("unavailable", "the answer was lost"));
      else resolve(value);
    } catch (error) {
      reject(error);
    }
  }

  #faultAt({ what, commands = [] }: AskedFor): Fault | undefined {
    const site = commands.map((command) => this.#sites.get(command)).find((each) => each !== undefined);
    return this.#parts.run.faultAt({
      ...{ what, target: targetText(this.#request.target) },
      site: site ?? this.#last,
    });
  }

  #die(): void {
    this.#isAlive = false;
    this.#death.reject(new OperationalError("unavailable", "the process has died"));
  }
}
