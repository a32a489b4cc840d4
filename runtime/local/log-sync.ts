/**
 * Makes commits outlive a loss of power: one sync of SQLite's log at a time, for all who wait by then.
 *
 * SQLite itself syncs at no commit (`synchronous = NORMAL`). A sync of its own would stop the event loop, and there would be one for
 * each commit, also for those that nobody waits for. Here the sync runs in a thread, handlers and requests go on meanwhile, and what is
 * committed while it runs shares the next one.
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
import { closeSync, fdatasync, openSync } from "node:fs";

import { asError, OperationalError } from "../../lib/errors.ts";

/** Makes what the system holds of a file durable. */
export type SyncFile = (descriptor: number, done: (error: Error | null) => void) => void;

interface Sync {
  /** The commits that it covers. */
  readonly covers: number;
  readonly done: Promise<void>;
}

export class LogSync {
  readonly #descriptor: number;
  readonly #sync: SyncFile;
  // What a killed process has left in the log, it may not have synced. It counts as a commit.
  #committed = 1;
  /** The first so many commits are on the disk. */
  #kept = 0;
  /** It runs. */
  #current: Sync | undefined;
  /** It begins when that has ended. */
  #next: Promise<void> | undefined;
  #failure: OperationalError | undefined;
  /** Syncs so far. */
  count = 0;

  /** `log`: the file, which is there. */
  constructor(log: string, sync: SyncFile = fdatasync) {
    this.#sync = sync;
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

  #begin(): Sync {
    this.#next = undefined;
    const covers = this.#committed;
    const done = new Promise<void>((resolve, reject) => {
      this.#sync(this.#descriptor, (error) => {
        this.#current = undefined;
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
