/**
 * The records of one partition on their way to the door, in their order. What the door refuses is tried again here: the partition
 * waits, the others go on.
 */
import { asError } from "../../../lib/errors.ts";
import {
  KAFKA_BATCH_MAX,
  KAFKA_DOOR_MS,
  KAFKA_LANE_BYTES_MAX,
  KAFKA_LANE_RECORDS_MAX,
  KAFKA_PACE_MS,
  KAFKA_RETRY_MS_MAX,
  KAFKA_RETRY_MS_MIN,
} from "../../../lib/limits/events.ts";
import type { BatchOutcome } from "../source-door.ts";
import type { KafkaMessage } from "./client.ts";

export interface LanePorts {
  /** How many of so many records may go to the door; 0: none, for now. */
  readonly allowed: (records: number) => number;
  readonly accept: (messages: readonly KafkaMessage[], remainingMs: number) => Promise<BatchOutcome>;
  readonly commit: (next: bigint) => Promise<void>;
  readonly failed: (message: string) => void;
  readonly accepted: (records: number) => void;
  /** Resolves early when the consumer stops. */
  readonly wait: (ms: number) => Promise<void>;
  readonly isStopped: () => boolean;
  /** The topic is to be read again from what is committed. */
  readonly reread: () => void;
}

export const retryMs = (failures: number): number =>
  Math.min(KAFKA_RETRY_MS_MAX, KAFKA_RETRY_MS_MIN * 2 ** Math.min(failures - 1, 10));

export class Lane {
  readonly #ports: LanePorts;
  #queue: KafkaMessage[] = [];
  #bytes = 0;
  #last: bigint | undefined;
  #working: Promise<void> | undefined;
  #hasRoom: (() => void) | undefined;
  #failures = 0;
  /** Records were left out because the lane stood still. */
  #hasLeftOut = false;
  /** Everything below was accepted, set aside, or was accepted before. */
  next: bigint | undefined;
  lastRecordAtMs: number | undefined;

  constructor(ports: LanePorts) {
    this.#ports = ports;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Resolves when there is room for more. Of a lane that fails at once: the others are not to wait for it. */
  async add(messages: readonly KafkaMessage[]): Promise<void> {
    for (const message of messages) {
      // After a rebalance the group begins at what is committed: it comes twice.
      if (this.#last !== undefined && message.offset <= this.#last) continue;
      if (this.#hasLeftOut || (this.isFailing && this.#isFull())) {
        this.#hasLeftOut = true;
        continue;
      }
      this.#last = message.offset;
      this.#queue.push(message);
      this.#bytes += bytesOf(message);
    }
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
    while (this.#isFull() && !this.isFailing && !this.#ports.isStopped())
      await new Promise<void>((resolve) => (this.#hasRoom = resolve));
  }

  async ended(): Promise<void> {
    this.#signal();
    await this.#working;
  }

  #isFull(): boolean {
    return this.#queue.length >= KAFKA_LANE_RECORDS_MAX || this.#bytes >= KAFKA_LANE_BYTES_MAX;
  }

  #signal(): void {
    this.#hasRoom?.();
    this.#hasRoom = undefined;
  }

  async #work(): Promise<void> {
    const { isStopped, wait } = this.#ports;
    while (this.#queue.length > 0 && !isStopped()) {
      const why = await this.#acceptSome();
      if (why === undefined) {
        this.#failures = 0;
      } else {
        this.#failures++;
        this.#ports.failed(why);
      }
      this.#signal();
      if (why !== undefined) await wait(retryMs(this.#failures));
    }
    if (this.#hasLeftOut && !isStopped()) this.#ports.reread();
  }

  /** Answers what has failed. */
  async #acceptSome(): Promise<string | undefined> {
    const allowed = this.#ports.allowed(Math.min(this.#queue.length, KAFKA_BATCH_MAX));
    const batch = this.#queue.slice(0, allowed);
    if (batch.length === 0) {
      await this.#ports.wait(KAFKA_PACE_MS);
      return undefined;
    }
    try {
      const { batchItemFailures, error } = await this.#ports.accept(batch, KAFKA_DOOR_MS);
      const failedAt = firstOffset(batchItemFailures);
      const done = batch.filter(({ offset }) => failedAt === undefined || offset < failedAt);
      await this.#advance(done);
      return failedAt === undefined ? undefined : (error ?? "the records are to be delivered again");
    } catch (error) {
      return asError(error).message;
    }
  }

  /** Committed after they are accepted. If that fails, they come again and are skipped: it must hold up nothing. */
  async #advance(done: readonly KafkaMessage[]): Promise<void> {
    const last = done.at(-1);
    if (!last) return;
    this.#queue = this.#queue.slice(done.length);
    this.#bytes = this.#queue.reduce((sum, message) => sum + bytesOf(message), 0);
    this.next = last.offset + 1n;
    this.lastRecordAtMs = last.timestampMs;
    this.#ports.accepted(done.length);
    try {
      await this.#ports.commit(this.next);
    } catch (error) {
      if (!this.#ports.isStopped())
        this.#ports.failed(`what was accepted could not be committed: ${asError(error).message}`);
    }
  }
}

function firstOffset(failures: BatchOutcome["batchItemFailures"]): bigint | undefined {
  const [first] = failures;
  return first === undefined || typeof first.itemIdentifier === "string"
    ? undefined
    : BigInt(first.itemIdentifier.offset);
}

const bytesOf = ({ key, value, headers }: KafkaMessage): number =>
  (key?.byteLength ?? 0) +
  (value?.byteLength ?? 0) +
  headers.reduce((sum, [name, bytes]) => sum + name.length + bytes.byteLength, 0);
