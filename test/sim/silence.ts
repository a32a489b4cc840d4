/**
 * P1, "nothing silent": a write that the store refuses for a reason that waiting does not mend leads to a status or a log within
 * `SILENT_MAX` such refusals of one invocation.
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

export class Silence {
  /** The run has such names. */
  isNarrow = false;
  readonly #refused = new Map<string, number>();
  readonly #refuses: (silent: string | undefined) => void;

  /** `refuses`: called at each refusal; with words, if nothing has said so. */
  constructor(refuses: (silent: string | undefined) => void) {
    this.#refuses = refuses;
  }

  /** Throws what DynamoDB would. */
  check(write: Write, before: Attributes | undefined): void {
    const { table, pk, sk } = write.key;
    if (!this.isNarrow || table !== "journal" || sk !== "head" || !adds(write)) return;
    // A stub's bound is far below what an item holds, and it holds nothing else.
    if (isStub(write.op === "put" ? write.attributes : (before ?? {}))) return;
    const id = pk.slice(pk.indexOf(".inv.") + 5);
    const count = (this.#refused.get(id) ?? 0) + 1;
    this.#refused.set(id, count);
    const isSilent = count > SILENT_MAX;
    this.#refuses(isSilent ? `${count} writes of ${id} were refused, and nothing says so` : undefined);
    throw tooLarge("there is no room (simulated)");
  }

  /** The bound that a turn has met, if it failed for that. */
  boundIn(message: string): string | undefined {
    if (message.endsWith("(RT1001)")) return "full journal";
    return this.isNarrow && message.includes("no room (simulated)") ? "turn without room" : undefined;
  }

  /** A turn has died before it could say so. */
  died(id: string): void {
    this.#refused.set(id, Math.max(0, (this.#refused.get(id) ?? 0) - 1));
  }

  logged(level: LogLevel, id: unknown): void {
    if (typeof id === "string" && (level === "warn" || level === "error")) this.said(id);
  }

  /** Somebody can see it: its status says so, or the log. */
  said(id: string): void {
    this.#refused.delete(id);
  }
}
