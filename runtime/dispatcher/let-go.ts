/**
 * Turns whose message was let go of (R26), and that go on here. What a turn of an earlier version of handlers ends with is still
 * seen to here; any other sees to it itself (relayed-turn.ts), and of that this knows the id.
 *
 * Their guards are known. One that comes while its turn is alive is set anew (living-turn.ts). If a turn is lost, its guard is sent at
 * once: there is no message any more that would come again.
 *
 * In AWS a guard cannot be taken out of the delay queue. It comes when its turn has long ended, and in doubt, so the outputs of the
 * last append would be done again. Nothing stored says that they were done: that would be a write. But this process knows of the turns
 * that it has brought to their end, and leaves their guards. *Crash:* what it knows is gone, and the guard is in doubt, as before.
 */
import { asError } from "../../lib/errors.ts";
import { GUARDS_REMEMBERED_MAX } from "../../lib/limits.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Outgoing, Resume } from "../../lib/model/message.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import type { DispatcherPorts, Guarded, Verdict } from "./delivery.ts";
import { setAnew } from "./living-turn.ts";

export class LetGo {
  readonly #ports: DispatcherPorts;
  readonly #guards = new Set<string>();
  /** Guards that nothing needs: another one took their place, or their turns have ended and all that follows is done. */
  readonly #needless = new Set<string>();
  readonly #open = new Set<Promise<unknown>>();
  /** Invocations whose turns go on in this process by themselves. */
  readonly #followed = new Set<InvocationId>();

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  /** Handles a message, which may be let go of meanwhile. Resolves when that is done, or when the message is not needed. */
  handle(work: (letGo: (guarded: Guarded) => void) => Promise<Verdict>): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      let guarded: Guarded | undefined;
      const letGo = (now: Guarded): void => {
        if (guarded) this.#forget(guarded);
        guarded = now;
        this.#guards.add(now.guard);
        this.#open.add(ended);
        resolve("done");
      };
      const ended: Promise<void> = work(letGo)
        .then(async (verdict) => {
          if (guarded) this.#guards.delete(guarded.guard);
          if (guarded && verdict === "retry") await this.#sendEarly(guarded);
          else if (guarded) this.#forget(guarded);
          resolve(verdict);
        })
        .catch((error: unknown) => {
          if (guarded) this.#guards.delete(guarded.guard);
          reject(asError(error));
        })
        .finally(() => this.#open.delete(ended));
    });
  }

  /** The turn sees to its guard itself. */
  follow(id: InvocationId, end: Promise<void>): void {
    this.#followed.add(id);
    const ended: Promise<void> = end
      .catch(() => undefined)
      .finally(() => {
        this.#followed.delete(id);
        this.#open.delete(ended);
      });
    this.#open.add(ended);
  }

  /** Whether one is under way. */
  get some(): boolean {
    return this.#open.size > 0;
  }

  /** None of them is under way any more. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Whether the guard is known here: its turn is alive, then it is set anew, or has ended. */
  async sees(message: Resume): Promise<boolean> {
    const { guard, id, dueAtMs: setAtMs } = message;
    if (guard === undefined) return false;
    // One that comes early says that its turn is over.
    if (setAtMs !== undefined && (this.#followed.has(id) || this.#ports.runs?.(id) === true))
      return await this.#setAnew(message, setAtMs);
    if (this.#needless.has(guard)) return true;
    return this.#guards.has(guard) && (await this.#setAnew(message, setAtMs));
  }

  async #setAnew(message: Resume, atMs = this.#ports.clock.now()): Promise<true> {
    await setAnew(this.#ports, { message, atMs });
    return true;
  }

  async #sendEarly({ id, guard }: Guarded): Promise<void> {
    const early = outgoing({ kind: "resume", id, guard }, afresh(this.#ports, "guard"));
    await sendGuard(this.#ports, id, early);
  }

  #forget({ guard }: Guarded): void {
    this.#guards.delete(guard);
    this.#needless.add(guard);
    const [oldest] = this.#needless;
    if (oldest !== undefined && this.#needless.size > GUARDS_REMEMBERED_MAX) this.#needless.delete(oldest);
  }
}

/** Before its time: its turn is over. If it cannot be sent, it comes when it is due. */
export async function sendGuard(
  { mailbox, logger }: DispatcherPorts,
  invocation: InvocationId,
  guard: Outgoing,
): Promise<void> {
  try {
    await sendAll(mailbox, [guard]);
  } catch (error) {
    logger.log("warn", "a guard comes late", { invocation, reason: asError(error).message });
  }
}
