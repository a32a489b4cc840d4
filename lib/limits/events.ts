/** The bounds and times of event sources. Index: lib/limits.ts. */
import { HEAD_OUTLIVES_MS, KEEP_MS } from "../limits.ts";

// Records of one batch.

/** Records in one batch. Kafka's event source mapping takes at most 10,000. */
export const RECORDS_MAX = 10_000;
/** Records that are sent together before the next ones are begun: what is not known to be sent, when a send fails, is at most this. */
export const RECORDS_SENT_TOGETHER_MAX = 100;
/** Requests to the mailbox of one lane at the same time, each of other groups. */
export const RECORD_SENDS_AT_ONCE = 5;
/** Lanes of a batch that are worked on at the same time. */
export const LANES_AT_ONCE = 16;
/** Events in each other: S3 in SNS in SQS is three. */
export const ENVELOPES_MAX = 4;
/** With less time than this left, no more records are begun: the source delivers them again. */
export const DOOR_SPARE_MS = 5000;

/** The source door's timeout in AWS: a queue hides its messages for 30 seconds, unless it is told otherwise, and Lambda refuses a consumer that may run longer. */
export const DOOR_TIMEOUT_SECONDS = 30;

// Event source mappings, as Lambda takes them.

/** Messages of a standard queue in one batch, with a window. */
export const QUEUE_BATCH_MAX = 10_000;
/** Records of a stream in one batch. */
export const STREAM_BATCH_MAX = 10_000;
/** Unless the subscription says how many. Each is a message to the mailbox, so more of them take longer and are not cheaper. */
export const STREAM_BATCH_DEFAULT = 100;
/** The same, of Kafka. */
export const KAFKA_BATCH_DEFAULT = 100;
/** Batches of one shard at the same time. */
export const PARALLEL_BATCHES_MAX = 10;
/** How long a batch may wait to become full. */
export const WINDOW_SECONDS_MAX = 300;
/** Doors of one queue at the same time. */
export const CONCURRENT_DOORS_MAX = 1000;
/** Patterns of one mapping. */
export const FILTERS_MAX = 5;

// What was accepted, and for how long that is known.

/** The head of what a record has started is there for so long after the record was sent, at the least. Later a record that may have
 * been delivered before is in doubt. */
export const RECORD_KNOWN_MS = HEAD_OUTLIVES_MS;

// Marks.

/** Places of a lane that somebody has left out: the item of a mark stays small. */
export const GAPS_MAX = 100;
/** How often a mark is written that others change at the same time: those are two doors, or one and somebody who skips. */
export const MARK_TRIES_MAX = 5;

// Records that are set aside.

/** How long they are kept. */
export const REJECTED_KEPT_MS = KEEP_MS;
/** A longer value is an item of its own. */
export const REJECTED_INLINE_BYTES_MAX = 64 * 1024;
/** A longer value is cut, and cannot be tried again. No event of a Lambda function holds one. */
export const REJECTED_VALUE_BYTES_MAX = 8 * 1024 * 1024;
/** The text that says why. */
export const REJECTION_CHARS_MAX = 1000;
/** Of a value, what a list shows. */
export const REJECTED_SHOWN_BYTES_MAX = 4 * 1024;
/** In one answer, unless the request says how many. */
export const REJECTED_DEFAULT = 100;
/** The most that a request may ask for. */
export const REJECTED_MAX = 1000;
/** Pages that a list of those with one status reads. Behind them it answers where to go on. */
export const REJECTED_PAGES_MAX = 100;
/** Tried again or dropped by one request. */
export const REJECTED_DECIDED_MAX = 100;

// Subscriptions.

/** Names of subscriptions and clusters, in UTF-8. */
export const SUBSCRIPTION_NAME_BYTES_MAX = 256;
/** Source and sink, in UTF-8. */
export const SUBSCRIPTION_TEXT_BYTES_MAX = 1024;
/** Options of one subscription, or properties of one cluster. */
export const SUBSCRIPTION_OPTIONS_MAX = 100;
/** Of each, its value, in UTF-8. A certificate is some kilobytes long. */
export const SUBSCRIPTION_OPTION_BYTES_MAX = 16 * 1024;
/** Steps of a path into a record's value. */
export const KEY_PATH_STEPS_MAX = 16;
/** How long `POST /events` may take: API Gateway waits for 30 seconds. */
export const EVENTS_REQUEST_MS = 25_000;

/** Subscriptions of which a server counts the records. Of more, those that were quiet for longest are forgotten. */
export const SUBSCRIPTIONS_TALLIED_MAX = 1000;
/** What a rate is taken over. */
export const RECORD_RATE_MS = 60_000;
/** Ticks that are yet to come, in one answer. */
export const TICKS_SHOWN_MAX = 5;
/** Statuses of subscriptions that are asked for at the same time: each may ask the brokers. */
export const STATUSES_AT_ONCE = 8;

// Schedules.

/** A cron expression whose next time lies further away has none: the 29th of February of a leap year is at most eight years away. */
export const SCHEDULE_DAYS_MAX = 8 * 366 + 1;
/** Ticks of one schedule that are made up for, when the clock has jumped: the latest ones. */
export const TICKS_MISSED_MAX = 100;
/** How long a tick waits that could not be accepted. */
export const TICK_RETRY_MS = 10_000;
/** The longest text of a schedule. */
export const SCHEDULE_CHARS_MAX = 256;

// The Kafka consumer of a local server.

/** Records of one partition that go through the door together. */
export const KAFKA_BATCH_MAX = 500;
/** Records of one partition that wait for the door: more are not fetched. */
export const KAFKA_LANE_RECORDS_MAX = 2000;
/** Bytes of them: what a server holds of a partition is about this. */
export const KAFKA_LANE_BYTES_MAX = 16 * 1024 * 1024;
/** How long a partition waits for its subscription's rate, before it asks again. */
export const KAFKA_PACE_MS = 100;
/** The highest limit of invocations in flight: each is an id in memory. */
export const KAFKA_IN_FLIGHT_MAX = 100_000;
/** Invocations that are looked at together, whether they have ended. */
export const KAFKA_IN_FLIGHT_LOOKED_MAX = 100;
/** The highest rate that can be said: more is none. */
export const KAFKA_RATE_MAX = 1_000_000;
/** How long a batch may take. */
export const KAFKA_DOOR_MS = 60_000;
/** The first wait after a failure. It doubles, up to the longest. */
export const KAFKA_RETRY_MS_MIN = 250;
/** The longest one. */
export const KAFKA_RETRY_MS_MAX = 5000;
/** A member of a group that says nothing for so long is out of it. Brokers allow no less than 6 seconds. */
export const KAFKA_SESSION_MS = 6000;
/** How often it says something. */
export const KAFKA_HEARTBEAT_MS = 1500;
/** What these two may be set to. */
export const KAFKA_OPTION_MS_MIN = 500;
/** The longest. */
export const KAFKA_OPTION_MS_MAX = 30 * 60 * 1000;
/** Records that are read ahead, of all partitions together. */
export const KAFKA_READ_AHEAD_MAX = 2000;
/** How long connecting and each answer of a broker may take. */
export const KAFKA_REQUEST_MS = 5000;
/** How long the check of a new subscription may take. */
export const KAFKA_CHECK_MS = 5000;
/** How long a server that stops waits for a group to let its member go. */
export const KAFKA_STOP_MS_MAX = 1500;
/** How long a status waits for the ends of the partitions. Without them there is no lag. */
export const KAFKA_STATUS_MS = 2000;
