/** How a subscription of Kafka is doing on this server. It is not kept: it tells of the time since the server has started. */
import type { Lane } from "./lane.ts";

export interface KafkaPartition {
  readonly partition: number;
  /** The first one that was not accepted yet. Absent: it is not known. */
  readonly offset?: string;
  /** What the next record of the topic gets. Absent: the brokers do not answer. */
  readonly end?: string;
  readonly lag?: number;
  readonly lastRecordAtMs?: number;
  readonly isFailing: boolean;
}

export interface KafkaStatus {
  /** `starting`: it joins its group. `failing`: it is tried again. */
  readonly state: "starting" | "running" | "failing" | "paused";
  readonly partitions: readonly KafkaPartition[];
  /** Accepted, or set aside, since the start. */
  readonly records: number;
  readonly errors: number;
  readonly lastError?: { readonly message: string; readonly atMs: number };
  readonly lastRecordAtMs?: number;
}

export interface KafkaState extends Pick<KafkaStatus, "state" | "records" | "errors"> {
  readonly lanes: ReadonlyMap<number, Lane>;
  readonly ends: readonly bigint[] | undefined;
  readonly committed: ReadonlyMap<number, bigint> | undefined;
  readonly lastError: KafkaStatus["lastError"] | undefined;
}

export const PAUSED: KafkaStatus = { state: "paused", partitions: [], records: 0, errors: 0 };

export function kafkaStatus({ lanes, ends, committed, ...others }: KafkaState): KafkaStatus {
  const numbers = new Set([...lanes.keys(), ...(ends ?? []).keys()]);
  const partitions = [...numbers]
    .toSorted((a, b) => a - b)
    .map((partition) =>
      partitionOf(partition, lanes.get(partition), ends?.[partition], committed?.get(partition)),
    );
  const times = partitions.flatMap(({ lastRecordAtMs }) => lastRecordAtMs ?? []);
  const { state, records, errors, lastError } = others;
  return {
    ...{ state, partitions, records, errors },
    ...(lastError ? { lastError } : {}),
    ...(times.length > 0 ? { lastRecordAtMs: Math.max(...times) } : {}),
  };
}

function partitionOf(
  partition: number,
  lane: Lane | undefined,
  end: bigint | undefined,
  committed: bigint | undefined,
): KafkaPartition {
  const next = lane?.next ?? committed ?? (end === 0n ? end : undefined);
  return {
    ...{ partition, isFailing: lane?.isFailing ?? false },
    ...(next === undefined ? {} : { offset: String(next) }),
    ...(end === undefined ? {} : { end: String(end) }),
    ...(next === undefined || end === undefined ? {} : { lag: Math.max(0, Number(end - next)) }),
    ...(lane?.lastRecordAtMs === undefined ? {} : { lastRecordAtMs: lane.lastRecordAtMs }),
  };
}
