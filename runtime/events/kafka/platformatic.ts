/** The client: `@platformatic/kafka`, which is loaded when a subscription needs it. */
import type * as Platformatic from "@platformatic/kafka";
import { asError } from "../../../lib/errors.ts";
import {
  KAFKA_CHECK_MS,
  KAFKA_READ_AHEAD_MAX,
  KAFKA_REQUEST_MS,
  KAFKA_RETRY_MS_MIN,
} from "../../../lib/limits/events.ts";
import type { KafkaClient, KafkaMessage, KafkaStream } from "./client.ts";
import type { KafkaSettings } from "./settings.ts";

type Module = typeof Platformatic;
type Message = Platformatic.Message;

const PACKAGE = "@platformatic/kafka";

async function load(): Promise<Module> {
  try {
    return await import("@platformatic/kafka");
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
    if (!isMissing) throw error;
    throw new Error(`To read Kafka, this server needs the package ${PACKAGE}: npm install ${PACKAGE}`, {
      cause: error,
    });
  }
}

const baseOf = ({ brokers, clientId, tls, sasl, createsTopic }: KafkaSettings) => ({
  ...{ clientId, bootstrapBrokers: [...brokers], autocreateTopics: createsTopic },
  ...{ connectTimeout: KAFKA_REQUEST_MS, requestTimeout: 2 * KAFKA_REQUEST_MS },
  // Tries are multiplied by those of each operation inside. The consumer waits and tries again by itself.
  ...{ retries: 1, retryDelay: KAFKA_RETRY_MS_MIN },
  ...(tls ? { tls } : {}),
  ...(sasl ? { sasl } : {}),
});

export const platformaticKafka: KafkaClient = {
  async check(settings, topic) {
    const { Admin } = await load();
    const admin = new Admin({ ...baseOf(settings), connectTimeout: KAFKA_CHECK_MS });
    try {
      const topics = await admin.listTopics({ includeInternals: false });
      if (topics.includes(topic) || settings.createsTopic) return;
      throw new Error(
        `There is no topic '${topic}'. With the option allow.auto.create.topics=true the brokers may create it`,
      );
    } catch (error) {
      throw plain(error);
    } finally {
      await admin.close().catch(() => undefined);
    }
  },

  async open(settings, topic) {
    const module = await load();
    const consumer = new module.Consumer({
      ...baseOf(settings),
      ...{ groupId: settings.groupId, groupInstanceId: settings.instanceId },
      ...{ sessionTimeout: settings.sessionMs, rebalanceTimeout: settings.sessionMs },
      ...{ heartbeatInterval: settings.heartbeatMs },
    });
    try {
      return await PlatformaticStream.open(module, consumer, settings, topic);
    } catch (error) {
      await consumer.close(true).catch(() => undefined);
      throw plain(error);
    }
  },
};

/** Errors of the client hold what happened in lists of causes, of which the innermost say most. */
function plain(error: unknown): Error {
  const messages = [asError(error).message, ...innermost(error)];
  return new Error([...new Set(messages)].join(": "), { cause: error });
}

function innermost(error: unknown): readonly string[] {
  const { message, cause } = asError(error);
  const all: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  const causes = [...all, ...(cause === undefined ? [] : [cause])];
  return causes.length === 0 ? [message] : causes.flatMap(innermost);
}

class PlatformaticStream implements KafkaStream {
  readonly #consumer: Platformatic.Consumer;
  readonly #messages: Platformatic.MessagesStream<Buffer, Buffer, Buffer, Buffer>;
  readonly #topic: string;
  #taken: KafkaMessage[] = [];
  #error: Error | undefined;
  #isClosed = false;
  #wake: () => void = () => undefined;

  private constructor(
    consumer: Platformatic.Consumer,
    messages: Platformatic.MessagesStream<Buffer, Buffer, Buffer, Buffer>,
    topic: string,
  ) {
    this.#consumer = consumer;
    this.#messages = messages;
    this.#topic = topic;
    messages.on("data", (message) => {
      this.#taken.push(messageOf(message));
      if (this.#taken.length >= KAFKA_READ_AHEAD_MAX) messages.pause();
      this.#wake();
    });
    messages.on("error", (error) => this.#end(plain(error)));
    messages.on("close", () => this.#end(new Error("the stream of the topic has ended")));
  }

  /** Where the group begins is committed first. Otherwise one that begins at the end, and is killed before its first record was
   * accepted, would begin at a later end. */
  static async open(
    { MessagesStreamModes, MessagesStreamFallbackModes }: Module,
    consumer: Platformatic.Consumer,
    { reset, committedOnly }: KafkaSettings,
    topic: string,
  ): Promise<PlatformaticStream> {
    const ends = reset === "latest" ? await offsetsOf(consumer, topic, LATEST) : [];
    const messages = await consumer.consume({
      ...{ topics: [topic], autocommit: false, isolationLevel: committedOnly ? 1 : 0 },
      mode: MessagesStreamModes.COMMITTED,
      fallbackMode:
        MessagesStreamFallbackModes[reset === "none" ? "FAIL" : reset === "latest" ? "LATEST" : "EARLIEST"],
      maxWaitTime: 500,
    });
    const stream = new PlatformaticStream(consumer, messages, topic);
    if (ends.length > 0) await stream.#begin(ends);
    return stream;
  }

  async #begin(ends: readonly bigint[]): Promise<void> {
    const committed = await this.committed();
    for (const partition of this.#own()) {
      const end = ends[partition];
      if (!committed.has(partition) && end !== undefined) await this.commit(partition, end);
    }
  }

  #own(): readonly number[] {
    return this.#consumer.assignments?.find(({ topic }) => topic === this.#topic)?.partitions ?? [];
  }

  async committed(): Promise<ReadonlyMap<number, bigint>> {
    const own = this.#own();
    if (own.length === 0) return new Map();
    const topics = [{ topic: this.#topic, partitions: [...own] }];
    const offsets = (await this.#consumer.listCommittedOffsets({ topics })).get(this.#topic) ?? [];
    const known = own.map((partition) => [partition, offsets[partition] ?? -1n] as const);
    return new Map(known.filter(([, offset]) => offset >= 0n));
  }

  async take(): Promise<readonly KafkaMessage[]> {
    while (this.#taken.length === 0 && !this.#error && !this.#isClosed)
      await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#isClosed) return [];
    if (this.#taken.length === 0 && this.#error) throw this.#error;
    const taken = this.#taken;
    this.#taken = [];
    if (this.#messages.isPaused()) this.#messages.resume();
    return taken;
  }

  async commit(partition: number, next: bigint): Promise<void> {
    await this.#consumer.commit({
      offsets: [{ topic: this.#topic, partition, offset: next, leaderEpoch: 0 }],
    });
  }

  async offsets(at: "earliest" | "latest" | { readonly timeMs: number }): Promise<readonly bigint[]> {
    const timestamp = at === "earliest" ? EARLIEST : at === "latest" ? LATEST : BigInt(at.timeMs);
    return await offsetsOf(this.#consumer, this.#topic, timestamp);
  }

  partitions(): readonly number[] {
    return this.#own();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#messages.close().catch(() => undefined);
    await this.#consumer.close(true);
  }

  #end(error: Error): void {
    this.#error ??= error;
    this.#wake();
  }
}

/** Times that stand for something else. */
const [LATEST, EARLIEST] = [-1n, -2n];
const offsetsOf = async (
  consumer: Platformatic.Consumer,
  topic: string,
  timestamp: bigint,
): Promise<readonly bigint[]> =>
  (await consumer.listOffsets({ topics: [topic], timestamp })).get(topic) ?? [];

const messageOf = ({ partition, offset, timestamp, key, value, headerEntries }: Message): KafkaMessage => ({
  ...{ partition, offset, timestampMs: Number(timestamp) },
  // The types say that they are there.
  ...(isBytes(key) ? { key } : {}),
  ...(isBytes(value) ? { value } : {}),
  headers: headerEntries.map(([name, bytes]) => [String(name), isBytes(bytes) ? bytes : new Uint8Array(0)]),
});
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;
