/** The first turn of an invocation, run behind a guard and under no message (R25): where its call was accepted (R27), or by its
 * caller (R28). */
import type { HandlerKind } from "../model/manifest.ts";
import type { Start } from "../model/message.ts";
import { atDoor } from "../model/voucher.ts";
import { type AskedGuard, PROTOCOL_VERSION, type TurnRequest } from "../protocol.ts";
import type { HandlerPolicy } from "./handler-policy.ts";
import type { StoredHead } from "./head-store.ts";

export interface GuardedTurn {
  readonly start: Start;
  readonly guard: AskedGuard;
  /** The head that names the guard, of an id that can be asked for again. */
  readonly stored?: StoredHead;
  readonly served: { readonly deployment: { readonly id: string }; readonly kind: HandlerKind };
}

export function guardedRequest(
  { start, guard, stored, served: { deployment, kind: handlerKind } }: GuardedTurn,
  { retentionMs, journalRetentionMs }: Pick<HandlerPolicy, "retentionMs" | "journalRetentionMs">,
  remainingMs: number,
): TurnRequest {
  const { id, incarnation, target } = start;
  return {
    ...{ kind: "turn", version: PROTOCOL_VERSION, id, incarnation, target, handlerKind },
    ...{ deployment: deployment.id, start, carried: [], voucher: atDoor(), ownsLock: false },
    ...(stored ? { head: stored.item } : {}),
    ...{ guard, attempt: { count: 1 }, remainingMs, retentionMs, journalRetentionMs },
  };
}
