/**
 * One end of the pipe between the engine and a host process: calls in both directions, each answered once. All frames of
 * one turn of the event loop travel as one message, because a message costs far more than what is in it. An answer that no other
 * one is likely to join does not wait for that.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { ANSWER, CALL, ERROR, type Frame, frameIn, reviveError, type WireError, wireError } from "./frame.ts";

/** Methods by name, one argument each. */
export type Calls = Record<string, (argument: never) => Promise<unknown>>;
type Argument<C extends Calls, M extends keyof C> = Parameters<C[M]>[0];
type Answer<C extends Calls, M extends keyof C> = Awaited<ReturnType<C[M]>>;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Makes of the other side's error one that is thrown on this side. */
type ReviveError = (error: WireError) => Error;

/** The call that runs a turn of another invocation. It changes nothing for the one that asks, and may run in the same process: then it
 * ends only when that process's end is told. */
const TURNS_OF_OTHERS = "invoke";

/** So few calls that their answers hardly ever come in one turn of the event loop. */
const FEW = 2;

export class Channel<Remote extends Calls> {
  readonly #send: (frames: readonly Frame[]) => void;
  readonly #local: Calls;
  readonly #revive: ReviveError;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: Frame[] = [];
  /** It begins anywhere, so that a foreign message that looks like a frame answers no call of the other side. */
  #lastId = Math.floor(Math.random() * 2 ** 40);
  /** Calls of the other side that are not answered yet. */
  #serving = 0;
  /** Those of them that {@link served} waits for. */
  #awaited = 0;
  #onServed: (() => void) | undefined;
  #closed: Error | undefined;
  /**
   * Calls a function as nobody's. What is scheduled holds the asynchronous context in which it was, and Node's immediates hold each
   * other: within a turn's, each would keep the whole turn, and the garbage collector would copy all of them.
   */
  readonly #outside = AsyncLocalStorage.snapshot();
  readonly #flushSoon = (): void => process.nextTick(this.#flushNow);
  readonly #flushLater = (): void => void setImmediate(this.#flushNow);
  readonly #flushNow = (): void => this.#flush();

  /** `send` passes frames to the other side's {@link receive}, in order. `local` answers its calls. */
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

  /** Takes what the other side sent. Ignores what is not a frame: a handler may use the process's pipe too. */
  receive(frames: unknown): void {
    if (!Array.isArray(frames)) return;
    for (const sent of frames as readonly unknown[]) {
      const frame = frameIn(sent);
      if (frame === undefined) continue;
      if (frame[0] === CALL) this.#serve(frame[1], frame[2], frame[3]);
      else this.#settle(frame);
    }
  }

  /** It waits for an answer, and for few others. */
  get isWaitingForFew(): boolean {
    return this.#waiting.size > 0 && this.#waiting.size <= FEW;
  }

  /** Resolves when all calls of the other side are answered, but for {@link TURNS_OF_OTHERS}. */
  served(): Promise<void> {
    if (this.#awaited === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onServed = resolve));
  }

  /** Fails the calls that wait for an answer, and all later ones. */
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
    // Its own methods only: `constructor` is not a call.
    const serve = (Object.hasOwn(this.#local, method) ? this.#local[method] : undefined) as
      | ((argument: unknown) => Promise<unknown>)
      | undefined;
    if (!serve) return this.#post([ERROR, id, { message: `no such call: ${method}` }]);
    this.#serving++;
    const awaited = method === TURNS_OF_OTHERS ? 0 : 1;
    this.#awaited += awaited;
    const answer = (frame: Frame): void => {
      this.#post(frame);
      this.#serving--;
      this.#awaited -= awaited;
      if (this.#awaited === 0) this.#onServed?.();
    };
    // A wrong argument may make it throw. That fails this call, and not the message that others came with.
    new Promise((resolve) => resolve(serve(argument))).then(
      (value) => answer([ANSWER, id, value]),
      (error: unknown) => answer([ERROR, id, wireError(error)]),
    );
  }

  #post(frame: Frame): void {
    if (this.#closed) return;
    if (this.#outbox.push(frame) > 1) return;
    this.#outside(frame[0] !== CALL && this.#serving <= FEW ? this.#flushSoon : this.#flushLater);
  }

  #flush(): void {
    if (this.#closed || this.#outbox.length === 0) return;
    const frames = this.#outbox;
    this.#outbox = [];
    try {
      this.#send(frames);
    } catch {
      // If one frame cannot be cloned, the others must still be sent.
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
