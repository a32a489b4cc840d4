/**
 * One end of the pipe between the engine and a host process: calls in both directions, each answered once. All that
 * one event-loop turn has to say travels as one message, since a message costs far more than what is in it.
 */
import { OperationalError, type OperationalCode } from "../../../lib/errors.ts";

const CALL = 0;
const ANSWER = 1;
const ERROR = 2;

export type Frame =
  | readonly [kind: typeof CALL, id: number, method: string, argument: unknown]
  | readonly [kind: typeof ANSWER, id: number, value: unknown]
  | readonly [kind: typeof ERROR, id: number, error: WireError];

/** An error as it crosses the pipe: what is needed to recognise it on the other side. */
export interface WireError {
  readonly message: string;
  readonly stack?: string;
  /** Set for an {@link OperationalError}. */
  readonly operational?: OperationalCode;
}

/** Methods by name, one argument each. */
export type Calls = Record<string, (argument: never) => Promise<unknown>>;
type Argument<C extends Calls, M extends keyof C> = Parameters<C[M]>[0];
type Answer<C extends Calls, M extends keyof C> = Awaited<ReturnType<C[M]>>;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How the other side's failure is thrown on this side. */
export type ReviveError = (error: WireError) => Error;

export class Channel<Remote extends Calls> {
  readonly #send: (frames: readonly Frame[]) => void;
  readonly #local: Calls;
  readonly #revive: ReviveError;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: Frame[] = [];
  #lastId = 0;
  /** Calls of the other side that are not answered yet. */
  #serving = 0;
  #onServed: (() => void) | undefined;
  #closed: Error | undefined;

  /** `send` passes frames to the other side's {@link receive}, in order; `local` answers its calls. */
  constructor(send: (frames: readonly Frame[]) => void, local: Calls, revive: ReviveError = reviveError) {
    this.#send = send;
    this.#local = local;
    this.#revive = revive;
  }

  call<M extends keyof Remote & string>(
    method: M,
    argument: Argument<Remote, M>,
  ): Promise<Answer<Remote, M>> {
    if (this.#closed) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#post([CALL, id, method, argument]);
    });
  }

  /** What the other side sent. Ignores what is none of its frames: a handler may use the process's pipe too. */
  receive(frames: unknown): void {
    if (!Array.isArray(frames)) return;
    for (const frame of frames as Frame[]) {
      if (frame[0] === CALL) this.#serve(frame[1], frame[2], frame[3]);
      else this.#settle(frame);
    }
  }

  /** Resolves when what the other side has asked for is done. */
  served(): Promise<void> {
    if (this.#serving === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onServed = resolve));
  }

  /** Fails what waits and all later calls. */
  close(reason: Error): void {
    if (this.#closed) return;
    this.#closed = reason;
    this.#outbox = [];
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }

  #settle(frame: Frame): void {
    const waiting = this.#waiting.get(frame[1]);
    if (!waiting) return;
    this.#waiting.delete(frame[1]);
    if (frame[0] === ERROR) waiting.reject(this.#revive(frame[2]));
    else waiting.resolve(frame[2]);
  }

  #serve(id: number, method: string, argument: unknown): void {
    const serve = this.#local[method] as ((argument: unknown) => Promise<unknown>) | undefined;
    if (!serve) return this.#post([ERROR, id, { message: `no such call: ${method}` }]);
    this.#serving++;
    const answer = (frame: Frame): void => {
      this.#post(frame);
      if (--this.#serving === 0) this.#onServed?.();
    };
    serve(argument).then(
      (value) => answer([ANSWER, id, value]),
      (error: unknown) => answer([ERROR, id, wireError(error)]),
    );
  }

  #post(frame: Frame): void {
    if (this.#closed) return;
    if (this.#outbox.push(frame) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#closed || this.#outbox.length === 0) return;
    const frames = this.#outbox;
    this.#outbox = [];
    try {
      this.#send(frames);
    } catch {
      // One frame that cannot be cloned must not take the others with it.
      for (const frame of frames) this.#sendAlone(frame);
    }
  }

  #sendAlone(frame: Frame): void {
    try {
      this.#send([frame]);
    } catch (error) {
      const wire = wireError(error);
      if (frame[0] === CALL) this.#settle([ERROR, frame[1], wire]);
      else this.#send([[ERROR, frame[1], wire]]);
    }
  }
}

export function wireError(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const wire = { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) };
  return error instanceof OperationalError ? { ...wire, operational: error.code } : wire;
}

export function reviveError(wire: WireError): Error {
  const error =
    wire.operational === undefined
      ? new Error(wire.message)
      : new OperationalError(wire.operational, wire.message);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
