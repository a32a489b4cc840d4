/**
 * R24: who is answered finds everything that the answerer has sent ahead of anything that he does next. So when an invocation
 * is completed by its own code, the mailbox has all that its log has sent.
 */
import { deliveryOf } from "../../lib/model/entry-parts.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { Message } from "../../lib/model/message.ts";

interface Ended {
  readonly id: string;
  readonly incarnation: number;
  readonly entries: readonly Entry[];
}

export class Causality {
  /** What was sent, by the command that sends it. */
  readonly #sent = new Set<string>();

  sent(message: Message): void {
    if (message.kind === "start") this.#sent.add(message.origin);
    if (message.kind === "attach") {
      const { id, incarnation, command } = message.replyTo;
      this.#sent.add(`${id}.${incarnation}.${command}`);
    }
    if (message.kind !== "notify" || message.note.kind === "completion") return;
    this.#sent.add(message.note.delivery);
  }

  /** What is missing. */
  violation({ id, incarnation, entries }: Ended): string | undefined {
    for (const entry of entries) {
      for (const name of causesOf(entry)) {
        if (!this.#sent.has(`${id}.${incarnation}.${name}`))
          return `${id} has answered before its ${entry.kind} ${name} was sent`;
      }
    }
    return undefined;
  }
}

function causesOf(entry: Entry): readonly (number | string)[] {
  // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- all others send nothing
  switch (entry.kind) {
    case "call":
    case "send":
    case "sendSignal":
    case "cancel":
    case "attach":
      return [entry.command];
    case "cancelled":
      return entry.callees.length > 0 ? [deliveryOf(entry.delivery)] : [];
    default:
      return [];
  }
}
