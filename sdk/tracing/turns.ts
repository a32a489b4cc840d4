/**
 * Watches the turns of this process, and makes spans of what they append (docs/decisions/0039-traces.md). Nothing here is waited for,
 * and nothing that fails here reaches a turn.
 */
import type { Ending } from "../../lib/store/head/append.ts";
import { timesIn } from "../../lib/model/entry-times.ts";
import { LINKED_TO_SEND, TRACE_LINK } from "../../lib/model/header-names.ts";
import type { Entry } from "../../lib/model/entry.ts";
import type { TurnOutcome } from "../../lib/protocol.ts";
import type { Tracing } from "../../lib/tracing/tracing.ts";
import { type TimedEntry, type TracedEnd, TurnSpans } from "../../lib/tracing/turn-spans.ts";
import type { InvocationTrace } from "../../lib/tracing/trace.ts";
import { type TracedTurnStart, TURN_TRACER, type TurnTrace, type TurnTracer } from "../turn/turn-trace.ts";

/** Where a tracer is found. `flush`: sends what there is, within so many milliseconds. */
interface Traced {
  [TURN_TRACER]?: TurnTracer;
}

/** All turns that begin from now on. */
export function traceTurns(tracing: Tracing): void {
  (globalThis as Traced)[TURN_TRACER] = (turn) => new WatchedTurn(tracing, turn);
}

/** None any more. */
export function stopTracing(): void {
  delete (globalThis as Traced)[TURN_TRACER];
}

class WatchedTurn implements TurnTrace {
  readonly headers: Readonly<Record<string, string>>;
  readonly #tracing: Tracing;
  readonly #trace: InvocationTrace;
  readonly #spans: TurnSpans;
  readonly #baggage: Readonly<Record<string, string>>;

  constructor(tracing: Tracing, turn: TracedTurnStart) {
    const { request, head, headers } = turn;
    const { id, incarnation, target, start, attempt, deployment } = request;
    const acceptedAtMs = start?.acceptedAtMs ?? head?.acceptedAtMs ?? turn.clock.now();
    this.#tracing = tracing;
    this.#trace = tracing.traceOf({ id, incarnation, acceptedAtMs, headers });
    const { baggage } = headers;
    this.#baggage = baggage === undefined ? {} : { baggage };
    this.#spans = new TurnSpans({
      ...{ trace: this.#trace, target, acceptedAtMs, head, count: attempt.count },
      common: tracing.commonOf(id, target),
      attributes: { "restate.deployment.id": deployment, "perdure.turn.from": head?.length ?? 0 },
      dueAtMs: start?.dueAtMs,
      beganMs: turn.clock.now(),
      log: () => timed(turn.log, acceptedAtMs),
    });
    const { segment, spanId } = this.#spans;
    this.headers = {
      ...this.#baggage,
      ...this.#trace.headersFor(segment.traceId, spanId),
      ...this.#trace.xRayHeaderFor(segment.traceId, spanId),
    };
  }

  headersOf(kind: "call" | "send", command: number): Record<string, string> {
    const spanId = this.#spans.spanIdOf(kind, command);
    const link = kind === "send" ? { [TRACE_LINK]: LINKED_TO_SEND } : {};
    return { ...this.#baggage, ...link, ...this.#trace.headersFor(this.#spans.segment.traceId, spanId) };
  }

  appended(entries: readonly Entry[], position: number, ending: Ending | undefined): void {
    this.#safely(() => {
      const nowMs = this.#tracing.clock.now();
      this.#spans.appended(entries.map(justMade), position, nowMs);
      if (ending?.kind === "completed") this.#spans.completed(ending.outcome, nowMs);
    });
  }

  ended(outcome: TurnOutcome): void {
    this.#safely(() => {
      const end: TracedEnd = outcome.kind === "failed" ? outcome : { kind: outcome.kind };
      this.#tracing.exporter.add(this.#spans.ended(end, this.#tracing.clock.now()));
    });
  }

  /** A trace is worth less than the turn that it is of. */
  #safely(work: () => void): void {
    if (!this.#trace.isSampled) return;
    try {
      work();
    } catch (error) {
      this.#tracing.exporter.failed(error);
    }
  }
}

function justMade(entry: Entry): TimedEntry {
  if (!entry.when) return { entry };
  const { atMs, tookMs = 0, tries = 1 } = entry.when;
  return { entry, time: { atMs, startedAtMs: atMs - Math.max(0, tookMs), tries } };
}

/** What the log says of its entries' times. */
function timed(log: readonly Entry[], acceptedAtMs: number): readonly TimedEntry[] {
  const times = timesIn(log, acceptedAtMs);
  return log.map((entry, at) => ({ entry, time: times[at] }));
}
