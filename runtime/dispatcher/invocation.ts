/** What the dispatcher knows of an invocation before a turn: from its head, from its Start, or from both. */
import type { StoredHead } from "../../lib/store/head-store.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { Holder } from "../../lib/model/lock.ts";
import type { Start, Target } from "../../lib/model/message.ts";
import type { AttemptState } from "../../lib/protocol.ts";

export class Invocation {
  readonly id: InvocationId;
  /** Of an exclusive invocation: what orders it among its key's writers (W2). */
  readonly token: string | undefined;
  /** The message that brought it, if that is at hand. */
  readonly start: Start | undefined;
  /** The head, and the item that it was parsed from; absent: none is known. */
  readonly stored: StoredHead | undefined;
  readonly #source: Head | Start;

  private constructor(
    source: Head | Start,
    id: InvocationId,
    token: string | undefined,
    start?: Start,
    stored?: StoredHead,
  ) {
    this.#source = source;
    this.id = id;
    this.token = token;
    this.start = start;
    this.stored = stored;
  }

  /** One of which no head is known. */
  static begun(start: Start, token: string | undefined): Invocation {
    return new Invocation(start, start.id, token, start);
  }

  static stored(
    id: InvocationId,
    stored: StoredHead,
    token: string | undefined,
    start?: Start,
  ): StoredInvocation {
    return new Invocation(stored.head, id, token, start, stored) as StoredInvocation;
  }

  /** The same, by its head as it now stands, if there is one. */
  reread(stored: StoredHead | undefined): Invocation {
    return stored ? Invocation.stored(this.id, stored, this.token ?? stored.head.token, this.start) : this;
  }

  /** The same, with the token that its key's lock has, unless its head has one (R3). A turn may have taken the lock by its first
   * Start, and have died before its first append; the message at hand may be another. */
  ordered(token: string): Invocation {
    const known = this.head?.token ?? token;
    return known === this.token
      ? this
      : new Invocation(this.#source, this.id, known, this.start, this.stored);
  }

  /**
   * Whether another one has moved it since: its mark says so (R18). A pause by an operator, or by the watch, writes no mark, and
   * refuses each append. It is in sight, so nothing has to be said of it, and the next delivery holds it.
   */
  hasMoved(now: StoredHead | undefined): boolean {
    const { status, writer, incarnation = this.incarnation } = now?.head ?? {};
    // What has not begun has no mark in any of its lives.
    if (incarnation !== this.incarnation) return true;
    return status === "completed" || status === "paused" || writer !== this.head?.writer;
  }

  get head(): Head | undefined {
    return this.stored?.head;
  }
  get incarnation(): Incarnation {
    return this.#source.incarnation;
  }
  get target(): Target {
    return this.#source.target;
  }
  get origin(): string {
    return this.#source.origin;
  }
  get idempotencyKey(): string | undefined {
    return this.#source.idempotencyKey;
  }
  get acceptedAtMs(): number {
    return this.#source.acceptedAtMs;
  }
  /** Which it is pinned to. */
  get deployment(): string | undefined {
    return this.head?.deployment;
  }
  /** Entries in its log. */
  get length(): number {
    return this.head?.length ?? 0;
  }
  /** Attempts made so far without progress. */
  get attempt(): AttemptState {
    return this.head?.attempt ?? { count: 0 };
  }
  /** It as the holder of its key's lock; `undefined` if it is not exclusive. */
  get holder(): Holder | undefined {
    const { id, incarnation, token } = this;
    return token === undefined ? undefined : { id, incarnation, token };
  }
}

/** One that has a head. */
export type StoredInvocation = Invocation & { readonly head: Head; readonly stored: StoredHead };

export const isStored = (invocation: Invocation): invocation is StoredInvocation =>
  invocation.stored !== undefined;
