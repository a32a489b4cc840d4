/** Entries that are to be appended, in their order. Each is stamped with the time at which it was made, for people alone. */
import type { Entry } from "../model/entry.ts";

/** A signal may have waited for long. */
const cameAt = (entry: Entry): number | undefined =>
  entry.kind === "signalled" ? entry.comeAtMs : undefined;

export class PendingEntries {
  #entries: Entry[] = [];
  readonly #now: (() => number) | undefined;

  /** Without a clock nothing is stamped. */
  constructor(now: (() => number) | undefined) {
    this.#now = now;
  }

  get all(): readonly Entry[] {
    return this.#entries;
  }

  add(entry: Entry): void {
    if (this.#now && !entry.when) entry.when = { atMs: cameAt(entry) ?? this.#now() };
    this.#entries.push(entry);
  }

  /** The first `count` are in the log now. Answers them. */
  appended(count = this.#entries.length): readonly Entry[] {
    const appended = this.#entries.slice(0, count);
    // Another list, by which a turn that waits knows that there was an append.
    this.#entries = this.#entries.slice(count);
    return appended;
  }
}
