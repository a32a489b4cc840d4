/**
 * What the mailbox gave up delivering: its invocation is paused (R16), so that it is seen among the others, by its last
 * failure, and does not look as if it waited for something. The message stays where it is, to be sent again when its reason
 * is gone (docs/operations.md), and its invocation to be resumed: nothing is lost by either.
 *
 * An invocation that has moved since the message came here is left alone: somebody has resumed it, or another message has
 * done what this one could not. A start that never became an invocation becomes a paused one, which takes its place among its
 * key's writers when it is resumed: others have overtaken it.
 */
import { pauseUndelivered } from "../../lib/store/head/rest.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { asError } from "../../lib/errors.ts";
import { decodeMessage, type Message } from "../../lib/model/message.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { Clock, ItemStore, Logger } from "../../lib/ports.ts";
import { DEAD_LETTER_BATCHES_MAX } from "../../lib/limits.ts";

export interface DeadLetter {
  readonly body: string;
  /** When it came here, epoch milliseconds. */
  readonly sinceMs: number;
}

/** The queue that they are in. */
export interface DeadLetters {
  /** Some that were not answered before, none when there are no more. */
  next(): Promise<readonly DeadLetter[]>;
}

export interface DeadLetterPorts {
  readonly items: ItemStore;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class DeadLetterWatch {
  readonly #ports: DeadLetterPorts;

  constructor(ports: DeadLetterPorts) {
    this.#ports = ports;
  }

  async run(): Promise<{ readonly found: number; readonly paused: number }> {
    let [found, paused] = [0, 0];
    for (let batch = 0; batch < DEAD_LETTER_BATCHES_MAX; batch++) {
      const letters = await this.#ports.deadLetters.next();
      if (letters.length === 0) break;
      found += letters.length;
      for (const letter of letters) if (await this.#pause(letter)) paused++;
    }
    if (found > 0) this.#ports.logger.log("error", "the mailbox has dead letters", { found, paused });
    return { found, paused };
  }

  async #pause({ body, sinceMs }: DeadLetter): Promise<boolean> {
    const message = this.#decode(body);
    if (!message) return false;
    const stored = await readHead(this.#ports.items, message.id);
    const why = {
      code: 500,
      message: `the mailbox gave up delivering a message (${message.kind}): it is in the dead-letter queue`,
    };
    if (!stored) {
      const start = message.kind === "start" ? message : undefined;
      return await pauseUndelivered(this.#ports, { id: message.id, start }, why);
    }
    const { head } = stored;
    const isOther = message.incarnation !== undefined && message.incarnation !== head.incarnation;
    if (isOther || ON.undelivered[head.status] === "leave") return false;
    return (
      head.modifiedAtMs <= sinceMs && (await pauseUndelivered(this.#ports, { id: message.id, head }, why))
    );
  }

  #decode(body: string): Message | undefined {
    try {
      return decodeMessage(body);
    } catch (error) {
      this.#ports.logger.log("error", "a dead letter cannot be read", { error: asError(error).message });
      return undefined;
    }
  }
}
