/** What the admin API asks of a server that reads sources by itself: Kafka's topics, and schedules. */
import type { Move } from "./kafka/sources.ts";
import type { SkippedPartition } from "./kafka/skip.ts";
import type { KafkaStatus } from "./kafka/status.ts";
import type { KafkaCluster } from "./subscription-store.ts";
import type { Subscription, SubscriptionFault } from "./subscription.ts";

export interface SourceReader {
  /** Whether this server reads its source, or makes its ticks. */
  reads(subscription: Subscription): boolean;
  /** What keeps it from being read. */
  check(subscription: Subscription, cluster: KafkaCluster): Promise<SubscriptionFault | undefined>;
  /** `undefined`: no topic that is read here. */
  status(subscription: Subscription): Promise<KafkaStatus | undefined>;
  /** Of a topic that is read here: reads from elsewhere on. Throws `SkipRefused`. */
  skip(subscription: Subscription, move: Move): Promise<readonly SkippedPartition[]>;
}
