/** Notes that ride in the message at hand. They are nowhere else, until what they have become is in the log. */
import type { Entry, Note } from "../model/entry.ts";

export class CarriedNotes {
  readonly #left: Note[];
  /** What those that were taken have become, and what is not in the log yet. */
  readonly #pending = new Set<Entry>();

  constructor(notes: readonly Note[]) {
    this.#left = [...notes];
  }

  get first(): Note | undefined {
    return this.#left[0];
  }

  find(isWanted: (note: Note) => boolean): Note | undefined {
    return this.#left.find(isWanted);
  }

  take(): void {
    this.#left.shift();
  }

  became(entry: Entry): void {
    this.#pending.add(entry);
  }

  appended(entries: readonly Entry[]): void {
    for (const entry of entries) this.#pending.delete(entry);
  }

  /** Once these are appended, the message has brought nothing that is not in the log. */
  isAllIn(entries: readonly Entry[]): boolean {
    return this.#left.length === 0 && [...this.#pending].every((entry) => entries.includes(entry));
  }
}
