/** Turns as the tests of the host pool need them. */
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";

export const turnRequest = (id: string, handler = "handler", remainingMs = 60_000): TurnRequest => ({
  kind: "turn",
  version: 1,
  id: `inv_${id}`,
  incarnation: 0,
  target: { service: "Service", handler },
  handlerKind: "plain",
  deployment: "dp_test",
  carried: [],
  ownsLock: false,
  attempt: { count: 1 },
  remainingMs,
  retentionMs: 0,
});

export const completed: TurnOutcome = { kind: "completed", ownsLock: false, replies: [] };
export const suspended: TurnOutcome = { kind: "suspended", wait: ["c", 0] };
