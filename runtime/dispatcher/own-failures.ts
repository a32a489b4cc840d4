/**
 * Whether a message has failed too often for a reason of its own (R16).
 *
 * A queue counts receipts. One that waits behind another message of its group is received and given back as often as that one, and has
 * not failed. So its receipts alone say too little: its own failures are counted as well, here, in this process. Other processes do not
 * know of them. So a message that is twice as often received as it may be has failed too often in any case.
 *
 * Nothing rests on the count: a message that is paused too late has been tried more often, and was given back each time.
 */
import { isTooLarge, OperationalError } from "../../lib/errors.ts";
import { FAILING_MESSAGES_MAX, OWN_FAILURES_MIN, RECEIVES_MAX, REFUSALS_MAX } from "../../lib/limits.ts";
import type { Incoming } from "../../lib/model/message.ts";

export class OwnFailures {
  readonly #failures = new Map<string, number>();

  /** One more failure of it. */
  isOneTooMany({ messageId, receiveCount }: Incoming, error: unknown): boolean {
    if (isTooLarge(error)) return receiveCount >= REFUSALS_MAX;
    if (error instanceof OperationalError) return false;
    const failures = (this.#failures.get(messageId) ?? 0) + 1;
    this.#failures.delete(messageId);
    const isEnough = receiveCount >= RECEIVES_MAX && failures >= OWN_FAILURES_MIN;
    if (isEnough || receiveCount >= 2 * RECEIVES_MAX) return true;
    this.#failures.set(messageId, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > FAILING_MESSAGES_MAX && oldest !== undefined) this.#failures.delete(oldest);
    return false;
  }
}
