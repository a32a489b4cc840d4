/** The sources that a local server reads by itself: schedules, and Kafka. In AWS something else delivers them. */
import { KafkaSources } from "../events/kafka/sources.ts";
import type { SourceDoorPorts } from "../events/source-door.ts";
import type { HttpRequest } from "../http/message.ts";
import { Ticks } from "./ticks.ts";

export class LocalSources {
  readonly kafka: KafkaSources;
  readonly #ticks: Ticks;

  constructor(ports: SourceDoorPorts, dataPath: string) {
    this.kafka = new KafkaSources(ports, dataPath);
    this.#ticks = new Ticks(ports);
  }

  start(): void {
    this.#ticks.look();
    this.kafka.look();
  }

  /** After a request of the admin API: it may have changed what is to be read. */
  changedBy(request: Pick<HttpRequest, "method" | "path">): void {
    if (Ticks.concerns(request)) this.#ticks.look();
    if (KafkaSources.concerns(request)) this.kafka.look();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#ticks.stop(), this.kafka.stop()]);
  }
}
