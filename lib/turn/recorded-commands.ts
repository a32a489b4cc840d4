/**
 * The commands of one turn that are in the log: those that the log had when the turn began, and the calls and sends that the
 * turn has appended since.
 *
 * Numbers are missing. A read that every attempt answers alike has no entry. A step has none before it has ended, nor has a read. So whether
 * more is recorded does not tell by the next number.
 *
 * The code learns a callee's id once the call is in the log (J2): when the code is at rest, and before any event. `tell` is
 * called then.
 */
import type { CommandEntry, Entry } from "../model/entry.ts";
import { isCommand, isRead } from "../model/entry.ts";
import { isPart } from "../model/entry-parts.ts";

type Tell = (entry: CommandEntry) => void;

export class RecordedCommands {
  readonly #recorded = new Map<number, CommandEntry>();
  readonly #appendedCalls = new Map<number, CommandEntry>();
  #untold: { readonly command: number; readonly tell: Tell }[] = [];
  /** Reads that the log does not have, although it has what came after them. */
  readonly #unread = new Set<number>();
  /** Behind the last one that the log had. */
  readonly #end: number;

  constructor(log: readonly Entry[]) {
    for (const entry of log) {
      if (isPart(entry)) continue;
      if (isCommand(entry) && !this.#recorded.has(entry.command)) this.#recorded.set(entry.command, entry);
    }
    let end = 0;
    for (const command of this.#recorded.keys()) end = Math.max(end, command + 1);
    this.#end = end;
  }

  /** How many the log had. */
  get size(): number {
    return this.#recorded.size;
  }

  /** The code issues it. Answers what the log had of it. */
  issued(entry: CommandEntry): CommandEntry | undefined {
    const recorded = this.#recorded.get(entry.command);
    if (!recorded && isRead(entry) && this.isBehind(entry.command)) this.#unread.add(entry.command);
    return recorded;
  }

  /** Every attempt knows its result. */
  needsNoEntry(command: number): void {
    this.#unread.delete(command);
  }

  /** The code has asked for what the log does not tell, and what it does then may rest on it. That is so of an invocation that has ended: its last
   * append has no reads (R4). */
  get missesRead(): boolean {
    return this.#unread.size > 0;
  }

  /** What the log had of the command. */
  get(command: number): CommandEntry | undefined {
    return this.#recorded.get(command);
  }

  /** Whether the log had more than these. */
  isBehind(issued: number): boolean {
    return issued < this.#end;
  }

  /** The first one behind these that the log had. */
  behind(issued: number): CommandEntry | undefined {
    for (let command = issued; command < this.#end; command++) {
      const recorded = this.#recorded.get(command);
      if (recorded) return recorded;
    }
    return undefined;
  }

  /** `entries` are in the log now. */
  appended(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind === "call" || entry.kind === "send") this.#appendedCalls.set(entry.command, entry);
    }
  }

  /** `tell` is called with the entry of a call that was issued before, once the entry is in the log. */
  onRecorded(command: number, tell: Tell): void {
    this.#untold.push({ command, tell });
  }

  get canTell(): boolean {
    return this.#untold.some(({ command }) => this.#inLog(command) !== undefined);
  }

  /** Tells one of those that wait. The code must be at rest. `false`: there is nothing to tell. */
  tell(): boolean {
    const next = this.#untold.find(({ command }) => this.#inLog(command) !== undefined);
    const entry = next && this.#inLog(next.command);
    if (!entry) return false;
    this.#untold = this.#untold.filter((other) => other !== next);
    next.tell(entry);
    return true;
  }

  /** Whether somebody waits for an entry that is not in the log yet. */
  get awaitsRecord(): boolean {
    return this.#untold.some(({ command }) => this.#inLog(command) === undefined);
  }

  #inLog(command: number): CommandEntry | undefined {
    return this.#recorded.get(command) ?? this.#appendedCalls.get(command);
  }
}
