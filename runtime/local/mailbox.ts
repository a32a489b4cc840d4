/**
 * The FIFO mailbox in SQLite. It behaves like an SQS FIFO queue with a Lambda function as its consumer.
 * - A group's messages are handed out in order. While a batch of a group is out, the group is locked.
 * - Messages that the handler lists as failed are handed out again, after a pause, before the group's later ones. The others
 *   are deleted (M1).
 *
 * It is simpler than SQS in three ways.
 * - A batch has messages of one group only.
 * - There is no visibility timeout and no dead-letter queue. The consumer decides by `receiveCount`.
 * - After a restart every message counts as received once.
 */
import { asError, invariant, OperationalError } from "../../lib/errors.ts";
import { SEND_BATCH_MAX } from "../../lib/limits.ts";
import type { Incoming, Outgoing } from "../../lib/model/message.ts";
import { type Clock, type Logger, type Mailbox, silentLogger } from "../../lib/ports.ts";
import { systemClock } from "../../lib/clock.ts";
import type { LocalDatabase } from "./database.ts";
import { MessageGroup, type Pending } from "./message-group.ts";
import {
  SQS_DEDUP_MS,
  SQS_ID_CHARS_MAX,
  SQS_RECEIVE_MAX,
  SQS_REQUEST_BYTES_MAX,
} from "../../lib/limits/aws.ts";
import {
  DEDUP_PRUNE_MS,
  DEDUP_PRUNE_ROWS_MAX,
  GROUPS_AT_ONCE_DEFAULT,
  MAILBOX_STOP_MS_MAX,
  REDELIVERY_MS_MAX,
  REDELIVERY_MS_MIN,
} from "../../lib/limits/local.ts";

/** Handles messages of one group. Answers the ids of those that failed. If it throws, all have failed. */
export type MailboxHandler = (batch: readonly Incoming[]) => Promise<readonly string[]>;

const SEQUENCE_DIGITS = 20;

/** A row that was written. The commit makes it a message. */
export interface StoredMessage {
  readonly seq: number;
  readonly group: string;
}

export class LocalMailbox implements Mailbox {
  readonly #database: LocalDatabase;
  readonly #clock: Clock;
  /** For how long it knows deduplication ids, and waits when it stops. Two that send one message beside each other may have a jump of the
   * clock between them. */
  readonly #stopwatch: Clock;
  readonly #logger: Logger;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #groups = new Map<string, MessageGroup>();
  /** Groups that have messages and are not locked. The one that has waited longest comes first. */
  readonly #ready = new Set<MessageGroup>();
  readonly #pauses = new Set<() => void>();
  #handler: MailboxHandler | undefined;
  #concurrency = GROUPS_AT_ONCE_DEFAULT;
  #running = 0;
  #depth = 0;
  #pumping = false;
  #pruneAtMs = 0;
  #waiters: { readonly done: () => boolean; readonly resolve: () => void }[] = [];

  constructor(
    database: LocalDatabase,
    clock: Clock = systemClock,
    logger: Logger = silentLogger,
    stopwatch: Clock = clock,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#stopwatch = stopwatch;
    this.#logger = logger;
    this.#statements = prepareAll(database);
    for (const row of this.#statements.all.iterate()) {
      this.#add({ seq: Number(row["seq"]), receives: 1 }, String(row["grp"]));
    }
    database.onClose(() => this.#close());
  }

  /** Throws {@link OperationalError} `too-large` for a message that SQS would refuse. It takes all messages or none. */
  async sendBatch(messages: readonly Outgoing[]): Promise<readonly number[]> {
    const own = messages.map((message): Outgoing => ({ ...message }));
    checkBatch(own);
    await this.#database.write(
      () => this.insert(own),
      (stored) => this.enqueue(stored),
    );
    return [];
  }

  /** Stores the messages whose deduplication id is new. Call it within a transaction, and {@link enqueue} after its commit. */
  insert(messages: readonly Outgoing[]): StoredMessage[] {
    const nowMs = this.#clock.now();
    const knownMs = this.#stopwatch.now();
    this.#prune(knownMs);
    const stored: StoredMessage[] = [];
    for (const { group, dedup, body, isUnique } of messages) {
      if (!isUnique && this.#isRepeated(dedup, knownMs)) continue;
      const { lastInsertRowid } = this.#statements.insert.run(group, dedup, body, nowMs);
      stored.push({ seq: Number(lastInsertRowid), group });
    }
    return stored;
  }

  #isRepeated(dedup: string, nowMs: number): boolean {
    return this.#statements.remember.run(dedup, nowMs, nowMs - SQS_DEDUP_MS).changes === 0;
  }

  /** Hands out what {@link insert} stored. Call it after the commit. */
  enqueue(stored: readonly StoredMessage[]): void {
    for (const { seq, group } of stored) this.#add({ seq, receives: 0 }, group);
    this.#pumpSoon();
  }

  /** Begins to hand out messages, of up to `concurrency` groups at a time, at most ten of a group. There is one consumer. */
  consume(handler: MailboxHandler, options: { readonly concurrency?: number } = {}): void {
    invariant(this.#handler === undefined, "mailbox", "it has a consumer already");
    this.#handler = handler;
    this.#concurrency = options.concurrency ?? GROUPS_AT_ONCE_DEFAULT;
    this.#pumpSoon();
  }

  /** Stops handing out. Resolves when the batches that are out are done, at the latest after `maxMs`. A later answer still
   * counts while the database is open. */
  async stop(maxMs: number = MAILBOX_STOP_MS_MAX): Promise<void> {
    this.#handler = undefined;
    let cancel: () => void = () => undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#stopwatch.after(maxMs, resolve);
    });
    await Promise.race([this.#until(() => this.#running === 0), timeout]);
    cancel();
  }

  /** Hands out what was handed out before, as SQS may, when no other batch of its group is out. `begins` is called right before.
   * Resolves when that is done: `false` if the handler gave it back, which it is not again. */
  async redeliver(message: Incoming, begins: () => Promise<void>): Promise<boolean> {
    const group = await this.#locked(message.group);
    this.#running++;
    try {
      await begins();
      const again = { ...message, receiveCount: message.receiveCount + 1 };
      return (await this.#handler?.([again]))?.length === 0;
    } finally {
      this.#release(group, 0, true);
    }
  }

  /** The group, when no batch of it is out. */
  async #locked(name: string): Promise<MessageGroup> {
    await this.#until(() => this.#groups.get(name)?.locked !== true);
    const group = this.#groups.get(name) ?? new MessageGroup(name);
    // The next batch has been quicker.
    if (group.locked) return await this.#locked(name);
    this.#groups.set(name, group);
    this.#ready.delete(group);
    group.locked = true;
    return group;
  }

  /** How many messages are stored. Those that are out count too. */
  depth(): number {
    return this.#depth;
  }

  /** Resolves when the mailbox is empty and no batch is out. */
  idle(): Promise<void> {
    return this.#until(() => this.#depth === 0 && this.#running === 0);
  }

  #add(message: Pending, name: string): void {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = new MessageGroup(name)));
    group.add(message);
    this.#depth++;
    if (!group.locked) this.#ready.add(group);
  }

  // Not at once: a handler must not run between the callbacks of a commit.
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    queueMicrotask(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const group of this.#ready) {
      if (this.#handler === undefined || this.#running >= this.#concurrency) return;
      this.#ready.delete(group);
      group.locked = true;
      this.#running++;
      void this.#handOut(group, this.#handler);
    }
  }

  async #handOut(group: MessageGroup, handler: MailboxHandler): Promise<void> {
    const batch = group.take(SQS_RECEIVE_MAX).map(({ seq, receives }) => ({ seq, receives: receives + 1 }));
    let left: readonly Pending[] = batch;
    try {
      const failed = await this.#handle(group, batch, handler);
      const done = batch.filter((message) => !failed.has(idOf(message.seq)));
      await this.#delete(done);
      this.#depth -= done.length;
      left = batch.filter((message) => failed.has(idOf(message.seq)));
    } catch (error) {
      this.#logger.log("warn", "a batch of the mailbox failed", { group: group.name, error: asError(error) });
    }
    group.putBack(left);
    this.#release(group, left.length, left.length < batch.length);
  }

  /** The ids that failed. Throws what the handler throws. Throws, as Lambda does, if it names a message that it was not given. */
  async #handle(
    group: MessageGroup,
    batch: readonly Pending[],
    handler: MailboxHandler,
  ): Promise<Set<string>> {
    const incoming = this.#database.read(() => batch.map((message) => this.#incoming(group.name, message)));
    const failed = new Set(await handler(incoming));
    const ids = new Set(incoming.map((message) => message.messageId));
    for (const id of failed)
      if (!ids.has(id)) throw new RangeError(`message ${id} was reported failed and is not of the batch`);
    return failed;
  }

  #incoming(group: string, { seq, receives }: Pending): Incoming {
    const row = this.#statements.body.get(seq);
    const body = row?.["body"];
    invariant(typeof body === "string", "M1", `message ${seq} is gone`);
    const sequence = String(seq).padStart(SEQUENCE_DIGITS, "0");
    return {
      messageId: idOf(seq),
      group,
      sequence,
      receiveCount: receives,
      sentAtMs: Number(row?.["at"]),
      body,
    };
  }

  async #delete(messages: readonly Pending[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#database.write(() => {
      for (const { seq } of messages) this.#statements.remove.run(seq);
    });
  }

  /** Unlocks the group, after a pause if messages of its batch failed. */
  #release(group: MessageGroup, failures: number, progress: boolean): void {
    this.#running--;
    if (failures === 0) {
      group.pauseMs = 0;
      this.#unlock(group);
    } else {
      group.pauseMs = progress
        ? REDELIVERY_MS_MIN
        : Math.min(Math.max(group.pauseMs * 2, REDELIVERY_MS_MIN), REDELIVERY_MS_MAX);
      this.#pause(group);
    }
    this.#pumpSoon();
    this.#tellWaiters();
  }

  #pause(group: MessageGroup): void {
    if (this.#database.closed) return;
    const cancel = this.#clock.after(group.pauseMs, () => {
      this.#pauses.delete(cancel);
      this.#unlock(group);
      this.#pumpSoon();
      this.#tellWaiters();
    });
    this.#pauses.add(cancel);
  }

  #unlock(group: MessageGroup): void {
    group.locked = false;
    if (group.size > 0) this.#ready.add(group);
    else this.#groups.delete(group.name);
  }

  /** Forgets deduplication ids that are too old, some at a time. */
  #prune(nowMs: number): void {
    if (nowMs < this.#pruneAtMs) return;
    const { changes } = this.#statements.forget.run(nowMs - SQS_DEDUP_MS, DEDUP_PRUNE_ROWS_MAX);
    if (Number(changes) < DEDUP_PRUNE_ROWS_MAX) this.#pruneAtMs = nowMs + DEDUP_PRUNE_MS;
  }

  #until(done: () => boolean): Promise<void> {
    if (done()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.push({ done, resolve });
    });
  }

  #tellWaiters(): void {
    const ended = this.#waiters.filter((waiter) => waiter.done());
    if (ended.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ended.includes(waiter));
    for (const waiter of ended) waiter.resolve();
  }

  #close(): void {
    this.#handler = undefined;
    for (const cancel of this.#pauses) cancel();
  }
}

function prepareAll(database: LocalDatabase) {
  return {
    all: database.prepare("SELECT seq, grp FROM messages ORDER BY seq"),
    body: database.prepare("SELECT body, at FROM messages WHERE seq = ?"),
    insert: database.prepare("INSERT INTO messages (grp, dedup, body, at) VALUES (?, ?, ?, ?)"),
    remove: database.prepare("DELETE FROM messages WHERE seq = ?"),
    remember: database.prepare(
      "INSERT INTO dedups (dedup, at) VALUES (?, ?) ON CONFLICT DO UPDATE SET at = excluded.at WHERE at <= ?",
    ),
    forget: database.prepare(
      "DELETE FROM dedups WHERE dedup IN (SELECT dedup FROM dedups WHERE at <= ? ORDER BY at LIMIT ?)",
    ),
  };
}

function checkBatch(messages: readonly Outgoing[]): void {
  invariant(messages.length <= SEND_BATCH_MAX, "R13", `a batch holds at most ${SEND_BATCH_MAX} messages`);
  const groups = new Set(messages.map((message) => message.group));
  invariant(groups.size === messages.length, "R13", "a batch holds one message of a group");
  for (const message of messages) checkMessage(message);
}

/** Throws if SQS would refuse the message. */
export function checkMessage({ group, dedup, body }: Outgoing): void {
  for (const id of [group, dedup]) {
    invariant(
      id.length > 0 && id.length <= SQS_ID_CHARS_MAX,
      "P1",
      `a group or dedup id has 1 to ${SQS_ID_CHARS_MAX} characters`,
    );
  }
  if (body.length * 3 > SQS_REQUEST_BYTES_MAX && Buffer.byteLength(body) > SQS_REQUEST_BYTES_MAX) {
    throw new OperationalError("too-large", `a message exceeds ${SQS_REQUEST_BYTES_MAX} bytes`);
  }
}

const idOf = (seq: number): string => `message-${seq}`;
