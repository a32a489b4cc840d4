/**
 * Attaches a command of one invocation to the result of another. The message comes through the target's own group, so
 * whoever knew the target's id from its Start finds it: that Start was sent before anyone was told the id, and has been
 * handled (R7). Three cases:
 *
 * - Open: the caller is registered in the head, beside the one that called it. The completion answers with all that are
 *   registered when it is written, so of the two conditional writes whichever comes second sees the other.
 * - Completed: its result is sent at once.
 * - Absent, or expired: 404, since nothing can come of waiting. One exception: a handler's delayed send to an exclusive
 *   handler is registered through the group of its id, not of its key, and this message may have overtaken it. So for
 *   such ids it is sent on once to that group, behind the registration; only there is absence final. No clock decides.
 *
 * Crash points: before the write or the reply is durable the message stays and is handled again (M1); both are harmless to
 * repeat, a caller that has its answer takes no second one (`isNews` in lib/turn/turn-machine.ts). If the caller dies between its append
 * and this message, whoever acts next on it sends it again (R2).
 */
import { addReply } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { outgoing, sendAll } from "../../lib/store/send.ts";
import { isExpired } from "../../lib/model/head.ts";
import { isExclusiveId } from "../../lib/model/ids.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../../lib/limits.ts";
import type { Attach } from "../../lib/model/message.ts";
import { failure } from "../../lib/model/outcome.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { DispatcherPorts, Verdict } from "./delivery.ts";
import { reply } from "../../lib/store/last-outputs.ts";

export class Attachment {
  readonly #ports: DispatcherPorts;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  async handle(attach: Attach): Promise<Verdict> {
    const { id, replyTo } = attach;
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const head = (await readHead(this.#ports.items, id))?.head;
      if (!head || isExpired(head, this.#ports.clock.now())) return await this.#absent(attach);
      if (ON.attach[head.status] === "reply" && head.outcome) {
        await reply(this.#ports, id, [replyTo], head.outcome);
        return "done";
      }
      if (await addReply(this.#ports.items, id, head.incarnation, replyTo)) return "done";
      // It has completed since it was read.
    }
    return "retry";
  }

  async #absent(attach: Attach): Promise<Verdict> {
    const { id, replyTo } = attach;
    if (isExclusiveId(id) && !attach.forwarded) {
      const cause = `${replyTo.id}.${replyTo.incarnation}.${replyTo.command}.forwarded`;
      await sendAll(this.#ports.mailbox, [outgoing({ ...attach, forwarded: true }, cause, id)]);
      return "done";
    }
    await reply(this.#ports, id, [replyTo], failure(404, `invocation not found: ${id}`));
    return "done";
  }

  /** What cannot be attached to must not leave its caller waiting (L1). */
  async refuse({ id, replyTo }: Attach, reason: string): Promise<Verdict> {
    this.#ports.logger.log("error", "an attach message failed too often; its caller is told", { id, reason });
    await reply(this.#ports, id, [replyTo], failure(500, `cannot attach to ${id}: ${reason}`));
    return "done";
  }
}
