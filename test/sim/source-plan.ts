/** What event sources hold in a run, who subscribes to them, and what operators do meanwhile. Drawn by `source-workload.ts`. */
import type { Callee, Program } from "./program.ts";

/** How its records come. `-whole`: it takes no list of failures. `-parallel`: several batches of a lane at once, of other keys.
 * `-queue`, `-fifo`: through a queue. */
export const SOURCE_KINDS = [
  "kafka",
  "kafka-whole",
  "kinesis",
  "kinesis-marked",
  "kinesis-parallel",
  "dynamodb",
  "fifo",
  "sqs",
  "sns",
  "sns-queue",
  "sns-fifo",
  "events",
  "events-queue",
  "s3",
  "s3-queue",
  "schedule",
  "schedule-queue",
] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Why no invocation can be made of it. The first two are none where the handler has no key. */
export type Wrong = "no-key" | "empty-key" | "bad-key" | "headers" | "unreadable";

export interface PlannedRecord {
  readonly key: string;
  readonly program: Program;
  /** When the source has it, milliseconds after the start. */
  readonly atMs: number;
  readonly wrong?: Wrong;
}

export interface SourcePlan {
  /** Of the topic, stream, table, queue, bus, bucket or schedule. */
  readonly name: string;
  readonly kind: SourceKind;
  /** Each in its order. */
  readonly lanes: readonly (readonly PlannedRecord[])[];
  readonly subscriptions: readonly SubscriptionPlan[];
}

export interface SubscriptionPlan {
  readonly name: string;
  readonly callee: Callee;
  /** What a record without a key gets. */
  readonly keyIfMissing?: "random" | "constant:missing";
  readonly batchMax: number;
  /** Consumers, each with lanes of its own; pollers of a queue. */
  readonly consumers: number;
  readonly madeAtMs: number;
  /** Deleted, and made anew under its name. */
  readonly remade?: Interval;
  readonly paused?: Interval;
  /** All is delivered once more then, long after it was accepted. */
  readonly againAtMs?: number;
  /** Of a Kafka topic: the group is moved, forward or back. */
  readonly skips?: readonly Skip[];
  /** An operator decides about what was set aside by then. */
  readonly decisions: readonly Decision[];
}
export interface Interval {
  readonly atMs: number;
  readonly forMs: number;
}
export interface Skip {
  readonly atMs: number;
  readonly lane: number;
  /** So many records forward; back, if it is negative. */
  readonly by: number;
}
export interface Decision {
  readonly atMs: number;
  readonly does: "retry" | "drop";
  /** That the record gets; one for each of the operators, who do not know of each other. */
  readonly keys: readonly string[];
}

export const isKeyed = (callee: Callee): boolean => callee !== "plain" && callee !== "brief";
export const isRun = (callee: Callee): boolean => callee === "workflow" || callee === "brief-run";

const LOGS: ReadonlySet<SourceKind> = new Set<SourceKind>([
  "kafka",
  "kafka-whole",
  "kinesis",
  "kinesis-marked",
  "kinesis-parallel",
  "dynamodb",
]);
const QUEUES: ReadonlySet<SourceKind> = new Set<SourceKind>([
  "fifo",
  "sqs",
  "sns-queue",
  "sns-fifo",
  "events-queue",
  "s3-queue",
  "schedule-queue",
]);
/** A log is read from a position on. A queue hands messages out. All else pushes one event at a time. */
export const formOf = (kind: SourceKind): "log" | "queue" | "push" =>
  LOGS.has(kind) ? "log" : QUEUES.has(kind) ? "queue" : "push";
/** The records of a lane, or of a key in it, are delivered in their order. */
export const isOrdered = (kind: SourceKind): boolean => LOGS.has(kind) || isFifo(kind);
export const isFifo = (kind: SourceKind): boolean => kind === "fifo" || kind === "sns-fifo";
export const isKafka = (kind: SourceKind): boolean => kind === "kafka" || kind === "kafka-whole";
/** The door keeps a mark for each of its lanes. */
export const isMarked = (kind: SourceKind): boolean => isKafka(kind) || kind === "kinesis-marked";
