/** What a write of a turn has come to, for the turn. */
import type { AppendResult, TransactResult } from "../../lib/store/journal.ts";
import { isCommand, type Entry, sizeOfEntry } from "../../lib/model/entry.ts";
import { OperationalError } from "../../lib/errors.ts";
import { describeCommand } from "../../lib/turn/mismatch.ts";
import type { TurnOutcome } from "../../lib/protocol.ts";

/** Written: the turn continues. Over: the turn has ended with this outcome. Failed: the attempt has failed, and what can be
 * appended of it is. */
export type Written =
  | { readonly kind: "written" }
  | { readonly kind: "over"; readonly outcome: TurnOutcome }
  | { readonly kind: "failed"; readonly error: Error };
/** The same of a step's transaction (X1). In the last two nothing of it took effect. */
export type Transacted = Written | Exclude<TransactResult, AppendResult>;

export type Stopped = Exclude<Written, { kind: "written" }>;
/** `count`: how many of the machine's entries they are. The code may issue more while they are appended. */
export type Prepared =
  | { readonly kind: "entries"; readonly entries: readonly Entry[]; readonly count: number }
  | Stopped;

export const WRITTEN: Written = { kind: "written" };
export const lost = (reason: string): Stopped => ({ kind: "over", outcome: { kind: "lost", reason } });
/** Of an append that was not won. */
export const notWon = (result: Exclude<TransactResult, { kind: "won" }>): Stopped =>
  lost(result.kind === "lost" ? result.reason : result.kind);

/** The store's `too-large`, with the largest entry, so that its author finds it. */
export function tooLargeWith(entries: readonly Entry[], thrown: OperationalError): OperationalError {
  const [largest] = entries.toSorted((a, b) => sizeOfEntry(b) - sizeOfEntry(a));
  if (!largest) return thrown;
  const what = isCommand(largest) ? describeCommand(largest) : largest.kind;
  return new OperationalError(
    "too-large",
    `the largest of ${entries.length} entries is ${what}, of ${sizeOfEntry(largest)} bytes; ${thrown.message}`,
    thrown,
  );
}
