/** What the dispatcher knows of an invocation before a turn: from its head, from its Start, or from both. */
import type { StoredHead } from "../../lib/store/head-store.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import type { Holder } from "../../lib/model/lock.ts";
import type { Start, Target } from "../../lib/model/message.ts";
import type { AttemptState } from "../../lib/protocol.ts";

export interface Known {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
  /** Of an exclusive invocation: what orders it among its key's writers (W2). */
  readonly token?: string;
  readonly idempotencyKey?: string;
  /** Entries in its log. */
  readonly length: number;
  /** Attempts made so far without progress. */
  readonly attempt: AttemptState;
  readonly start?: Start;
  readonly head?: Head;
  /** The item that `head` was parsed from. */
  readonly item?: Attributes;
}

/** An invocation that has a head. */
export type KnownHead = Known & { readonly head: Head; readonly item: Attributes };

export function fromHead(
  id: InvocationId,
  { head, item }: StoredHead,
  token?: string,
  start?: Start,
): KnownHead {
  const { incarnation, target, length, attempt, idempotencyKey } = head;
  return {
    ...{ id, incarnation, target, length, attempt, head, item },
    ...(token === undefined ? {} : { token }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(start === undefined ? {} : { start }),
  };
}

/** One of which no head is known. */
export function fromStart(start: Start, token?: string): Known {
  const { id, incarnation, target, idempotencyKey } = start;
  return {
    ...{ id, incarnation, target, start, length: 0, attempt: { count: 0 } },
    ...(token === undefined ? {} : { token }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}

/** The same, by its head as it now stands, if there is one. */
export const renewed = (known: Known, stored: StoredHead | undefined): Known =>
  stored ? fromHead(known.id, stored, known.token ?? stored.head.token, known.start) : known;

/** It as the holder of its key's lock; `undefined` if it is not exclusive. */
export const holderOf = ({ id, incarnation, token }: Known): Holder | undefined =>
  token === undefined ? undefined : { id, incarnation, token };
