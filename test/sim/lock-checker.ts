/**
 * R5, R6, at each write of a key's lock: it passes on only from an owner that has ended. One without a head may be about
 * to suspend: a later invocation's turn may take the lock from it, and a dispatcher once it is an orphan for good. One whose head
 * has no token has not begun (R3): it passes on what a turn has taken under a message that is gone. The turn's append is refused.
 */
import { HEAD_OUTLIVES_MS } from "../../lib/limits.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { parseLock, sameInvocation } from "../../lib/model/lock.ts";
import type { Actor } from "./actor.ts";

/** What is wrong with the write; `undefined`: nothing. `lives`: how each invocation stands, by its id. */
export function lockViolation(
  actor: Actor,
  before: Attributes | undefined,
  after: Attributes | undefined,
  lives: ReadonlyMap<
    string,
    { readonly incarnation: number; readonly status: string; readonly token: string | undefined }
  >,
  nowMs: number,
): string | undefined {
  if (!before) return undefined;
  const { owner, takenAtMs } = parseLock(before);
  if (after && sameInvocation(parseLock(after).owner, owner)) return undefined;
  const life = lives.get(owner.id);
  if (life?.incarnation === owner.incarnation) {
    if (life.status === "completed" || (takenAtMs !== undefined && life.token === undefined))
      return undefined;
    return `${actor.name} passes on the lock of ${owner.id}, which is ${life.status}`;
  }
  // It has had another life since, so that this one has ended.
  if (life || takenAtMs === undefined || actor.kind === "handler") return undefined;
  if (nowMs - takenAtMs > HEAD_OUTLIVES_MS) return undefined;
  return `${actor.name} passes on the lock that ${owner.id} took ${nowMs - takenAtMs} ms ago and has no head yet`;
}
