/**
 * Signals and awakeables of this invocation, and what it may do to another that it knows by id: signal it, cancel it, wait for
 * its end. Waiting is an output of the append that contains it, as a call is: a message to the other's group. The answer is a
 * completion like any reply.
 */
import { TerminalError } from "../../lib/errors.ts";
import { Future } from "../../lib/turn/future.ts";
import { awakeableId, type InvocationId, parseAwakeableId } from "../../lib/model/ids.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import { awakeableNumber, secretIn } from "../../lib/model/seal.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { Value } from "../../lib/model/value.ts";
import { CallingContext } from "./calling-context.ts";
import type { InvocationReference, SignalReference } from "../context.ts";
import { DurablePromise } from "../durable-promise.ts";
import { assertName, bytesOf, failureOf, serialized } from "./checked-value.ts";
import type { Serde } from "../serde.ts";

/** Awakeables are counted from here, as Restate's are. */
const FIRST_AWAKEABLE = 17;

export class ReferenceContext extends CallingContext {
  /** The numbers of those that the code has asked for. */
  readonly #awakeables = new Set<number>();

  awakeable<T>(
    nameOrSerde?: string | Serde<T>,
    maybeSerde?: Serde<T>,
  ): { id: string; promise: DurablePromise<T> } {
    const [label, serde] =
      typeof nameOrSerde === "string" ? [nameOrSerde, maybeSerde] : [undefined, nameOrSerde];
    if (label !== undefined) assertName(label, "awakeable name", 1);
    const { id, incarnation } = this.turnRequest;
    const command = this.driver.machine.nextCommand;
    const index = this.#numberOf(command);
    this.#awakeables.add(index);
    const future = Future.leaf({ leaf: { kind: "signal", signal: index } });
    const named = label === undefined ? {} : { label };
    this.issue({ kind: "signal", command, signal: index, ...named }, undefined, future);
    const decode = (value: Value): T => this.serdeOf(serde).deserialize(bytesOf(value));
    const complete = this.settle(future, decode);
    this.driver.machine.onSignal(index, { command, complete, isGivenUp: () => false });
    return {
      id: awakeableId({ id, incarnation, index }),
      promise: new DurablePromise<T>(future, this, "an awakeable's promise"),
    };
  }

  /** As the log has it, since an earlier version may have begun. Else what nobody can compute (0024). */
  #numberOf(command: number): number {
    const recorded = this.driver.machine.awakeableAt(command);
    if (recorded !== undefined) return recorded;
    const count = FIRST_AWAKEABLE + this.#awakeables.size;
    const secret = secretIn(this.turnRequest);
    return secret === undefined ? count : awakeableNumber(secret, count, this.#awakeables);
  }

  resolveAwakeable<T>(id: string, payload?: T, serde?: Serde<T>): void {
    // A missing payload is JSON's null, as in Restate; an explicit serde says what it makes of `undefined`.
    const value = payload === undefined && serde === undefined ? (null as T) : (payload as T);
    const bytes = serialized(this.serdeOf(serde), value, "the payload of an awakeable");
    this.#completeAwakeable(id, { ok: true, value: bytes });
  }

  rejectAwakeable(id: string, reason: string | TerminalError): void {
    this.#completeAwakeable(id, failureOf(reason));
  }

  #completeAwakeable(id: string, outcome: Outcome): void {
    const address = typeof id === "string" ? parseAwakeableId(id) : undefined;
    if (!address) throw new TerminalError(`not an awakeable id: ${JSON.stringify(id)}`, { errorCode: 400 });
    const { index: signal, ...to } = address;
    const command = this.driver.machine.nextCommand;
    this.issue({ kind: "sendSignal", command, ...to, signal, outcome: encodeOutcome(outcome) });
  }

  /** Each call takes one delivery of its own, in order; one that comes early is kept until it is asked for. */
  signal<T>(name: string, serde?: Serde<T>): DurablePromise<T> {
    assertName(name, "signal name", 1);
    const held = this.serdeOf(serde);
    const command = this.driver.machine.nextCommand;
    let wasAwaited = false;
    const onEachAwait = (): void => {
      wasAwaited = true;
      this.driver.machine.awaitsSignal(command);
    };
    const future = Future.leaf({ leaf: { kind: "signal", signal: name }, onEachAwait });
    this.issue({ kind: "signal", command, signal: name }, undefined, future);
    const complete = this.settle(future, (value) => held.deserialize(bytesOf(value)));
    this.driver.machine.onSignal(name, {
      command,
      complete,
      isGivenUp: () => wasAwaited && !future.isWanted,
    });
    return new DurablePromise<T>(future, this, `ctx.signal(${JSON.stringify(name)})`);
  }

  invocation(text: string): InvocationReference {
    const id = invocationIdIn(text);
    return {
      signal: <T>(name: string, serde?: Serde<T>) => this.#signalOf(id, name, serde),
      cancel: () => this.cancel(id),
      attach: <T>(serde?: Serde<T>) => this.attach(id, serde),
    };
  }

  cancel(text: string): void {
    const id = invocationIdIn(text);
    this.issue({ kind: "cancel", command: this.driver.machine.nextCommand, id });
  }

  attach<T>(text: string, serde?: Serde<T>): DurablePromise<T> {
    const id = invocationIdIn(text);
    const held = this.serdeOf(serde);
    const entry = { kind: "attach", command: this.driver.machine.nextCommand, id } as const;
    const { future } = this.command(entry, entry, (value) => held.deserialize(bytesOf(value)));
    return new DurablePromise<T>(future, this, "ctx.attach(...)");
  }

  /** The next cancellation, if cancellation is explicit; never settles otherwise. The same until it has settled. */
  cancellation(): DurablePromise<void> {
    return this.driver.cancellations.next(this);
  }

  /** Cancels the calls made since it was called last, where cancellation is explicit, and answers their ids. */
  cancelPreviousCalls(): DurablePromise<string[]> {
    return this.takeCalls().map((ids = [], failure) => {
      if (failure) throw failure;
      for (const id of ids) this.cancel(id);
      return ids;
    });
  }

  /** Whether the code does something new, rather than repeat what the journal has recorded. */
  isProcessing(): boolean {
    return !this.driver.machine.replaying;
  }

  /** Restate's preview. A call that did nothing would be worse. */
  scope(): never {
    throw new TerminalError(
      "ctx.scope is not supported: handlers are ordered by their keys, and limited by their functions. See docs/parity.md.",
    );
  }

  #signalOf<T>(id: string, name: string, serde: Serde<T> | undefined): SignalReference<T> {
    assertName(name, "signal name", 1);
    const send = (outcome: Outcome): void => {
      const command = this.driver.machine.nextCommand;
      this.issue({
        ...{ kind: "sendSignal", command, id, incarnation: null },
        ...{ signal: name, outcome: encodeOutcome(outcome) },
      });
    };
    return {
      resolve: (payload) => {
        // As with awakeables: a missing payload is JSON's null unless a serde says what it makes of `undefined`.
        const value = payload === undefined && serde === undefined ? (null as T) : (payload as T);
        const what = `the payload of signal "${name}"`;
        send({ ok: true, value: serialized(this.serdeOf(serde), value, what) });
      },
      reject: (reason) => send(failureOf(reason)),
    };
  }
}

/** In the form in which the journal has it. */
function invocationIdIn(text: unknown): InvocationId {
  const id = typeof text === "string" ? storedId(text) : undefined;
  if (id !== undefined) return id;
  throw new TerminalError(`not an invocation id: ${JSON.stringify(text)}`, { errorCode: 400 });
}
