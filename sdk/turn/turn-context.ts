/**
 * What every part of a context stands on: its turn, and how a command's completion becomes a value. The turn is private. Nothing
 * that shows a context, such as JSON or `console.log`, shows the request or the connections (held.ts).
 */
import type { CommandEntry } from "../../lib/model/entry.ts";
import { asError, TransactionError } from "../../lib/errors.ts";
import { Future } from "../../lib/turn/future.ts";
import type { TurnRequest } from "../../lib/protocol.ts";
import type { Completion } from "../../lib/turn/turn-machine.ts";
import type { Value } from "../../lib/model/value.ts";
import type { Leaf } from "../../lib/model/wait.ts";
import { decodeHeld, terminalErrorOf } from "./checked-value.ts";
import { HELD, type Held, heldProperties } from "../held.ts";
import type { TurnDriver } from "./turn-driver.ts";
import type { TurnPorts } from "./turn-ports.ts";

export abstract class TurnContext {
  readonly #driver: TurnDriver;

  constructor(driver: TurnDriver) {
    this.#driver = driver;
  }

  /** @internal */
  get driver(): TurnDriver {
    return this.#driver;
  }
  protected get ports(): TurnPorts {
    return this.#driver.ports;
  }
  protected get turnRequest(): TurnRequest {
    return this.#driver.request;
  }
  /** @internal */
  get [HELD](): Held {
    const { service, handler } = this.turnRequest.target;
    return { is: `the context of ${service}/${handler}`, advice: "use plain data of it", isText: true };
  }

  /** Issues a command; `decode` turns what completes it into the value that the code sees. */
  protected command<T>(
    entry: CommandEntry,
    leaf: Leaf | undefined,
    decode: (value: Value) => T,
    onAwaited?: () => void,
  ) {
    const future = Future.leaf({ ...(leaf ? { leaf } : {}), ...(onAwaited ? { onAwaited } : {}) });
    // A list of names looks like a failure, and is none.
    const complete: Completion =
      entry.kind === "stateKeys"
        ? ({ value, at }) => future.settle({ ok: true, value: decode(value), at })
        : this.settle(future, decode, entry.kind === "run" && entry.writes !== undefined);
    const recorded = this.issue(entry, complete, future);
    return { future, recorded };
  }

  /** See {@link TurnDriver.issue}. */
  protected issue(entry: CommandEntry, complete?: Completion, future?: Future): CommandEntry | undefined {
    const { driver } = this;
    const recorded = driver.issue(entry, complete, future);
    if (driver.open.hasReturned) this.late(entry);
    return recorded;
  }

  /** The handler has returned, and its code issues something. */
  protected abstract late(entry: CommandEntry): void;

  /** What settles the future when the command completes. */
  protected settle<T>(future: Future, decode: (value: Value) => T, isTransaction = false): Completion {
    return ({ value, at }) => {
      try {
        const held = decodeHeld(value);
        if (held && !held.ok) {
          const { failure } = held;
          const error = (isTransaction && TransactionError.of(failure)) || terminalErrorOf(failure);
          future.settle({ ok: false, error, at });
        } else future.settle({ ok: true, value: decode(value), at });
      } catch (thrown) {
        // A result that the serde does not understand fails the attempt, not the operation.
        this.driver.fail(asError(thrown));
      }
    };
  }
}

Object.defineProperties(TurnContext.prototype, heldProperties);
