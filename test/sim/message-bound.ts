/**
 * R23: what is sent is bounded by what was asked for. Counts the messages of a run, and the reasons for them.
 *
 * A wake, which is the message to an owner that was handed its key, needs a reason of its own: a hand-off that says that a
 * message goes to the new owner; a kill or a cancellation, which may end a new owner; or a doubt. A hand-off whose answer was
 * lost makes two wakes of one doubt (seeds 20295, 50151), so the same factor holds for them.
 */
import type { Attributes } from "../../lib/model/item.ts";
import { parseLock, sameInvocation } from "../../lib/model/lock.ts";
import type { Message, Resume } from "../../lib/model/message.ts";

/** So many messages for each reason. Published in docs/guarantees.md. */
export const MESSAGES_MAX = 2;

export interface Work {
  /** Invocations. */
  readonly accepted: number;
  /** Operations in all logs. */
  readonly commands: number;
}

export class MessageBound {
  #sent = 0;
  #wakes = 0;
  #handOffs = 0;
  #endings = 0;
  /** The messages that new owners are to run under. */
  readonly #handedBy = new Map<string, string>();
  /** By clients, operators and the reconciler. */
  #outside = 0;
  /** Deliveries that may have happened before, writes of locks that were refused, turns that failed, messages given back, timers
   * that fire twice. */
  #doubts = 0;
  /** That were set for turns at the door: one for a minute, two for five, and again if they come early. */
  #guards = 0;
  /** Other reasons for a wake: guards, whose deliveries are in doubt however they come (R26), and owners that were to run under a
   * message that has no time left for them. */
  #looks = 0;

  /** `by`: the actor's name, which begins with its kind. */
  sent(by: string, message: Message): void {
    this.#sent++;
    if (/^(clie|door|sour|oper|reco)/.test(by)) this.#outside++;
    if (message.kind === "resume" && message.wake) this.#wakesOne(message);
    else if (message.kind === "resume" && message.guard !== undefined) this.#looks++;
    const ends =
      message.kind === "kill" || (message.kind === "notify" && message.note.kind === "cancellation");
    if (ends) this.#endings++;
  }

  #wakesOne({ id, of }: Resume): void {
    this.#wakes++;
    if (of === undefined || this.#handedBy.get(id) !== of) return;
    this.#handedBy.delete(id);
    this.#looks++;
  }

  lockWritten(before: Attributes | undefined, after: Attributes | undefined): void {
    if (!before || !after) return;
    const [was, is] = [parseLock(before), parseLock(after)];
    if (sameInvocation(was.owner, is.owner)) return;
    if (is.isWoken) this.#handOffs++;
    else if (is.handedBy !== undefined) this.#handedBy.set(is.owner.id, is.handedBy);
  }

  doubt(): void {
    this.#doubts++;
  }

  /** A client has set a timer: what it sends is the client's. */
  asked(): void {
    this.#outside++;
  }

  guarded(): void {
    this.#guards++;
  }

  /** What is wrong at the end; `undefined`: nothing. */
  violation({ accepted, commands }: Work): string | undefined {
    const [doubts, outside, sent, wakes, guards] = [
      this.#doubts,
      this.#outside,
      this.#sent,
      this.#wakes,
      this.#guards,
    ];
    if (wakes > MESSAGES_MAX * (this.#handOffs + this.#endings + this.#looks + doubts))
      return `${wakes} wakes for ${this.#handOffs} hand-offs, ${this.#endings} endings and ${doubts} doubts`;
    if (sent <= MESSAGES_MAX * (accepted + commands + outside + doubts + guards)) return undefined;
    return `${sent} messages for ${accepted} invocations, ${commands} commands, ${outside} from outside, ${doubts} doubts, ${guards} guards`;
  }
}
