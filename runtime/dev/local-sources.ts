/** The sources that a local server reads by itself: schedules, and Kafka. In AWS something else delivers them. */
import type { SkippedPartition } from "../events/kafka/skip.ts";
import { KafkaSources, type Move } from "../events/kafka/sources.ts";
import type { KafkaStatus } from "../events/kafka/status.ts";
import { RecordTally } from "../events/record-tally.ts";
import type { SourceDoorPorts } from "../events/source-door.ts";
import type { SourceReader } from "../events/source-reader.ts";
import { findCluster, type KafkaCluster, storeCluster } from "../events/subscription-store.ts";
import { isConsumed, type Subscription, type SubscriptionFault } from "../events/subscription.ts";
import type { HttpRequest } from "../http/message.ts";
import { Ticks } from "./ticks.ts";

/** Of Kafka clusters, by their names. */
export type ClusterProperties = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class LocalSources implements SourceReader {
  readonly #ports: SourceDoorPorts;
  readonly #kafka: KafkaSources;
  readonly #ticks: Ticks;
  /** Of all doors of this server: those of its own sources, and of its admin API. */
  readonly recordTally: RecordTally;

  constructor(ports: SourceDoorPorts, dataPath: string) {
    this.recordTally = new RecordTally(ports.clock);
    this.#ports = { ...ports, recordTally: this.recordTally };
    this.#kafka = new KafkaSources(this.#ports, dataPath);
    this.#ticks = new Ticks(this.#ports);
  }

  /** `clusters`: of the configuration file. They replace those of their names. */
  async start(clusters: ClusterProperties = {}): Promise<void> {
    for (const [name, properties] of Object.entries(clusters)) await this.#keep(name, properties);
    this.#ticks.look();
    this.#kafka.look();
  }

  async #keep(name: string, properties: Readonly<Record<string, string>>): Promise<void> {
    const { items, clock } = this.#ports;
    const held = await findCluster(items, name);
    const createdAtMs = held?.createdAtMs ?? clock.now();
    await storeCluster(items, { name, properties, createdAtMs }, held === undefined);
  }

  /** After a request of the admin API: it may have changed what is to be read. */
  async changedBy(request: Pick<HttpRequest, "method" | "path">): Promise<void> {
    if (Ticks.concerns(request)) this.#ticks.look();
    if (KafkaSources.concerns(request)) await this.#kafka.changed();
  }

  reads(subscription: Subscription): boolean {
    return isConsumed(subscription) || subscription.schedule !== undefined;
  }

  async check(subscription: Subscription, cluster: KafkaCluster): Promise<SubscriptionFault | undefined> {
    return await this.#kafka.check(subscription, cluster);
  }

  async status(subscription: Subscription): Promise<KafkaStatus | undefined> {
    return await this.#kafka.status(subscription);
  }

  async skip(subscription: Subscription, move: Move): Promise<readonly SkippedPartition[]> {
    return await this.#kafka.skip(subscription, move);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#ticks.stop(), this.#kafka.stop()]);
  }
}
