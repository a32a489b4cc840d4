/**
 * The operations of one turn that are not in the log: those that a failed attempt had begun, which this one must begin again, and
 * those that this one has begun.
 *
 * Only what was begun before any result that is not recorded is kept. What comes after such a result may depend on it, and the next
 * attempt may get another one. Nor is kept what was issued since the code last came to rest: nothing outside has happened because
 * of it (docs/decisions/0019-what-a-failed-attempt-had-begun.md).
 */
import { JournalMismatchError } from "../errors.ts";
import { type BegunCommand, bounded } from "../model/begun.ts";
import { type CommandEntry, type Entry, isCommand } from "../model/entry.ts";
import { ADVICE, describeCommand } from "./mismatch.ts";

export class BegunCommands {
  readonly #before: ReadonlyMap<number, string>;
  /** Behind the last one that an earlier attempt had begun. */
  readonly #end: number;
  /** Issued, and not in the log. */
  readonly #open = new Map<number, CommandEntry>();
  /** Those below it are kept. */
  #kept = 0;

  constructor(before: readonly BegunCommand[]) {
    this.#before = new Map(before);
    this.#end = 1 + Math.max(-1, ...this.#before.keys());
  }

  /** The code issues what the log does not have. Throws {@link JournalMismatchError}. */
  issue(entry: CommandEntry): void {
    const before = this.#before.get(entry.command);
    const now = before === undefined ? undefined : whatOf(entry);
    if (before !== now)
      throw new JournalMismatchError(
        `${placeOf(entry.command)} a failed attempt had begun ${before}, but the code now does ${now}`,
        ADVICE,
      );
    this.#open.set(entry.command, entry);
  }

  /** They are in the log now. */
  recorded(entries: readonly Entry[]): void {
    for (const entry of entries) if (isCommand(entry)) this.#open.delete(entry.command);
  }

  /** No entry of its will come: every attempt knows its result. */
  drop(command: number): void {
    this.#open.delete(command);
  }

  /** The code is at rest, has issued so many, and has no result that is not recorded. */
  keep(issued: number): void {
    this.#kept = issued;
  }

  /** Whether an earlier attempt had begun more than these. */
  isBehind(issued: number): boolean {
    return issued < this.#end;
  }

  /** What the code has left out. `doing`: what it did instead. */
  missing(issued: number, doing: string): JournalMismatchError {
    const [command = issued, what = "it"] = [...this.#before].find(([number]) => number >= issued) ?? [];
    return new JournalMismatchError(
      `${placeOf(command)} a failed attempt had begun ${what}, but the code ${doing} without doing it`,
      ADVICE,
    );
  }

  /** What the next attempt must begin, too. */
  get now(): readonly BegunCommand[] {
    const own = [...this.#open.values()].filter(({ command }) => command < this.#kept);
    const earlier = [...this.#before].filter(([command]) => command >= this.#kept);
    return bounded([...own.map((entry): BegunCommand => [entry.command, whatOf(entry)]), ...earlier]);
  }
}

const placeOf = (command: number): string => `Journal mismatch at operation ${command}:`;

/** As it is kept. */
const whatOf = (entry: CommandEntry): string => bounded([[0, describeCommand(entry)]])[0]?.[1] ?? "";
