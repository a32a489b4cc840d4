/** A topic in memory, with what its group has committed: a client that can fail, and whose streams tests can end. */
import type { KafkaClient, KafkaMessage, KafkaStream } from "../../../runtime/events/kafka/client.ts";
import { KafkaSources } from "../../../runtime/events/kafka/sources.ts";
import { storeCluster, storeSubscription } from "../../../runtime/events/subscription-store.ts";
import { EventsWorld } from "./world.ts";

export const CLUSTER = {
  name: "main",
  properties: { "bootstrap.servers": "127.0.0.1:9092" },
  createdAtMs: 0,
};

/** A server that reads a topic for a subscription. */
export async function startReading(options: Readonly<Record<string, string>> = {}) {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add", options);
  await storeCluster(world.items, CLUSTER, true);
  await storeSubscription(world.items, to);
  const topic = new Topic();
  const sources = new KafkaSources(world.doorPorts, ":memory:", topic);
  sources.look();
  await world.clock.advance(0);
  return { world, to, topic, sources };
}

export class Topic implements KafkaClient {
  readonly #records: KafkaMessage[][] = [[], []];
  readonly committed = new Map<number, bigint>();
  readonly streams: TopicStream[] = [];
  /** Opening fails so often. */
  refusals = 0;
  commitsFail = false;
  /** Partitions that another member of the group reads. */
  readonly ofOthers = new Set<number>();
  whyNot: string | undefined;

  append(partition: number, key: string, value: unknown): void {
    const records = this.recordsOf(partition);
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const record = {
      partition,
      offset: BigInt(records.length),
      timestampMs: records.length + 1,
      headers: [],
    };
    records.push({ ...record, key: new TextEncoder().encode(key), value: bytes });
    for (const stream of this.streams) stream.wake();
  }

  recordsOf(partition: number): KafkaMessage[] {
    return (this.#records[partition] ??= []);
  }

  ends(): readonly bigint[] {
    return this.#records.map(({ length }) => BigInt(length));
  }

  async check(): Promise<void> {
    await Promise.resolve();
    if (this.whyNot !== undefined) throw new Error(this.whyNot);
  }

  async open(): Promise<KafkaStream> {
    await Promise.resolve();
    if (this.refusals > 0) {
      this.refusals--;
      throw new Error("no broker answers");
    }
    const stream = new TopicStream(this, new Map(this.committed));
    this.streams.push(stream);
    return stream;
  }
}

export class TopicStream implements KafkaStream {
  readonly #topic: Topic;
  readonly #positions: Map<number, bigint>;
  #end: Error | "closed" | undefined;
  wake: () => void = () => undefined;

  constructor(topic: Topic, positions: Map<number, bigint>) {
    this.#topic = topic;
    this.#positions = positions;
  }

  get isClosed(): boolean {
    return this.#end === "closed";
  }

  breaks(message: string): void {
    this.#end = new Error(message);
    this.wake();
  }

  async take(): Promise<readonly KafkaMessage[]> {
    for (;;) {
      if (this.#end === "closed") return [];
      if (this.#end) throw this.#end;
      const taken = this.#topic.ends().flatMap((end, partition) => {
        const from = this.#positions.get(partition) ?? 0n;
        this.#positions.set(partition, end);
        return this.#topic.recordsOf(partition).slice(Number(from));
      });
      if (taken.length > 0) return taken;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async commit(partition: number, next: bigint): Promise<void> {
    await Promise.resolve();
    if (this.#topic.commitsFail || this.isClosed) throw new Error("the group has no such member");
    this.#topic.committed.set(partition, next);
  }

  async offsets(at: "earliest" | "latest" | { readonly timeMs: number }): Promise<readonly bigint[]> {
    await Promise.resolve();
    const ends = this.#topic.ends();
    if (at === "latest") return ends;
    if (at === "earliest") return ends.map(() => 0n);
    return ends.map((_, partition) =>
      BigInt(this.#topic.recordsOf(partition).findIndex(({ timestampMs }) => timestampMs >= at.timeMs)),
    );
  }

  partitions(): readonly number[] {
    return [...this.#topic.ends().keys()].filter((partition) => !this.#topic.ofOthers.has(partition));
  }

  async committed(): Promise<ReadonlyMap<number, bigint>> {
    return await Promise.resolve(new Map(this.#topic.committed));
  }

  async close(): Promise<void> {
    this.#end ??= "closed";
    this.wake();
    await Promise.resolve();
  }
}
