/**
 * Has an append written until the store has said yes or no, or too often nothing (J1); alone, or in one transaction with writes to the user's
 * tables (X1, docs/decisions/0052-transact.md).
 *
 * Crash points
 * - After the write, its answer lost: the head names its writer. A repetition recognises its own append, whatever else has refused it.
 */
import { asError, invariant, InvariantError, OperationalError } from "../errors.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../limits.ts";
import {
  type Attributes,
  type Put,
  type Update,
  type Write,
  type WriteResult,
  written,
} from "../model/item.ts";
import type { WriteRefusal, UserWrite } from "../model/user-write.ts";
import { elapse, type FollowedResult } from "../ports.ts";
import { isWrittenBy } from "./head/append.ts";
import type { ValuePorts } from "./value-store.ts";

/** Nothing of a transaction took effect, and it is not because of the append. */
export type NotTransacted =
  /** Some of the user's conditions do not hold. */
  | { readonly kind: "refused"; readonly refusals: readonly WriteRefusal[] }
  /** Another reason: others write to the same items, each time; or it is not valid. */
  | { readonly kind: "unsettled"; readonly error: Error };

/** What is written besides an append's entries. */
export interface Beside {
  /** To the user's tables, in the same transaction (X1): all of it is there, or nothing. */
  readonly writes?: readonly UserWrite[] | undefined;
  /** What is written after it, whose first entry is at `position` of the log. The store may write it at once. */
  readonly followers?: (position: number) => readonly Put[];
}

export interface AskedAppend {
  readonly write: Write;
  /** The append's mark, and the length of the log before it. */
  readonly writer: string;
  readonly position: number;
  /** The head as the turn knows it. */
  readonly before: Attributes | undefined;
  readonly beside: Beside;
}
type Decided = FollowedResult | NotTransacted | "unknown";

export async function decide(ports: ValuePorts, asked: AskedAppend): Promise<Decided> {
  const { writes = [] } = asked.beside;
  let refused: OperationalError | undefined;
  let isCertain = writes.length > 0;
  for (let attempt = 1; attempt <= CONFLICT_ATTEMPTS_MAX; attempt++) {
    try {
      if (writes.length > 0) return await transacted(ports, asked, writes);
      return await single(ports, asked);
    } catch (error) {
      if (!(error instanceof OperationalError) || error.code === "too-large") throw error;
      refused = error;
      isCertain &&= error.code === "throttled";
      await elapse(ports.clock, 20 * 2 ** attempt);
    }
  }
  return refused && isCertain ? { kind: "unsettled", error: refused } : "unknown";
}

async function single({ items }: ValuePorts, asked: AskedAppend): Promise<FollowedResult> {
  const { write, before, writer, position, beside } = asked;
  const followers = () => beside.followers?.(position) ?? [];
  const result = await items.write(write, { before, followers });
  // Refused by its own first try, whose answer was lost.
  return !result.won && isWrittenBy(result.item, writer, position) ? { ...result, won: true } : result;
}

/**
 * The append's refusal counts before the user's: a repetition whose first try took effect is refused by both. And the user's counts only once the
 * head is known not to name this write.
 */
async function transacted(
  { items }: ValuePorts,
  { write, writer, position, before }: AskedAppend,
  writes: readonly UserWrite[],
): Promise<WriteResult | NotTransacted> {
  invariant(write.op !== "delete", "X1", "an append is no deletion");
  if (!items.transact)
    return { kind: "unsettled", error: new Error("the engine's version does not know ctx.transact") };
  try {
    const result = await items.transact(write, writes);
    if (result.won) return { won: true, item: await itemAfter(items, write, before) };
    const item = "item" in result ? result.item : await items.get(write.key);
    if (isWrittenBy(item, writer, position)) return { won: true, item };
    return "item" in result ? result : { kind: "refused", refusals: result.refusals };
  } catch (error) {
    const mayPass = error instanceof OperationalError && error.code !== "too-large";
    if (mayPass || error instanceof InvariantError) throw error;
    return { kind: "unsettled", error: asError(error) };
  }
}

/** A transaction does not answer the items. Notes that have come meanwhile are missing: the next append brings them (R9). */
async function itemAfter(
  items: ValuePorts["items"],
  write: Put | Update,
  before: Attributes | undefined,
): Promise<Attributes | undefined> {
  return write.op === "put" || before ? written(before, write) : await items.get(write.key);
}
