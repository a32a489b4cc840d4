/**
 * P1, "nothing silent": a write that the store refuses for a reason that waiting does not mend leads to a status or a log within
 * `SILENT_MAX` such refusals of one invocation, of which somebody alive knows.
 *
 * In some runs the store has no room for entries and notes whose names say so, for as long as there are faults.
 */
import { tooLarge } from "../../lib/model/write-limits.ts";
import { isStub } from "../../lib/model/head.ts";
import type { Attributes, Write } from "../../lib/model/item.ts";
import { REFUSALS_MAX } from "../../lib/limits.ts";
import type { LogLevel } from "../../lib/ports.ts";

/** What is refused without a word, one after the other. */
export const SILENT_MAX = REFUSALS_MAX;
const REFUSAL = "there is no room (simulated)";
/** Is in the names of what there is no room for. */
export const NO_ROOM = "no-room";

/** It adds to the log or to the notes what has such a name. */
function adds(write: Write): boolean {
  const added =
    write.op === "put"
      ? [write.attributes["l"], write.attributes["m"]]
      : write.op === "update"
        ? write.changes.filter(({ attribute }) => attribute === "l" || attribute === "m")
        : [];
  return JSON.stringify(added).includes(NO_ROOM);
}

/** Of the observer. */
interface Seeing {
  count(operation: string): void;
  fail(rule: string, message: string): void;
  readonly messages: { doubt(): void };
}

export class Silence {
  /** The run has such names. */
  isNarrow = false;
  /** Who was told of refusals that nothing has said, by invocation: an actor for each. */
  readonly #told = new Map<string, string[]>();
  readonly #dead = new Set<string>();
  readonly #observer: Seeing;

  constructor(observer: Seeing) {
    this.#observer = observer;
  }

  /** Throws what DynamoDB would. */
  check(write: Write, before: Attributes | undefined): void {
    const { table, sk } = write.key;
    if (!this.isNarrow || table !== "journal" || sk !== "head" || !adds(write)) return;
    // A stub's bound is far below what an item holds, and it holds nothing else.
    if (isStub(write.op === "put" ? write.attributes : (before ?? {}))) return;
    this.#observer.count("no room");
    this.#observer.messages.doubt();
    throw tooLarge(REFUSAL);
  }

  /**
   * The answer to a write is there. Only then does its writer know of a refusal, and can say so. One whose answer is lost, or that
   * has died before it came, cannot. What it knows when it dies later nobody else knows.
   */
  answered({ key }: Write, error: unknown, by: string): void {
    if (!(error instanceof Error) || error.message !== REFUSAL) return;
    const id = key.pk.slice(key.pk.indexOf(".inv.") + 5);
    const told = [...(this.#told.get(id) ?? []), by];
    this.#told.set(id, told);
    if (told.length > SILENT_MAX)
      this.#observer.fail("SILENT", `${told.length} writes of ${id} were refused, and nothing says so`);
  }

  /** The bound that a turn has met, if it failed for that. */
  boundIn(message: string): string | undefined {
    if (message.endsWith("(RT1001)")) return "full journal";
    return this.isNarrow && message.includes(REFUSAL) ? "turn without room" : undefined;
  }

  /** The turn that ran there has ended, and its caller learns how. `undefined`: the caller is not connected any more. */
  ended(by: string, caller: string | undefined): void {
    const isHeard = caller !== undefined && !this.#dead.has(caller);
    this.#move(by, isHeard ? [caller] : []);
  }

  died(by: string): void {
    this.#dead.add(by);
    this.#move(by, []);
  }

  #move(from: string, to: readonly string[]): void {
    for (const [id, told] of this.#told) {
      const now = told.flatMap((by) => (by === from ? to : [by]));
      this.#told.set(id, now);
    }
  }

  logged(level: LogLevel, id: unknown): void {
    if (typeof id === "string" && (level === "warn" || level === "error")) this.said(id);
  }

  /** Somebody can see it: its status says so, or the log. */
  said(id: string): void {
    this.#told.delete(id);
  }
}
