/** The Kafka subscriptions of a local server: one consumer for each that is there, and not paused. */
import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { asError } from "../../../lib/errors.ts";
import { KAFKA_CHECK_MS, KAFKA_RETRY_MS_MAX } from "../../../lib/limits/events.ts";
import { stopwatchOf } from "../../../lib/ports.ts";
import type { HttpRequest } from "../../http/message.ts";
import { Looking } from "../looking.ts";
import type { SourceDoorPorts } from "../source-door.ts";
import { allClusters, allSubscriptions, findCluster, type KafkaCluster } from "../subscription-store.ts";
import { isConsumed, type Subscription, type SubscriptionFault } from "../subscription.ts";
import type { KafkaClient } from "./client.ts";
import { KafkaConsumer } from "./consumer.ts";
import { platformaticKafka } from "./platformatic.ts";
import { type KafkaSettings, kafkaSettings } from "./settings.ts";
import { type SkippedPartition, SkipRefused, type SkipTarget, skipTo } from "./skip.ts";
import { type KafkaStatus, PAUSED } from "./status.ts";

export interface Move {
  readonly to: SkipTarget;
  /** What is left out is noted, so that it can be fetched later. */
  readonly notes: boolean;
  readonly moved: () => Promise<void>;
}

interface Wanted {
  readonly subscription: Subscription;
  readonly settings: KafkaSettings;
}

export class KafkaSources {
  readonly #ports: SourceDoorPorts;
  readonly #client: KafkaClient;
  /** Tells this server from others, and is the same when it starts again. */
  readonly #server: string;
  readonly #consumers = new Map<string, KafkaConsumer>();
  /** Subscriptions whose groups are moved now: nothing reads them. */
  readonly #moving = new Set<string>();
  readonly #looking: Looking;

  constructor(ports: SourceDoorPorts, dataPath: string, client: KafkaClient = platformaticKafka) {
    this.#ports = ports;
    this.#client = client;
    this.#looking = new Looking(ports.clock, async () => await this.#work());
    // A file is served by one server at a time. One without a file does not come back.
    const own = dataPath.startsWith(":") ? randomUUID() : dataPath;
    this.#server = createHash("sha256").update(`${hostname()}\n${own}`).digest("hex").slice(0, 12);
  }

  /** Whether a request of the admin API may have changed what is to be read. */
  static concerns({ method, path }: Pick<HttpRequest, "method" | "path">): boolean {
    return method !== "GET" && /\/(?:subscriptions|kafka-clusters)(?:\/[^/]+)?$/u.test(path);
  }

  /** What keeps it from being read. */
  async check(subscription: Subscription, cluster: KafkaCluster): Promise<SubscriptionFault | undefined> {
    if (!isConsumed(subscription)) return undefined;
    const settings = kafkaSettings(subscription, cluster, this.#server);
    if ("reason" in settings) return settings;
    let cancel: () => void = () => undefined;
    const late = new Promise<string>((resolve) => {
      const reason = `the brokers of cluster '${cluster.name}' (${settings.brokers.join(", ")}) do not answer`;
      cancel = stopwatchOf(this.#ports).after(KAFKA_CHECK_MS, () => resolve(reason));
    });
    const checked = this.#client.check(settings, subscription.source.name).then(
      () => undefined,
      (error: unknown) => asError(error).message,
    );
    const reason = await Promise.race([checked, late]);
    cancel();
    return reason === undefined ? undefined : { field: "source", reason };
  }

  /** `undefined`: nothing here reads it. */
  async status(subscription: Subscription): Promise<KafkaStatus | undefined> {
    if (!isConsumed(subscription)) return undefined;
    if (subscription.isPaused) return PAUSED;
    return (
      (await this.#consumers.get(subscription.id)?.status()) ?? { ...PAUSED, state: "starting" as const }
    );
  }

  /**
   * Moves the group of a subscription. Its consumer stands still meanwhile, and goes on afterwards, unless it is paused. `moved` is called
   * when the group was moved, before anything is read. Throws {@link SkipRefused}, and what the client throws.
   */
  async skip(subscription: Subscription, { to, notes, moved }: Move): Promise<readonly SkippedPartition[]> {
    const { id, source } = subscription;
    const cluster =
      source.cluster === undefined ? undefined : await findCluster(this.#ports.items, source.cluster);
    const settings = cluster && kafkaSettings(subscription, cluster, this.#server);
    if (!settings || "reason" in settings)
      throw new SkipRefused(settings?.reason ?? "The cluster of the subscription is gone");
    if (this.#moving.has(id)) throw new SkipRefused("The subscription is moved already");
    this.#moving.add(id);
    try {
      this.look();
      await this.#looking.settled();
      const skipped = await this.#moved(subscription, settings, to, notes);
      await moved();
      return skipped;
    } finally {
      this.#moving.delete(id);
      await this.changed();
    }
  }

  async #moved(
    subscription: Subscription,
    settings: KafkaSettings,
    to: SkipTarget,
    notes: boolean,
  ): Promise<readonly SkippedPartition[]> {
    // A group that has committed nothing is moved, too, whatever it would do otherwise.
    const stream = await this.#client.open({ ...settings, reset: "earliest" }, subscription.source.name);
    try {
      return await skipTo(this.#ports.items, stream, subscription, to, notes);
    } finally {
      await stream.close().catch(() => undefined);
    }
  }

  /** Looks at the subscriptions: at the start, and when they may have changed. */
  look(): void {
    this.#looking.look();
  }

  /** Looks, and waits a little until the new ones read: what is produced after the answer is then read, also from the end of a topic on. */
  async changed(): Promise<void> {
    this.look();
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = stopwatchOf(this.#ports).after(KAFKA_CHECK_MS, resolve);
    });
    await Promise.race([this.#allBegun(), late]);
    cancel();
  }

  async #allBegun(): Promise<void> {
    await this.#looking.settled();
    await Promise.all([...this.#consumers.values()].map(({ begun }) => begun));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#looking.stop(), ...[...this.#consumers.values()].map((each) => each.stop())]);
  }

  /** Answers in how many ms to try again. */
  async #work(): Promise<number | undefined> {
    try {
      await this.#compare();
      return undefined;
    } catch (error) {
      this.#ports.logger.log("warn", "Kafka subscriptions wait", { reason: asError(error).message });
      return KAFKA_RETRY_MS_MAX;
    }
  }

  async #compare(): Promise<void> {
    const wanted = await this.#wanted();
    for (const [id, consumer] of this.#consumers) {
      const settings = wanted.get(id)?.settings;
      if (settings && consumer.isFor(settings)) continue;
      this.#consumers.delete(id);
      await consumer.stop();
    }
    if (this.#looking.isStopped) return;
    for (const [id, { subscription, settings }] of wanted)
      if (!this.#consumers.has(id))
        this.#consumers.set(id, new KafkaConsumer(this.#ports, this.#client, subscription, settings));
  }

  async #wanted(): Promise<ReadonlyMap<string, Wanted>> {
    const { items, logger } = this.#ports;
    const read = (await allSubscriptions(items)).filter(
      (each) => isConsumed(each) && !each.isPaused && !this.#moving.has(each.id),
    );
    if (read.length === 0) return new Map();
    const clusters = new Map((await allClusters(items)).map((each) => [each.name, each] as const));
    const wanted = new Map<string, Wanted>();
    for (const subscription of read) {
      const cluster = clusters.get(subscription.source.cluster ?? "");
      const settings = cluster && kafkaSettings(subscription, cluster, this.#server);
      if (settings && !("reason" in settings)) {
        wanted.set(subscription.id, { subscription, settings });
        continue;
      }
      const reason = settings?.reason ?? "its cluster is gone";
      logger.log("warn", "a Kafka subscription cannot be read", { subscription: subscription.name, reason });
    }
    return wanted;
  }
}
