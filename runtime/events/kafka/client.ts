/** What the consumer needs of a Kafka client. So tests use none, and another client could take the place of this one. */
import type { KafkaSettings } from "./settings.ts";

export interface KafkaMessage {
  readonly partition: number;
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key?: Uint8Array;
  /** Absent: a tombstone. */
  readonly value?: Uint8Array;
  readonly headers: readonly (readonly [string, Uint8Array])[];
}

/** A member of a group that reads one topic. */
export interface KafkaStream {
  /** At least one record, in the order of each partition; none once the stream is closed. Throws why it has ended. What is not taken is
   * held back at the broker. */
  take(): Promise<readonly KafkaMessage[]>;
  /** `next`: the first offset that was not accepted. */
  commit(partition: number, next: bigint): Promise<void>;
  /** By partition: its first offset, the one that its next record will have, or that of the first record from a time on; -1: there is
   * none. */
  offsets(at: "earliest" | "latest" | { readonly timeMs: number }): Promise<readonly bigint[]>;
  /** Those that the group has given to this member. */
  partitions(): readonly number[];
  /** Of its own partitions, where one is known: the first offset that the group has not committed. */
  committed(): Promise<ReadonlyMap<number, bigint>>;
  close(): Promise<void>;
}

export interface KafkaClient {
  /** Throws why the topic cannot be read. */
  check(settings: KafkaSettings, topic: string): Promise<void>;
  open(settings: KafkaSettings, topic: string): Promise<KafkaStream>;
}
