/**
 * Reads the topic of one subscription, and brings its records to the source door: those of a partition in their order, and partitions
 * beside each other. An offset is committed after its record was accepted. So what a server had taken when it was killed comes again,
 * and the door knows it (E1, E4).
 *
 * A stream that ends is opened again, at what is committed, after a wait that grows. Nothing ends a consumer but `stop`.
 */
import { asError } from "../../../lib/errors.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import { KAFKA_STATUS_MS, KAFKA_STOP_MS_MAX } from "../../../lib/limits/events.ts";
import { stopwatchOf } from "../../../lib/ports.ts";
import { type BatchOutcome, SourceDoor, type SourceDoorPorts } from "../source-door.ts";
import type { Subscription } from "../subscription.ts";
import type { KafkaClient, KafkaMessage, KafkaStream } from "./client.ts";
import { Lane, retryMs } from "./lane.ts";
import { InFlight } from "./in-flight.ts";
import { Pace } from "./pace.ts";
import type { KafkaSettings } from "./settings.ts";
import { type KafkaState, kafkaStatus, type KafkaStatus } from "./status.ts";

export class KafkaConsumer {
  readonly subscription: Subscription;
  readonly settings: KafkaSettings;
  readonly #ports: SourceDoorPorts;
  readonly #client: KafkaClient;
  readonly #door: SourceDoor;
  /** Of all its partitions together. Absent: as fast as they come. */
  readonly #pace: Pace | undefined;
  /** The same, of what it has started. */
  readonly #inFlight: InFlight | undefined;
  readonly #working: Promise<void>;
  readonly #begun = Promise.withResolvers<void>();
  readonly #waits = new Set<() => void>();
  #lanes = new Map<number, Lane>();
  #stream: KafkaStream | undefined;
  #isStopped = false;
  #openFailures = 0;
  #records = 0;
  #errors = 0;
  #lastError: { readonly message: string; readonly atMs: number } | undefined;

  constructor(
    ports: SourceDoorPorts,
    client: KafkaClient,
    subscription: Subscription,
    settings: KafkaSettings,
  ) {
    this.#ports = ports;
    this.#client = client;
    this.subscription = subscription;
    this.settings = settings;
    this.#door = new SourceDoor(ports);
    const { recordsPerSecond, inFlightMax } = settings;
    this.#inFlight = inFlightMax === undefined ? undefined : new InFlight(ports.items, inFlightMax);
    this.#pace = recordsPerSecond === undefined ? undefined : new Pace(ports.clock, recordsPerSecond);
    this.#working = this.#work();
  }

  /** Resolves when it reads, or has failed to: where its group begins is then known, if it ever will be. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  async status(): Promise<KafkaStatus> {
    const stream = this.#stream;
    const isFailing = this.#openFailures > 0 || [...this.#lanes.values()].some((lane) => lane.isFailing);
    return kafkaStatus({
      state: isFailing ? "failing" : stream ? "running" : "starting",
      lanes: this.#lanes,
      ...(await this.#positions(stream)),
      ...{ records: this.#records, errors: this.#errors, lastError: this.#lastError },
    });
  }

  async #positions(stream: KafkaStream | undefined): Promise<Pick<KafkaState, "ends" | "committed">> {
    if (!stream) return { ends: undefined, committed: undefined };
    const asked = Promise.all([stream.offsets("latest"), stream.committed()]).catch(() => undefined);
    const [ends, committed] = (await this.#within(KAFKA_STATUS_MS, asked)) ?? [];
    return { ends, committed };
  }

  /** Whether it is what it would be if it were started now. */
  isFor(settings: KafkaSettings): boolean {
    return JSON.stringify(settings) === JSON.stringify(this.settings);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#begun.resolve();
    for (const wake of this.#waits) wake();
    await this.#within(KAFKA_STOP_MS_MAX, this.#ended());
  }

  /** The lanes first: what they have accepted is to be committed still. */
  async #ended(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.ended()));
    await this.#close();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#read();
      } catch (error) {
        if (this.#isStopped) return;
        this.#openFailures++;
        this.#begun.resolve();
        this.#failed(asError(error).message);
      }
      await this.#close();
      if (this.#openFailures > 0) await this.#wait(retryMs(this.#openFailures));
    }
  }

  async #read(): Promise<void> {
    const stream = await this.#client.open(this.settings, this.subscription.source.name);
    this.#stream = stream;
    this.#openFailures = 0;
    this.#begun.resolve();
    if (this.#isStopped) return;
    this.#lanes = new Map();
    for (;;) {
      const messages = await stream.take();
      if (messages.length === 0 || this.#isStopped) return;
      const byPartition = Map.groupBy(messages, ({ partition }) => partition);
      for (const [partition, own] of byPartition) await this.#lane(partition, stream).add(own);
    }
  }

  #lane(partition: number, stream: KafkaStream): Lane {
    const known = this.#lanes.get(partition);
    if (known) return known;
    const lane: Lane = new Lane({
      allowed: (records) => this.#allowed(records),
      accept: async (messages, remainingMs) => await this.#accept(messages, remainingMs),
      commit: async (next) => await stream.commit(partition, next),
      failed: (message) => this.#failed(message),
      accepted: (records) => (this.#records += records),
      wait: async (ms) => await this.#wait(ms),
      isStopped: () => this.#isStopped || this.#stream !== stream,
      // With the stream its reading ends, and begins anew.
      reread: () => void stream.close().catch(() => undefined),
    });
    this.#lanes.set(partition, lane);
    return lane;
  }

  #allowed(records: number): number {
    const open = this.#inFlight?.take(records) ?? records;
    const allowed = this.#pace?.take(open) ?? open;
    this.#inFlight?.settle(open - allowed);
    return allowed;
  }

  async #accept(messages: readonly KafkaMessage[], remainingMs: number): Promise<BatchOutcome> {
    const started: InvocationId[] = [];
    const event = eventOf(this.subscription.source.name, messages);
    try {
      return await this.#door.deliver(this.subscription, event, remainingMs, (ids) => started.push(...ids));
    } finally {
      this.#inFlight?.settle(messages.length, started);
    }
  }

  async #close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!stream) return;
    await this.#within(
      KAFKA_STOP_MS_MAX,
      stream.close().catch(() => undefined),
    );
  }

  #failed(message: string): void {
    if (this.#isStopped) return;
    this.#errors++;
    this.#lastError = { message, atMs: this.#ports.clock.now() };
    this.#ports.logger.log("warn", "a Kafka subscription waits", {
      subscription: this.subscription.name,
      reason: message,
    });
  }

  /** Ends early when the consumer stops. */
  async #wait(ms: number): Promise<void> {
    if (this.#isStopped) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waits.delete(wake);
        resolve();
      };
      const cancel = this.#ports.clock.after(ms, wake);
      this.#waits.add(wake);
    });
  }

  async #within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
    let cancel: () => void = () => undefined;
    const late = new Promise<undefined>((resolve) => {
      cancel = stopwatchOf(this.#ports).after(ms, () => resolve(undefined));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }
}

/** As an event source mapping delivers it: one shape for all. */
const eventOf = (topic: string, messages: readonly KafkaMessage[]): object => ({
  eventSource: "SelfManagedKafka",
  records: {
    [`${topic}-${messages[0]?.partition ?? 0}`]: messages.map(
      ({ partition, offset, timestampMs, key, value, headers }) => ({
        ...{ topic, partition, offset: Number(offset), timestamp: timestampMs },
        ...(key === undefined ? {} : { key: base64(key) }),
        ...(value === undefined ? {} : { value: base64(value) }),
        headers: headers.map(([name, bytes]) => ({ [name]: [...bytes] })),
      }),
    ),
  },
});
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
