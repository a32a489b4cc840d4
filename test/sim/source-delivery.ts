/**
 * One delivery to the source door: the requests that the door makes for it, and whether its answer is what they allow.
 *
 * E6: a record is to be delivered again only if something failed that could have stopped it. COST: a mark for a lane, a message for a
 * record, and no other write where none is needed.
 */
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { ItemKey, Write } from "../../lib/model/item.ts";
import { decodeMessage, type Outgoing } from "../../lib/model/message.ts";
import type { ItemStore, Mailbox } from "../../lib/ports.ts";
import { type Delivered, markOf, programIn, type SimRecord } from "./source-events.ts";
import { isFifo, isKafka, isRun } from "./source-plan.ts";
import type { Ports } from "./side.ts";
import { isWrong, type Subscribed } from "./source-watch.ts";

/** Beside the program: what a record's shape adds to its input. */
const SHAPE_BYTES = 800;

/** Its records of one lane, in its order. Those of a queue or a push without lanes are one list. */
const laneOf = ({ source: { kind }, lane }: SimRecord): string =>
  isKafka(kind) || kind.startsWith("kinesis") || isFifo(kind) ? String(lane) : "";

export class Delivery {
  readonly records: readonly SimRecord[];
  readonly #of: Subscribed;
  /** Writes that were asked for, by what they are. */
  readonly #writes = new Map<string, number>();
  /** Messages that were not refused. */
  #sent = 0;
  /** What failed: programs, marks; `all`: what every record rests on. */
  readonly #failed = new Set<string>();
  readonly #raised = new Map<string, bigint>();
  /** Programs whose records the mailbox has taken, or that are set aside, as the door was told. */
  readonly #taken = new Set<string>();

  constructor(of: Subscribed, batch: readonly Delivered[]) {
    this.#of = of;
    this.records = batch.flatMap((each) => each.records);
  }

  /** Sees what is asked for through them. */
  ports(ports: Ports): Ports {
    const { items, mailbox, registry } = ports;
    const watchedItems: ItemStore = {
      get: (key, options) => this.#watch(items.get(key, options), () => this.#nameOf(key)),
      write: async (write) => await this.#write(items, write),
      query: (...asked) => this.#watch(items.query(...asked), () => ["all"]),
      scan: (...asked) => this.#watch(items.scan(...asked), () => ["all"]),
    };
    const watchedMailbox: Mailbox = { sendBatch: async (messages) => await this.#send(mailbox, messages) };
    const service = async (name: string) => {
      const found = await this.#watch(registry.service(name), () => ["all"]);
      if (!found) this.#failed.add("all");
      return found;
    };
    return {
      ...ports,
      items: watchedItems,
      mailbox: watchedMailbox,
      registry: { service } as Ports["registry"],
    };
  }

  async #watch<T>(asked: Promise<T>, names: () => readonly string[]): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      for (const name of names()) this.#failed.add(name);
      throw error;
    }
  }

  async #write(items: ItemStore, write: Write): ReturnType<ItemStore["write"]> {
    const [name = "all"] = this.#nameOf(write.key, write);
    const kind = name === "all" ? "other" : name;
    const result = await this.#watch(items.write(write), () => [name]);
    // Gaps that another door has changed are changed anew.
    if (result.won || !name.startsWith("mark ")) this.#writes.set(kind, (this.#writes.get(kind) ?? 0) + 1);
    const value =
      write.op === "update" ? write.changes.find((change) => change.attribute === "p") : undefined;
    if (write.key.pk.startsWith("rejected.")) this.#taken.add(name);
    if (result.won && name.startsWith("mark ") && value?.do === "set" && typeof value.value === "string")
      this.#raised.set(name, BigInt(value.value));
    return result;
  }

  #nameOf({ pk, sk }: ItemKey, write?: Write): readonly string[] {
    if (pk.startsWith("source.") && sk.startsWith("mark."))
      return [`mark ${sk.slice(sk.indexOf(".", "mark.".length) + 1)}`];
    if (pk.startsWith("source.") && sk === "status") return ["status"];
    if (!pk.startsWith("rejected.") || write?.op !== "put") return ["all"];
    const { coordinates } = (write.attributes["record"] ?? {}) as { coordinates?: string };
    const record = this.records.find((each) => each.coordinates === coordinates);
    return [record?.program.pid ?? "all"];
  }

  /** A repeat of what has started the workflow is for all that the door knows of this one. */
  readonly #pidOf = ({ body }: Outgoing): string => {
    const message = decodeMessage(body);
    if (message.kind !== "start" || !(message.input instanceof Uint8Array)) return "all";
    const pid = programIn(JSON.parse(new TextDecoder().decode(message.input)))?.pid;
    return this.records.find(({ program }) => program.pid === pid)?.program.pid ?? "all";
  };

  async #send(mailbox: Mailbox, messages: readonly Outgoing[]): Promise<readonly number[]> {
    const refused = await this.#watch(mailbox.sendBatch(messages), () => messages.map(this.#pidOf));
    for (const at of refused) {
      const message = messages[at];
      // It is refused for good after some tries.
      if (message) this.#failed.add(this.#pidOf(message));
    }
    messages.forEach((message, at) => {
      if (!refused.includes(at)) this.#taken.add(this.#pidOf(message));
    });
    this.#sent += messages.length - refused.length;
    return refused;
  }

  /** What is wrong with the answer; `undefined`: nothing. */
  violation(failed: ReadonlySet<Delivered>): { readonly rule: string; readonly message: string } | undefined {
    const firsts = [...Map.groupBy(failed, ({ records: [first] }) => first && laneOf(first)).values()];
    // What holds several records comes again for the sake of any of them.
    const wrong = firsts.find(([first]) => !first?.records.some((record) => this.#isExcused(record)));
    if (wrong)
      return {
        rule: "E6",
        message: `${wrong[0]?.records[0]?.coordinates ?? ""} is to come again, and nothing that it waits for has failed (${[...this.#failed].join(", ")})`,
      };
    const cost = this.#cost();
    return cost === undefined ? undefined : { rule: "COST", message: `${this.#of.plan.name}: ${cost}` };
  }

  #isExcused(record: SimRecord): boolean {
    if (this.#failed.has("all")) return true;
    const mark = markOf(record);
    const raised = mark === undefined ? undefined : this.#raised.get(`mark ${mark}`);
    if (raised !== undefined && record.number <= raised) return false;
    if (this.#failed.has(`mark ${mark ?? ""}`)) return true;
    if (this.#taken.has(record.program.pid)) return false;
    // Records that are sent together fail together; what is set aside parts them.
    const lane = this.#inOrder(laneOf(record));
    const at = lane.indexOf(record);
    const next = lane.findIndex((each, index) => index > at && isWrong(each, this.#of.plan));
    const until = isWrong(record, this.#of.plan) ? at + 1 : next < 0 ? lane.length : next;
    return lane.slice(0, until).some(({ program }) => this.#failed.has(program.pid));
  }

  #inOrder(lane: string): readonly SimRecord[] {
    const own = this.records.filter((each) => laneOf(each) === lane);
    return lane === ""
      ? own
      : own.toSorted((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0));
  }

  #cost(): string | undefined {
    if (this.#sent > this.records.length) return `${this.#sent} messages for ${this.records.length} records`;
    const often = [...this.#writes].find(([kind, count]) => kind !== "other" && count > 1);
    if (often) return `${often[1]} writes of ${often[0]}`;
    const needsMore = isRun(this.#of.plan.callee) || this.records.some(isPerhapsLong);
    const others = this.#writes.get("other") ?? 0;
    return others > 0 && !needsMore ? `${others} other writes for short records` : undefined;
  }
}

/** The whole record may be the input, with a key that is too long. */
const isPerhapsLong = ({ program, wrong }: SimRecord): boolean =>
  wrong === "bad-key" || JSON.stringify(program).length + SHAPE_BYTES > MESSAGE_PAYLOAD_BYTES_MAX;
