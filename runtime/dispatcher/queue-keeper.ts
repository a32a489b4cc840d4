/**
 * Keeps the messages of one batch hidden from other dispatchers while they are worked on, and lets go of them after (R16).
 *
 * Why: a queue's own visibility timeout must be as long as its consumer may run. A dispatcher that dies would block its
 * groups for that long. So a batch that is still worked on after `HIDE_AFTER_MS` is hidden for `HIDDEN_MS`, and again with
 * each beat. A dead dispatcher then costs `HIDDEN_MS`. Most batches are through before, and cost no such request. A
 * dispatcher that dies in its first moments costs the queue's own timeout.
 *
 * Invariants
 * - In each request the oldest message of a group comes first, and is hidden longest. SQS hands out the messages of a group up
 *   to the first hidden one, so a group has to become visible from its end. Otherwise its oldest message would be
 *   handled elsewhere while a later one is handled here.
 * - Once a message may be visible again, nobody may count on having it: the next one of its group is not begun (R7).
 *   What runs already goes on; if it is a zombie by then, the fences stop it (W3).
 *
 * Stragglers: Lambda answers a batch as a whole, so a group that is through would wait for the slowest one. After
 * `LINGER_MS` its finished messages are deleted here, and its others are made visible. The group moves on. A deleted message
 * is not reported as failed, and Lambda's own deletion of it finds nothing.
 *
 * Crash points
 * - Before that deletion: the messages are delivered and handled again, without harm (M1, M2).
 * - After it: everything that they cause was already durable.
 */
import { asError } from "../../lib/errors.ts";
import type { Incoming } from "../../lib/model/message.ts";
import type { Clock, Logger } from "../../lib/ports.ts";
import {
  AGAIN_MS_MAX,
  AGAIN_MS_MIN,
  HIDDEN_MS,
  HIDDEN_STEP_MS,
  HIDING_BEAT_MS,
  HIDE_AFTER_MS,
  HIDING_MARGIN_MS,
  LINGER_MS,
} from "../../lib/limits.ts";
import type { Keeper } from "./delivery.ts";

/** The receipts of the messages of a batch. */
export interface Receipts {
  /** Hides each message for so long from now, one after the other. Returns those that are not ours any more. Throws when
   * nobody knows. */
  hide(messages: readonly { readonly messageId: string; readonly ms: number }[]): Promise<readonly string[]>;
  delete(messageIds: readonly string[]): Promise<void>;
}

type State = "working" | "done" | "given back";
interface Held {
  readonly message: Incoming;
  state: State;
  /** Epoch milliseconds, as far as it is known. */
  hiddenUntilMs: number;
  /** Let go of: deleted, or shown again. */
  released: boolean;
}

export interface KeeperPorts {
  readonly receipts: Receipts;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class QueueKeeper implements Keeper {
  readonly #ports: KeeperPorts;
  readonly #held: readonly Held[];
  readonly #lost = new Set<string>();
  /** Requests under way. One after the other, so that a later one is not undone by an earlier. */
  #requests: Promise<void> = Promise.resolve();
  #stopBeat = (): void => undefined;
  #stopLinger: (() => void) | undefined;
  #ended = false;

  constructor(ports: KeeperPorts, batch: readonly Incoming[]) {
    this.#ports = ports;
    this.#held = batch.map((message) => ({
      message,
      state: "working",
      hiddenUntilMs: Number.POSITIVE_INFINITY,
      released: false,
    }));
  }

  /** Before anything else is done with the batch. */
  begin(): void {
    this.#beatAfter(HIDE_AFTER_MS);
  }

  holds(group: string): boolean {
    if (this.#lost.has(group)) return false;
    const nowMs = this.#ports.clock.now();
    return this.#held.every(
      ({ message, released, hiddenUntilMs }) =>
        message.group !== group || released || hiddenUntilMs - HIDING_MARGIN_MS > nowMs,
    );
  }

  finish(done: readonly Incoming[], givenBack: readonly Incoming[]): void {
    this.#mark(done, "done");
    this.#mark(givenBack, "given back");
    if (this.#stopLinger || this.#held.every(({ state }) => state !== "working")) return;
    this.#stopLinger = this.#ports.clock.after(LINGER_MS, () => {
      this.#stopLinger = undefined;
      if (!this.#ended) this.#enqueue(() => this.#release(true));
    });
  }

  release(): void {
    this.#stopLinger?.();
    this.#stopLinger = undefined;
    this.#enqueue(() => this.#release(true));
  }

  /** When the batch is through. Lambda deletes what is done; what is given back shall not wait for the last beat's end. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#stopBeat();
    this.#stopLinger?.();
    this.#enqueue(() => this.#release(false));
    await this.#requests;
  }

  #beatAfter(ms: number): void {
    this.#stopBeat = this.#ports.clock.after(ms, () => {
      if (this.#ended) return;
      this.#enqueue(() => this.#hide());
      this.#beatAfter(HIDING_BEAT_MS);
    });
  }

  #mark(messages: readonly Incoming[], state: State): void {
    const ids = new Set(messages.map(({ messageId }) => messageId));
    for (const held of this.#held) if (ids.has(held.message.messageId)) held.state = state;
  }

  /** A request that fails is not tried again: the next beat is, and what is not hidden long enough is not begun. */
  #enqueue(request: () => Promise<void>): void {
    this.#requests = this.#requests.then(request).catch((error: unknown) => {
      this.#ports.logger.log("warn", "the visibility of a batch could not be changed", {
        messages: this.#held.length,
        reason: asError(error).message,
      });
    });
  }

  async #hide(): Promise<void> {
    const kept = this.#held.filter(({ released }) => !released);
    if (kept.length === 0) return;
    const behind = new Map<string, number>();
    const times = kept
      .toReversed()
      .map(({ message: { messageId, group } }) => {
        const count = behind.get(group) ?? 0;
        behind.set(group, count + 1);
        return { messageId, ms: HIDDEN_MS + count * HIDDEN_STEP_MS };
      })
      .toReversed();
    await this.#change(kept, times);
  }

  async #change(
    kept: readonly Held[],
    times: readonly { readonly messageId: string; readonly ms: number }[],
  ): Promise<void> {
    const untilMs = times.map(({ ms }) => this.#ports.clock.now() + ms);
    // Until the answer is there, and for good if it is lost, either may be true: the earlier counts.
    for (const [index, held] of kept.entries()) {
      held.hiddenUntilMs = Math.min(held.hiddenUntilMs, untilMs[index] ?? 0);
    }
    const lost = new Set(await this.#ports.receipts.hide(times));
    for (const [index, held] of kept.entries()) {
      const { messageId, group } = held.message;
      if (lost.has(messageId)) this.#lost.add(group);
      else held.hiddenUntilMs = untilMs[index] ?? 0;
    }
    if (lost.size > 0) {
      this.#ports.logger.log("warn", "messages are not this dispatcher's any more", { messages: [...lost] });
    }
  }

  /** Of the groups that are through. */
  async #release(deleting: boolean): Promise<void> {
    const working = new Set(
      this.#held.filter(({ state }) => state === "working").map(({ message }) => message.group),
    );
    const through = this.#held.filter(({ message, released }) => !released && !working.has(message.group));
    const done = deleting ? through.filter(({ state }) => state === "done") : [];
    const givenBack = through.filter(({ state }) => state === "given back");
    // Before the group can be handed out again, or what is done would come with it.
    if (done.length > 0) await this.#ports.receipts.delete(done.map(({ message }) => message.messageId));
    for (const held of done) held.released = true;
    if (givenBack.length === 0) return;
    for (const held of givenBack) held.released = true;
    const times = givenBack.map(({ message: { messageId, receiveCount } }) => ({
      messageId,
      ms: againMs(receiveCount),
    }));
    await this.#change(givenBack, times);
  }
}

const againMs = (receiveCount: number): number =>
  Math.min(AGAIN_MS_MAX, AGAIN_MS_MIN * 2 ** Math.max(0, receiveCount - 1));
