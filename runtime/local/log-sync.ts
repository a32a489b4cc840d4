/**
 * Makes commits outlive a loss of power: one sync of SQLite's log at a time, for all who wait by then.
 *
 * SQLite itself syncs at no commit (`synchronous = NORMAL`). A sync of its own would stop the event loop, and there would be one for
 * each commit, also for those that nobody waits for. Here the sync runs in a thread, handlers and requests go on meanwhile, and what is
 * committed while it runs shares the next one.
 *
 * But a thread must be woken, and wake the event loop in its turn, which takes as long as a quick disk's sync. So where nobody else would
 * be kept waiting, and the last sync was quick, it is done at once.
 *
 * Why that is sound
 * - Commits are frames that are added to the log in their order, each with a checksum over all before it. After a loss of power
 *   SQLite takes the frames up to the first that is missing or torn, and of these whole transactions only. So what is found is a prefix of
 *   the commits, in whatever order the system has written the pages. It contains all that was committed before a sync began that
 *   has ended. For a sync takes what the system holds of the file, whoever has written it.
 * - When the log was copied to the database (a checkpoint, which NORMAL syncs before and after), SQLite begins it anew: other salts, so
 *   old frames are none of the new log, and a header that it syncs first. What was in the old log is in the database by then.
 * - The log is one file from its opening to its closing. SQLite locks the database, not the log, so another descriptor may be closed.
 * - If a sync fails, the system may have dropped what it could not write, and a second sync would succeed. So the first failure is
 *   the last word: nothing is settled any more, and nothing is written.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";

import { asError, OperationalError } from "../../lib/errors.ts";
import { SYNC_AT_ONCE_MS_MAX } from "../../lib/limits/local.ts";

/** Makes what the system holds of a file durable. */
export type SyncFile = (descriptor: number, done: (error: Error | null) => void) => void;
export interface Disk {
  readonly sync: SyncFile;
  /** The same, on the event loop. Absent: never. */
  readonly syncNow?: (descriptor: number) => void;
}

const DISK: Disk = { sync: fdatasync, syncNow: fdatasyncSync };

interface Sync {
  /** The commits that it covers. */
  readonly covers: number;
  readonly done: Promise<void>;
}

export class LogSync {
  readonly #descriptor: number;
  readonly #disk: Disk;
  // What a killed process has left in the log, it may not have synced. It counts as a commit.
  #committed = 1;
  /** The first so many commits are on the disk. */
  #kept = 0;
  /** It runs. */
  #current: Sync | undefined;
  /** It begins when that has ended. */
  #next: Promise<void> | undefined;
  #failure: OperationalError | undefined;
  /** What the last sync has taken. */
  #tookMs = Number.POSITIVE_INFINITY;
  /** Nobody but the one who asks waits for the event loop. */
  isAlone: () => boolean = () => false;
  /** Syncs so far. */
  count = 0;

  /** `log`: the file, which is there. */
  constructor(log: string, disk: Disk = DISK) {
    this.#disk = disk;
    // Windows flushes only what is open for writing.
    this.#descriptor = openSync(log, "r+");
  }

  /** Why nothing is kept any more. */
  get failure(): OperationalError | undefined {
    return this.#failure;
  }

  /** Call it after each commit. */
  committed(): void {
    this.#committed++;
  }

  /** Resolves when all that is committed by now is on the disk. Rejects with {@link OperationalError} if that failed. */
  settled(): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#kept === this.#committed) return Promise.resolve();
    const { syncNow } = this.#disk;
    if (syncNow && !this.#current && this.#tookMs <= SYNC_AT_ONCE_MS_MAX && this.isAlone())
      return this.#syncNow(syncNow);
    const { covers, done } = this.#current ?? this.#begin();
    if (covers === this.#committed) return done;
    return (this.#next ??= done.then(async () => await this.#begin().done));
  }

  /** The log was copied to the database, and both are synced. */
  close(): void {
    this.#kept = this.#committed;
    const close = (): void => closeSync(this.#descriptor);
    if (this.#current) this.#current.done.then(close, close);
    else close();
  }

  #syncNow(syncNow: NonNullable<Disk["syncNow"]>): Promise<void> {
    const beganMs = performance.now();
    this.count++;
    try {
      syncNow(this.#descriptor);
    } catch (error) {
      return Promise.reject(this.#fail(error));
    }
    this.#kept = this.#committed;
    this.#tookMs = performance.now() - beganMs;
    return Promise.resolve();
  }

  #begin(): Sync {
    this.#next = undefined;
    const covers = this.#committed;
    const beganMs = performance.now();
    const done = new Promise<void>((resolve, reject) => {
      this.#disk.sync(this.#descriptor, (error) => {
        this.#current = undefined;
        this.#tookMs = performance.now() - beganMs;
        if (error) return reject(this.#fail(error));
        this.#kept = Math.max(this.#kept, covers);
        resolve();
      });
    });
    this.count++;
    return (this.#current = { covers, done });
  }

  #fail(error: unknown): OperationalError {
    const message = `the disk did not take what was written: ${asError(error).message}. Nothing is answered any more`;
    return (this.#failure ??= new OperationalError("unavailable", message, error));
  }
}
