/**
 * Handles messages that ask to look at an invocation again: the end of a back-off, a delayed start that is due, a hand-off, a
 * guard, a poke, an operator's resume. What then happens is in progress.ts.
 */
import { readHead, type StoredHead } from "../../lib/store/head-store.ts";
import { renew } from "../../lib/store/renewal.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Resume } from "../../lib/model/message.ts";
import { isOverdue, ON } from "../../lib/model/status-table.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { Invocation } from "./invocation.ts";
import type { LetGo } from "./let-go.ts";
import { afterLongTurn, howEnded, isSettled } from "./long-turn.ts";
import { hasLostPlace, losePlace } from "./place.ts";
import { enter, type Progress } from "./progress.ts";

interface Parts {
  readonly progress: Progress;
  readonly letGo: LetGo;
}

export class Resumption {
  readonly #ports: DispatcherPorts;
  readonly #progress: Progress;
  readonly #letGo: LetGo;

  constructor(ports: DispatcherPorts, { progress, letGo }: Parts) {
    this.#ports = ports;
    this.#progress = progress;
    this.#letGo = letGo;
  }

  async handle(resume: Resume, delivery: Delivery): Promise<Verdict> {
    if (resume.wake) return await this.#progress.wake(resume, delivery);
    const { id, incarnation } = resume;
    if (await this.#letGo.sees(resume)) return "done";
    const stored = await readHead(this.#ports.items, id);
    if (!stored || (incarnation !== undefined && incarnation !== stored.head.incarnation)) return "done";
    if (resume.poke) await renew(this.#ports, id, stored.head);
    // It moves. Its head may look old all the same, by a clock that has jumped.
    if (resume.poke && this.#ports.runs?.(id)) return "done";
    if (await this.#goesElsewhere(resume, stored, delivery)) return "done";
    return await this.#take(resume, stored, delivery);
  }

  /** Whether another message takes its place: in the lane where it may enter, when it is due, or behind others of its key. */
  async #goesElsewhere(resume: Resume, stored: StoredHead, delivery: Delivery): Promise<boolean> {
    const { id, dueAtMs } = resume;
    const { status } = stored.head;
    if (delivery.isNote && ON.noteLane[status] === "enter") {
      await enter(this.#ports, resume);
      return true;
    }
    if (dueAtMs !== undefined && dueAtMs > this.#ports.clock.now() && ON.early[status] === "set-timer") {
      await losePlace(this.#ports, id, stored.head, delivery);
      const message = outgoing(resume, afresh(this.#ports, "early"));
      await this.#ports.timers.schedule({ atMs: dueAtMs, message });
      return true;
    }
    if (!hasLostPlace(stored.head, delivery)) return false;
    // Another delivery of it has arranged the later one, unless that died.
    if (delivery.inDoubt)
      await sendAll(this.#ports.mailbox, [outgoing(resume, afresh(this.#ports, "again"))]);
    return true;
  }

  async #take(resume: Resume, stored: StoredHead, delivery: Delivery): Promise<Verdict> {
    const { id } = resume;
    const { status } = stored.head;
    const invocation = Invocation.stored(id, stored, this.#progress.tokenFor(id, stored.head, delivery));
    if (isSettled(resume, stored.head, delivery))
      return await afterLongTurn(this.#ports, this.#progress, invocation, delivery);
    const ended = howEnded(resume, stored.head);
    const asked: Delivery = {
      ...{ ...delivery, inDoubt: delivery.inDoubt || bringsDoubt(resume, stored.head) },
      ...(ended ? { ended } : {}),
    };
    if (resume.byOperator && ON.released[status] === "release")
      return await this.#progress.release(invocation, asked);
    if (resume.poke && status === "running" && isOverdue(stored.head, this.#ports.clock.now()))
      return await this.#progress.takeOver(invocation, asked);
    return await this.#progress.advance(invocation, [], asked);
  }
}

/** Whether what the last append has caused may not have been done, however the message came. */
const bringsDoubt = (resume: Resume, head: Head): boolean =>
  resume.poke === true || resume.guard !== undefined || wasGivenUp(resume, head);

/** What the mailbox gave up was perhaps all that vouched for the outputs of its last append (R2). Then the watch has paused it. */
const wasGivenUp = ({ byOperator }: Resume, { status }: Head): boolean =>
  byOperator === true && status === "paused";
