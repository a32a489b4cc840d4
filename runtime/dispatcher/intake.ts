/**
 * Where the messages of a batch are handled: here, or in a mailbox of their service's own (docs/decisions/0023).
 *
 * All messages come to the runtime's mailbox first, whoever sends them: that is where they get their place. Those of a service with
 * a mailbox of its own are sent on, and take their place with them. So a dispatcher holds them for one request, not for a turn.
 *
 * Invariants
 * - Messages of a group are sent on one after the other, in their order (R13), and each only while this dispatcher has it (R7).
 * - A message is deleted here when it is durable there (M1).
 * - No message of a service is handled here while another one is handled there. While the service moves, its messages are held.
 *   What the registry says is read once for each batch, and before anything of the batch is handled.
 *
 * Crash points. Sent on and not deleted: it comes again, and is sent on again. Within five minutes SQS drops the double. After that it
 * comes twice, behind itself: as a message that was handed out before, so it is in doubt (R2).
 */
import { asError } from "../../lib/errors.ts";
import { tagOfGroup } from "../../lib/model/ids.ts";
import { bodyOf, forwarded, type Opened, openForwarded } from "../../lib/model/forwarded.ts";
import type { Incoming, Outgoing } from "../../lib/model/message.ts";
import type { Clock, Logger, Mailbox } from "../../lib/ports.ts";
import type { OwnMailbox } from "../../lib/store/own-mailboxes.ts";
import { sendAll } from "../../lib/store/send.ts";
import type { Keeper } from "./delivery.ts";
import type { Dispatcher } from "./dispatcher.ts";

export interface IntakePorts {
  readonly dispatcher: Pick<Dispatcher, "handle">;
  /** The runtime's. */
  readonly mailbox: Mailbox;
  readonly mailboxAt: (url: string) => Mailbox;
  readonly mailboxes: { of(tag: string): Promise<OwnMailbox | undefined> };
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
}

interface Sorted {
  readonly here: Incoming[];
  readonly held: Incoming[];
  /** By the URL of the mailbox. */
  readonly elsewhere: Map<string, Incoming[]>;
}

export class Intake {
  readonly #ports: IntakePorts;

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** As the dispatcher's `handle`. `isOwn`: the batch comes from a mailbox of a service's own. */
  async handle(
    batch: readonly Incoming[],
    remainingMs: number,
    keeper: Keeper,
    isOwn: boolean,
  ): Promise<readonly string[]> {
    return isOwn
      ? await this.#fromOwn(batch, remainingMs, keeper)
      : await this.#fromShared(batch, remainingMs, keeper);
  }

  async #fromShared(
    batch: readonly Incoming[],
    remainingMs: number,
    keeper: Keeper,
  ): Promise<readonly string[]> {
    const { dispatcher } = this.#ports;
    // What was moved here out of an own mailbox's dead letters takes a new place.
    const plain = batch.map((incoming) => ({ ...incoming, body: bodyOf(incoming.body) }));
    const { here, held, elsewhere } = await this.#sort(plain);
    if (held.length > 0) keeper.finish([], held);
    const sent = [...elsewhere].map(async ([url, messages]) => await this.#sendOn(url, messages, keeper));
    const handled = here.length > 0 ? [dispatcher.handle(here, remainingMs, keeper)] : [];
    const failed = await Promise.all([...sent, ...handled]);
    return [...held.map(({ messageId }) => messageId), ...failed.flat()];
  }

  async #sort(batch: readonly Incoming[]): Promise<Sorted> {
    const sorted: Sorted = { here: [], held: [], elsewhere: new Map() };
    const nowMs = this.#ports.clock.now();
    const tags = new Set(batch.map(({ group }) => tagOfGroup(group)));
    const found = await Promise.all([...tags].map(async (tag) => [tag, await this.#mailboxOf(tag)] as const));
    const placed = new Map(found);
    for (const message of batch) {
      const own = placed.get(tagOfGroup(message.group));
      if (own === "unknown" || (own && nowMs < own.heldUntilMs)) sorted.held.push(message);
      else if (!own) sorted.here.push(message);
      else sorted.elsewhere.set(own.url, [...(sorted.elsewhere.get(own.url) ?? []), message]);
    }
    return sorted;
  }

  async #mailboxOf(tag: string): Promise<OwnMailbox | undefined | "unknown"> {
    try {
      return await this.#ports.mailboxes.of(tag);
    } catch (error) {
      const { message: reason } = asError(error);
      this.#ports.logger.log("warn", "it is not known where messages are to be handled", { tag, reason });
      return "unknown";
    }
  }

  /** One of each group after the other, for as long as they are this dispatcher's. Answers those that are to come again. */
  async #sendOn(url: string, messages: readonly Incoming[], keeper: Keeper): Promise<readonly string[]> {
    const mailbox = this.#ports.mailboxAt(url);
    const nowMs = this.#ports.clock.now();
    const sent = new Set<Incoming>();
    let groups = [...Map.groupBy(messages, ({ group }) => group).entries()];
    try {
      for (let at = 0; groups.length > 0; at++) {
        // A group whose messages may be another dispatcher's by now is left for good.
        groups = groups.filter(([group, { length }]) => at < length && keeper.holds(group));
        const round = groups.flatMap(([, held]) => held[at] ?? []);
        await sendAll(
          mailbox,
          round.map((message) => forwarded(message, nowMs)),
        );
        for (const message of round) sent.add(message);
      }
    } catch (error) {
      const { message: reason } = asError(error);
      this.#ports.logger.log("warn", "messages could not be sent on", { url, reason });
    }
    const givenBack = messages.filter((message) => !sent.has(message));
    keeper.finish([...sent], givenBack);
    return givenBack.map(({ messageId }) => messageId);
  }

  async #fromOwn(
    batch: readonly Incoming[],
    remainingMs: number,
    keeper: Keeper,
  ): Promise<readonly string[]> {
    const nowMs = this.#ports.clock.now();
    const opened = batch.map((incoming) => openForwarded(incoming, nowMs));
    const here = messagesThat(opened, "in-place");
    const expired = messagesThat(opened, "expired");
    for (const { group } of expired)
      this.#ports.logger.log("error", "a message is older than a mailbox keeps any, and is dropped", {
        group,
      });
    if (expired.length > 0) keeper.finish(expired, []);
    const handled = here.length > 0 ? [this.#ports.dispatcher.handle(here, remainingMs, keeper)] : [];
    const failed = await Promise.all([this.#sendBack(messagesThat(opened, "misplaced"), keeper), ...handled]);
    return failed.flat();
  }

  /** To the runtime's mailbox, for a new place: it has lost its own. */
  async #sendBack(messages: readonly Incoming[], keeper: Keeper): Promise<readonly string[]> {
    if (messages.length === 0) return [];
    const sent: Incoming[] = [];
    try {
      for (const message of messages) {
        if (!keeper.holds(message.group)) break;
        await sendAll(this.#ports.mailbox, [again(message)]);
        sent.push(message);
      }
    } catch (error) {
      const { message: reason } = asError(error);
      this.#ports.logger.log("warn", "messages could not be given a new place", { reason });
    }
    const givenBack = messages.filter((message) => !sent.includes(message));
    keeper.finish(sent, givenBack);
    return givenBack.map(({ messageId }) => messageId);
  }
}

const messagesThat = (opened: readonly Opened[], is: Opened["is"]): Incoming[] =>
  opened.filter((each) => each.is === is).map(({ message }) => message);

const again = ({ group, messageId, body }: Incoming): Outgoing => ({
  ...{ group, dedup: `replaced.${messageId}`, body },
});
