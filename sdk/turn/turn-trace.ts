/**
 * Where tracing comes in, if it is on (docs/tracing.md). A handler's code loads none of it: what traces turns puts itself under a symbol
 * of the process (`perdure/tracing`), and is found there, whichever copy of the SDK looks.
 */
import type { Ending } from "../../lib/store/head/append.ts";
import { isOfTraces, TRACE_LINK } from "../../lib/model/header-names.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { Head } from "../../lib/model/head.ts";
import type { Headers } from "../../lib/model/headers-value.ts";
import type { Clock } from "../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";

/** What a turn begins with. */
export interface TracedTurnStart {
  readonly request: TurnRequest;
  readonly head: Head | undefined;
  readonly log: readonly Entry[];
  readonly headers: Headers;
  readonly clock: Clock;
}

/** One turn's trace. Nothing that it does takes time or throws. */
export interface TurnTrace {
  /** What the attempt is told: the span of the turn. */
  readonly headers: Readonly<Record<string, string>>;
  /** What a callee is told: the span of the call. */
  headersOf(kind: "call" | "send", command: number): Record<string, string>;
  /** The append is won. */
  appended(entries: readonly Entry[], position: number, ending: Ending | undefined): void;
  ended(outcome: TurnOutcome): void;
}

export type TurnTracer = (turn: TracedTurnStart) => TurnTrace;

export const TURN_TRACER = Symbol.for("perdure.tracer");

/** Without a tracer: what the caller said goes on as it is, so that no trace is torn. */
const untraced = (headers: Headers): TurnTrace => {
  const names = Object.entries(headers).filter(([name]) => isOfTraces(name));
  const { [TRACE_LINK]: _link, ...shown } = Object.fromEntries(names);
  return {
    headers: shown,
    headersOf: () => Object.fromEntries(names),
    appended: () => undefined,
    ended: () => undefined,
  };
};

export function traceTurn(turn: TracedTurnStart, isRehearsal = false): TurnTrace {
  const { [TURN_TRACER]: found } = globalThis as { readonly [TURN_TRACER]?: TurnTracer };
  const tracer = isRehearsal ? undefined : found;
  return tracer ? tracer(turn) : untraced(turn.headers);
}
