/** The turn of which a rehearsal is made (rehearsal.ts). */
import { REHEARSAL_MS_MAX } from "../limits/replay.ts";
import type { Head } from "../model/head.ts";
import type { InvocationId } from "../model/ids.ts";
import type { Attributes } from "../model/item.ts";
import type { HandlerKind } from "../model/manifest.ts";
import { PROTOCOL_VERSION, type TurnRequest } from "../protocol.ts";

interface Rehearsed {
  readonly id: InvocationId;
  readonly head: Pick<Head, "target" | "incarnation" | "token">;
  /** The head as it is stored. */
  readonly item: Attributes;
  readonly handlerKind: HandlerKind;
  /** That of the code. */
  readonly deployment: string;
}

/** It goes for a first attempt that holds its lock, since it ends before it does anything new. */
export const rehearsedTurn = ({ id, head, item, handlerKind, deployment }: Rehearsed): TurnRequest => ({
  ...{ kind: "turn", version: PROTOCOL_VERSION, id, incarnation: head.incarnation, target: head.target },
  ...{ handlerKind, deployment, head: item, carried: [], ownsLock: true, attempt: { count: 1 } },
  ...{ remainingMs: REHEARSAL_MS_MAX, retentionMs: 0 },
  ...(head.token === undefined ? {} : { token: head.token }),
});
