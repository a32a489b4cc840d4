/** Events, delivered through the source door as their source would deliver them. */
import { EVENTS_REQUEST_MS, REJECTED_MAX } from "../../lib/limits/events.ts";
import { decodeMessage, type Outgoing } from "../../lib/model/message.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { rejectedId } from "../../lib/model/source-record.ts";
import { invocationOf, isRejection } from "../../runtime/events/invocation-of.ts";
import { readRejected, rejectedOf } from "../../runtime/events/rejected.ts";
import { resolveSink } from "../../runtime/events/sink.ts";
import { type BatchOutcome, SourceDoor, type SourceDoorPorts } from "../../runtime/events/source-door.ts";
import { readEvent } from "../../runtime/events/shapes/event.ts";
import { allSubscriptions, findSubscription } from "../../runtime/events/subscription-store.ts";
import type { Subscription } from "../../runtime/events/subscription.ts";
import type { SourceEvent } from "./events.ts";
import type { TestInvocation } from "./invocation.ts";
import { isPlainRecord, type PlainRecord, PlainRecords } from "./plain-records.ts";

export interface DeliverOptions {
  /** How often: a source may deliver an event again. Default: 1. */
  readonly times?: number;
  /** All of these at the same time, as two consumers may after a rebalance. Default: one after the other. */
  readonly atOnce?: boolean;
  /** At the first delivery the mailbox takes so many of the records, and refuses those behind them, as one that is throttled does. So you
   * see what the source is to deliver again. Default: all. */
  readonly accepts?: number;
}

/** What the source gets. */
export type DeliveryAnswer = BatchOutcome;

/** The last delivery, and what all of them have started. */
export interface Delivered extends DeliveryAnswer {
  /** In their order. */
  readonly deliveries: readonly DeliveryAnswer[];
  /** Of the records, in their order. One that was set aside has none, and one that comes again has the same. */
  readonly invocations: readonly TestInvocation[];
}

/** A record that was set aside. */
export interface SetAside {
  readonly id: string;
  /** `no-key`, `bad-key`, `unreadable`, `refused`, … */
  readonly reason: string;
  readonly message: string;
  /** Where it is in its source. */
  readonly coordinates: string;
  readonly status: "waiting" | "retried" | "dropped";
  readonly headers: Readonly<Record<string, string>>;
  /** As it was delivered. */
  readonly value: Uint8Array;
}

export class Deliveries {
  readonly #ports: SourceDoorPorts;
  readonly #door: SourceDoor;
  readonly #plain: PlainRecords;
  readonly #invocation: (id: string) => TestInvocation;

  constructor(ports: SourceDoorPorts, invocation: (id: string) => TestInvocation) {
    this.#ports = ports;
    this.#door = new SourceDoor(ports);
    this.#plain = new PlainRecords(() => new Date(ports.clock.now()));
    this.#invocation = invocation;
  }

  async deliver(
    name: string,
    what: SourceEvent | PlainRecord | readonly PlainRecord[],
    { times = 1, atOnce = false, accepts }: DeliverOptions,
  ): Promise<Delivered> {
    if (!Number.isSafeInteger(times) || times < 1)
      throw new RangeError(`an event is delivered once or more often, not ${times} times`);
    const subscription = await this.#subscription(name);
    const event = this.#eventOf(subscription, what);
    let first = accepts === undefined ? undefined : await this.#refusing(subscription, event, accepts);
    const deliver = async (): Promise<DeliveryAnswer> => {
      const door = first ?? this.#door;
      first = undefined;
      return await door.deliver(subscription, event, EVENTS_REQUEST_MS);
    };
    const deliveries: DeliveryAnswer[] = [];
    if (atOnce) deliveries.push(...(await Promise.all(Array.from({ length: times }, deliver))));
    else for (let count = 0; count < times; count++) deliveries.push(await deliver());
    const [last] = deliveries.slice(-1);
    if (!last) throw new RangeError("nothing was delivered");
    return { ...last, deliveries, invocations: await this.#started(subscription, event) };
  }

  /** Throws if there are more than {@link REJECTED_MAX}. */
  async rejected(name: string): Promise<readonly SetAside[]> {
    const subscription = await this.#subscription(name);
    const { records, next } = await rejectedOf(this.#ports, subscription.name, { limit: REJECTED_MAX });
    if (next !== undefined) throw new RangeError(`more than ${REJECTED_MAX} records were set aside`);
    return records.map(({ id, reason, message, status, record: { coordinates, headers, input } }) => ({
      ...{ id, reason, message, status, coordinates, headers, value: input },
    }));
  }

  async #subscription(name: string): Promise<Subscription> {
    const found = await findSubscription(this.#ports.items, name);
    if (found) return found;
    const names = (await allSubscriptions(this.#ports.items)).map((each) => each.name);
    const known = names.length === 0 ? "there is none" : `there are ${names.join(", ")}`;
    throw new Error(`there is no subscription '${name}'; ${known}`);
  }

  #eventOf(to: Subscription, what: SourceEvent | PlainRecord | readonly PlainRecord[]): SourceEvent {
    if (isList(what)) return this.#plain.eventOf(to, what);
    return isPlainRecord(what) ? this.#plain.eventOf(to, [what]) : what;
  }

  /** A door whose mailbox refuses what comes behind the first records. */
  async #refusing(to: Subscription, event: SourceEvent, accepts: number): Promise<SourceDoor> {
    const ids = (await this.#startsOf(to, event)).map(({ start }) => start?.id);
    const refused = new Set(ids.slice(accepts));
    for (const id of ids.slice(0, accepts)) refused.delete(id);
    const isRefused = ({ body }: Outgoing): boolean => refused.has(decodeMessage(body).id);
    const { mailbox } = this.#ports;
    const sendBatch = async (messages: readonly Outgoing[]): Promise<readonly number[]> => {
      const taken = messages.filter((message) => !isRefused(message));
      const again = taken.length === 0 ? [] : await mailbox.sendBatch(taken);
      return messages.flatMap((message, at) =>
        isRefused(message) || again.includes(taken.indexOf(message)) ? [at] : [],
      );
    };
    return new SourceDoor({ ...this.#ports, mailbox: { sendBatch } });
  }

  /** What each record becomes: its id derives from it. Absent: nothing. */
  async #startsOf(to: Subscription, event: SourceEvent) {
    const { registry, clock } = this.#ports;
    const sink = await resolveSink(registry, to.sink);
    return readEvent(event, to.source, to).records.map((record) => {
      const mapped = typeof sink === "string" ? undefined : invocationOf(to, sink, record, clock.now());
      return { record, start: mapped === undefined || isRejection(mapped) ? undefined : mapped };
    });
  }

  async #started(to: Subscription, event: SourceEvent): Promise<readonly TestInvocation[]> {
    const { items } = this.#ports;
    const ids = new Set<string>();
    for (const { record, start } of await this.#startsOf(to, event)) {
      const rejected = await readRejected({ items }, to.name, rejectedId(to, record.identity));
      const isAside = rejected !== undefined && rejected.status !== "retried";
      if (start && !isAside) ids.add(shownId(start.id));
    }
    return [...ids].map((id) => this.#invocation(id));
  }
}

const isList = (what: object): what is readonly PlainRecord[] => Array.isArray(what);
