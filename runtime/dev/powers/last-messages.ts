/**
 * The last messages that were delivered here, so that one can be delivered again. In memory, as many as have room. A turn that ran
 * where its call was accepted had no message: then it is the guard of the turn, which would have been delivered if the turn had died.
 */
import type { InvocationId } from "../../../lib/model/ids.ts";
import { decodeMessage, type Incoming, type Message, type Start } from "../../../lib/model/message.ts";
import { guardTimer } from "../../../lib/store/guard.ts";
import { MESSAGES_REMEMBERED_BYTES_MAX, MESSAGES_REMEMBERED_MAX } from "../../../lib/limits/local.ts";

interface AtDoor {
  readonly start: Start;
  /** The name of its guard. */
  readonly name: string;
  readonly atMs: number;
}

export interface LastMessage {
  readonly message: Message;
  readonly incoming: Incoming;
  /** It was never delivered. */
  readonly isGuard: boolean;
}

export class LastMessages {
  #held: (Incoming | AtDoor)[] = [];
  #bytes = 0;

  note(messages: readonly (Incoming | AtDoor)[]): void {
    for (const message of messages) {
      this.#held.push(message);
      this.#bytes += sizeOf(message);
    }
    // Half of them at a time, so that few messages pay for it.
    while (this.#held.length > MESSAGES_REMEMBERED_MAX || this.#bytes > MESSAGES_REMEMBERED_BYTES_MAX) {
      this.#held = this.#held.slice(Math.ceil(this.#held.length / 2));
      this.#bytes = this.#held.reduce((sum, message) => sum + sizeOf(message), 0);
    }
  }

  /** The newest one. */
  of(id: InvocationId): LastMessage | undefined {
    for (let at = this.#held.length - 1; at >= 0; at--) {
      const held = this.#held[at];
      if (held === undefined) continue;
      if ("start" in held) {
        if (held.start.id === id) return guardOf(held);
        continue;
      }
      const message = held.body.includes(id) ? decoded(held.body) : undefined;
      if (message?.id === id) return { message, incoming: held, isGuard: false };
    }
    return undefined;
  }
}

function guardOf({ start, name, atMs }: AtDoor): LastMessage {
  const { message } = guardTimer(start, { name, atMs });
  const sent = { ...message, messageId: `guard-${name}`, sequence: "0", receiveCount: 0, sentAtMs: atMs };
  return { message: start, incoming: sent, isGuard: true };
}

function decoded(body: string): Message | undefined {
  try {
    return decodeMessage(body);
  } catch {
    return undefined;
  }
}

/** About. */
const sizeOf = (held: Incoming | AtDoor): number =>
  "start" in held ? held.start.input.length : held.body.length;
