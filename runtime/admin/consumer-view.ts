/** What the consumer of a local server says of a subscription: the field `perdure`, which Restate does not have. */
import type { KafkaPartition, KafkaStatus } from "../events/kafka/status.ts";
import { viewTime } from "./value-view.ts";

export const viewConsumer = ({ lastError, lastRecordAtMs, partitions, ...others }: KafkaStatus) => ({
  ...others,
  lag: lagOf(partitions),
  last_record_at: lastRecordAtMs === undefined ? null : viewTime(lastRecordAtMs),
  last_error: lastError ? { message: lastError.message, at: viewTime(lastError.atMs) } : null,
  partitions: partitions.map(viewPartition),
});

/** Null: it is not known, of one of them at least. */
export function lagOf(partitions: readonly KafkaPartition[]): number | null {
  if (partitions.length === 0) return null;
  let sum = 0;
  for (const { lag } of partitions) {
    if (lag === undefined) return null;
    sum += lag;
  }
  return sum;
}

const viewPartition = ({ partition, offset, end, lag, isFailing, lastRecordAtMs }: KafkaPartition) => ({
  ...{ partition, offset: offset ?? null, end: end ?? null, lag: lag ?? null, failing: isFailing },
  last_record_at: lastRecordAtMs === undefined ? null : viewTime(lastRecordAtMs),
});
