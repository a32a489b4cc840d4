/** The sources that a local server reads by itself: schedules, and Kafka. In AWS something else delivers them. */
import { KafkaSources } from "../events/kafka/sources.ts";
import type { SourceDoorPorts } from "../events/source-door.ts";
import { findCluster, storeCluster } from "../events/subscription-store.ts";
import type { HttpRequest } from "../http/message.ts";
import { Ticks } from "./ticks.ts";

/** Of Kafka clusters, by their names. */
export type ClusterProperties = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class LocalSources {
  readonly #ports: SourceDoorPorts;
  readonly kafka: KafkaSources;
  readonly #ticks: Ticks;

  constructor(ports: SourceDoorPorts, dataPath: string) {
    this.#ports = ports;
    this.kafka = new KafkaSources(ports, dataPath);
    this.#ticks = new Ticks(ports);
  }

  /** `clusters`: of the configuration file. They replace those of their names. */
  async start(clusters: ClusterProperties = {}): Promise<void> {
    for (const [name, properties] of Object.entries(clusters)) await this.#keep(name, properties);
    this.#ticks.look();
    this.kafka.look();
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
    if (KafkaSources.concerns(request)) await this.kafka.changed();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#ticks.stop(), this.kafka.stop()]);
  }
}
