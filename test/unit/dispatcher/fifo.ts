/** A FIFO queue, as far as its order goes: a group's messages are handed out one batch after the other. */
import type { Incoming, Outgoing } from "../../../lib/model/message.ts";
import type { Clock, Mailbox } from "../../../lib/ports.ts";

const DEDUP_MS = 5 * 60 * 1000;
const BATCH_MAX = 10;

type Held = Incoming & { receiveCount: number };
interface Group {
  readonly messages: Held[];
  /** Its first messages are out, or hidden, until then. */
  hiddenUntilMs: number;
}

export class Fifo implements Mailbox {
  readonly #clock: Clock;
  readonly #groups = new Map<string, Group>();
  readonly #seen = new Map<string, number>();
  #sequence = 0;
  /** Called before an answer to a send. May throw what a lost answer would. */
  beforeAnswer: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get depth(): number {
    return [...this.#groups.values()].reduce((sum, { messages }) => sum + messages.length, 0);
  }

  async sendBatch(messages: readonly Outgoing[]): Promise<readonly number[]> {
    for (const message of messages) this.#accept(message);
    this.beforeAnswer();
    return await Promise.resolve([]);
  }

  #accept({ group, dedup, body }: Outgoing): void {
    const name = `${group} ${dedup}`;
    const sentAtMs = this.#clock.now();
    if (sentAtMs - (this.#seen.get(name) ?? -DEDUP_MS) < DEDUP_MS) return;
    this.#seen.set(name, sentAtMs);
    const sequence = String(++this.#sequence).padStart(20, "0");
    const held = this.#groups.get(group) ?? { messages: [], hiddenUntilMs: 0 };
    held.messages.push({ messageId: `m${sequence}`, group, sequence, receiveCount: 0, sentAtMs, body });
    this.#groups.set(group, held);
  }

  /** Of groups that are free. They are not, until they are settled or `hiddenMs` have passed. */
  receive(hiddenMs: number, most = BATCH_MAX): Incoming[] {
    const batch: Incoming[] = [];
    for (const group of this.#groups.values()) {
      if (group.hiddenUntilMs > this.#clock.now()) continue;
      const taken = group.messages.slice(0, most - batch.length);
      if (taken.length > 0) group.hiddenUntilMs = this.#clock.now() + hiddenMs;
      for (const message of taken) {
        message.receiveCount++;
        batch.push({ ...message });
      }
    }
    return batch;
  }

  settle(batch: readonly Incoming[], failed: readonly string[], againMs: number): void {
    for (const { group: name, messageId } of batch) {
      const group = this.#groups.get(name);
      if (!group) continue;
      const isAgain = failed.includes(messageId);
      if (!isAgain) group.messages.splice(0, group.messages.length, ...without(group.messages, messageId));
      group.hiddenUntilMs = group.messages.length > 0 && isAgain ? this.#clock.now() + againMs : 0;
    }
    for (const [name, { messages }] of this.#groups) if (messages.length === 0) this.#groups.delete(name);
  }
}

const without = (messages: readonly Held[], id: string): Held[] =>
  messages.filter(({ messageId }) => messageId !== id);
