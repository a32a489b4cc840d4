/** All that is known of one key: its lock, who waits, what has run on it, and what its owner waits for. */
import type { Invocation } from "../../admin/invocation.ts";
import type { Chain } from "./chain.ts";

export interface KeyData {
  readonly owner?: Invocation;
  /** When the owner took the lock; absent if it was handed to it, or has not rested yet. */
  readonly takenMs?: number;
  /** In their order, the first ones. */
  readonly waiting: readonly Invocation[];
  readonly waitingCount: number;
  /** Targets of those that have called them, by the caller's id. */
  readonly callers: ReadonlyMap<string, string>;
  /** The newest first: what runs and what has ended. */
  readonly history: readonly Invocation[];
  readonly historyMore: boolean;
  /** Whether ended ones can be found by the list. */
  readonly coversEnded: boolean;
  readonly chain?: Chain;
}

export interface PromiseInfo {
  readonly name: string;
  readonly completed: boolean;
  readonly value?: string;
  readonly failure?: string;
}

/** A key that a path of the admin API can name: not the empty one; and browsers resolve `.` and `..`, however they are written. */
export const isNameable = (key: string): boolean => !["", ".", ".."].includes(key);
