/** The key's lock, as a turn takes it: before it suspends, and before it is let go of (R5, R26). */
import { nonce } from "../../lib/entropy.ts";
import { LOCK_NONCE_BYTES, lockKey, takeLock } from "../../lib/model/lock.ts";
import type { TurnRequest } from "../../lib/protocol.ts";
import type { TurnPorts } from "./turn-ports.ts";

export class TurnLock {
  isOwn: boolean;
  readonly #request: TurnRequest;
  readonly #ports: TurnPorts;

  constructor(request: TurnRequest, ports: TurnPorts) {
    this.#request = request;
    this.#ports = ports;
    this.isOwn = request.ownsLock;
  }

  /** R5: the lock first, so that nobody runs between the suspension and it. `false`: it belongs to a later invocation. */
  async take(): Promise<boolean> {
    const { id, incarnation, target, token } = this.#request;
    if (this.isOwn || token === undefined) return true;
    const lock = takeLock(
      lockKey(target.service, target.key ?? ""),
      { id, incarnation, token },
      this.#ports.clock.now(),
      nonce(this.#ports.entropy, LOCK_NONCE_BYTES),
    );
    this.isOwn = (await this.#ports.items.write(lock)).won;
    return this.isOwn;
  }
}
