/**
 * What the mailbox gave up delivering: its invocation is paused (R16), so that it is seen among the others, by its last
 * failure, and does not look as if it waited for something. The message stays where it is, to be sent again when its reason
 * is gone (docs/operations.md), and its invocation to be resumed: nothing is lost by either.
 *
 * A Start that becomes a paused invocation here is in its head, with all that it brought. So it is deleted (M1). That frees its group: of a
 * FIFO queue's group ten messages are seen, and those behind them only when these are gone. Ten others of one key hide what is behind
 * them.
 *
 * An invocation that has moved since the message came here is left alone: somebody has resumed it, or another message has
 * done what this one could not. A start that never became an invocation becomes a paused one, which takes its place among its
 * key's writers when it is resumed: others have overtaken it.
 *
 * What has ended is looked at once more: its reply and its key may have been this message's to see to, and whatever is delivered
 * once more does not look like a redelivery (R2).
 *
 * What was killed or cancelled before it began must not run when it is resumed. So it is not paused: it ends here. A start of
 * which only a stub says that (R21) gets its head first.
 *
 * Crash points of such an end
 * 1. The head adopts the stub. It is in lists from then on; the next look goes on with 2.
 * 2. A message to where Starts come: it ends the invocation, or finds it ended. Then it sends the replies and passes the key on,
 *    which a turn may have taken.
 * 3. The end, so that it is seen even if the mailbox gives up that message, too.
 */
import { scheduleHead } from "../../lib/store/head/births.ts";
import { pauseUndelivered } from "../../lib/store/head/rest.ts";
import { endUnbegun } from "../../lib/store/head/transitions.ts";
import { handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import { readHeadOrStub } from "../../lib/store/head-store.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import { asError } from "../../lib/errors.ts";
import { type Head, isCancelled, isForLife, type Stub } from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { bodyOf } from "../../lib/model/forwarded.ts";
import { decodeMessage, type Message, type Start } from "../../lib/model/message.ts";
import { failure } from "../../lib/model/outcome.ts";
import { isUnbegun, ON } from "../../lib/model/status-table.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox, Registry } from "../../lib/ports.ts";
import { CLOCK_SKEW_MS, DEAD_LETTER_BATCHES_MAX, MAILBOX_RETENTION_MS } from "../../lib/limits.ts";
import type { TurnFailure } from "../../lib/protocol.ts";

export interface DeadLetter {
  readonly body: string;
  /** When it came here, epoch milliseconds. */
  readonly sinceMs: number;
  /** Takes it out of the queue. */
  readonly remove?: () => Promise<void>;
}

/** The queue that they are in. */
export interface DeadLetters {
  /** Some that were not answered before, none when there are no more. */
  next(): Promise<readonly DeadLetter[]>;
}

export interface DeadLetterPorts {
  readonly items: ItemStore;
  readonly deadLetters: DeadLetters;
  readonly mailbox: Mailbox;
  readonly registry: Pick<Registry, "service" | "deployment">;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** What became of its invocation. */
type Shown = "taken" | "paused" | "ended" | "as-it-was";

export class DeadLetterWatch {
  readonly #ports: DeadLetterPorts;

  constructor(ports: DeadLetterPorts) {
    this.#ports = ports;
  }

  async run(): Promise<{ readonly found: number; readonly paused: number }> {
    let [found, paused, ended] = [0, 0, 0];
    for (let batch = 0; batch < DEAD_LETTER_BATCHES_MAX; batch++) {
      const letters = await this.#ports.deadLetters.next();
      if (letters.length === 0) break;
      found += letters.length;
      for (const letter of letters) {
        const shown = await this.#show(letter);
        if (shown === "paused" || shown === "taken") paused++;
        if (shown === "ended") ended++;
        if (shown === "taken") await letter.remove?.();
      }
    }
    if (found > 0) this.#ports.logger.log("error", "the mailbox has dead letters", { found, paused, ended });
    return { found, paused };
  }

  async #show({ body, sinceMs }: DeadLetter): Promise<Shown> {
    const message = this.#decode(body);
    if (!message) return "as-it-was";
    const { stored, stub } = await readHeadOrStub(this.#ports.items, message.id);
    if (!stored) return message.kind === "start" ? await this.#showStart(message, stub) : "as-it-was";
    const why = whyPaused(message, "it is in the dead-letter queue");
    const { head } = stored;
    const isOther = message.incarnation !== undefined && message.incarnation !== head.incarnation;
    const action = ON.undelivered[head.status];
    if (isOther || action === "leave") return "as-it-was";
    if (action === "look") return await this.#look(message.id, head, sinceMs);
    if (isUnbegun(head) && isCancelled(head)) return await this.#end(message.id, head);
    if (head.modifiedAtMs > sinceMs) return "as-it-was";
    return shownAs("paused", await pauseUndelivered(this.#ports, { id: message.id, head }, why));
  }

  async #showStart(start: Start, stub: Stub | undefined): Promise<Shown> {
    const { id } = start;
    if (stub === undefined || !isForLife(stub, start) || !isCancelled(stub)) {
      // A delay and a guard are of the message, and not of a paused head.
      const isWhole = start.dueAtMs === undefined && start.guard === undefined;
      const why = whyPaused(
        start,
        isWhole ? "nothing of it is missing here" : "it is in the dead-letter queue",
      );
      const isPaused = await pauseUndelivered(this.#ports, { id, start }, why);
      return shownAs(isWhole ? "taken" : "paused", isPaused);
    }
    const born = await scheduleHead(this.#ports, start);
    return born ? await this.#end(id, born.head) : "as-it-was";
  }

  /** Once a pass, for as long as a message vouches for anything. What came to its end later did so without this one. */
  async #look(id: InvocationId, head: Head, sinceMs: number): Promise<Shown> {
    const isInDoubt = this.#ports.clock.now() - head.modifiedAtMs < MAILBOX_RETENTION_MS;
    if (isInDoubt && head.modifiedAtMs <= sinceMs + CLOCK_SKEW_MS) await this.#poke(id, head);
    return "as-it-was";
  }

  async #poke(id: InvocationId, { incarnation }: Head): Promise<void> {
    const resume = { kind: "resume", id, incarnation, enters: true, poke: true } as const;
    await sendAll(this.#ports.mailbox, [outgoing(resume, afresh(this.#ports, "dead"))]);
  }

  async #end(id: InvocationId, head: Head): Promise<Shown> {
    await this.#poke(id, head);
    const retention = await handlerPolicyOf(this.#ports.registry, head);
    const outcome = failure(409, head.killed ? "killed" : "cancelled");
    const ended = await endUnbegun(this.#ports, id, head, outcome, retention);
    return shownAs("ended", ended !== undefined);
  }

  #decode(body: string): Message | undefined {
    try {
      return decodeMessage(bodyOf(body));
    } catch (error) {
      this.#ports.logger.log("error", "a dead letter cannot be read", { error: asError(error).message });
      return undefined;
    }
  }
}

const whyPaused = ({ kind }: Message, where: string): TurnFailure => ({
  code: 500,
  message: `the mailbox gave up delivering a message (${kind}): ${where}`,
});

const shownAs = (shown: Shown, isWritten: boolean): Shown => (isWritten ? shown : "as-it-was");
