/**
 * The spans of what no turn sees (docs/decisions/0039-traces.md): attempts whose function has died, and ends without the code. The
 * rest is emitted by the turns themselves.
 */
import { deathBy } from "../../lib/death.ts";
import { FunctionError } from "../../lib/errors.ts";
import { type Head, parseHead } from "../../lib/model/head.ts";
import { LINKED_TO_BEFORE, TRACE_LINK } from "../../lib/model/header-names.ts";
import type { Headers } from "../../lib/model/headers-value.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Start } from "../../lib/model/message.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import { type Invoker, silentLogger } from "../../lib/ports.ts";
import type { TurnFailure, TurnRequest } from "../../lib/protocol.ts";
import type { Tracing } from "../../lib/tracing/tracing.ts";
import { type TimedEntry, TurnSpans } from "../../lib/tracing/turn-spans.ts";

export interface ShownTrace {
  readonly trace_id?: string;
  /** Where to look at it. */
  readonly trace_url?: string;
}

/** What the dispatcher tells. Nothing of it takes time or throws. */
export interface EngineTraces {
  /** An invocation has ended without its code. `start`: of one that has no headers in its head yet. */
  ended(id: InvocationId, head: Head, outcome: Outcome, start?: Start): void;
  /** In which trace it is, for people. Nothing, where that is not kept, or not known. */
  shown(id: InvocationId, head: Head): ShownTrace;
  /** The headers of an invocation that is made anew from this one: a trace of its own, linked to this one's. */
  restarted(id: InvocationId, head: Head, headers: Headers): Record<string, string>;
}

export class TracedEngine implements EngineTraces {
  readonly #tracing: Tracing;

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  ended(id: InvocationId, head: Head, outcome: Outcome, start?: Start): void {
    this.#safely(() => {
      const headers = { ...start?.headers, ...head.headers };
      const { incarnation, target, acceptedAtMs } = head;
      const trace = this.#tracing.traceOf({ id, incarnation, acceptedAtMs, headers });
      if (!trace.isSampled) return;
      const nowMs = this.#tracing.clock.now();
      const spans = new TurnSpans({
        ...{ trace, target, acceptedAtMs, head, beganMs: nowMs, count: 1, attributes: {} },
        common: this.#tracing.commonOf(id, target),
        log: () => head.tail.map((entry): TimedEntry => ({ entry })),
      });
      spans.completed(outcome, nowMs);
      this.#tracing.exporter.add(spans.withoutTurn);
    });
  }

  shown(id: InvocationId, { incarnation, acceptedAtMs, headers, input }: Head): ShownTrace {
    // A head that has ended may hold neither: then a caller may have said another trace.
    if (input === undefined && Object.keys(headers).length === 0) return {};
    const { isSampled, root } = this.#tracing.traceOf({ id, incarnation, acceptedAtMs, headers });
    if (!isSampled) return {};
    const { traceUrl } = this.#tracing.settings;
    const url = traceUrl?.replaceAll("{trace_id}", root.traceId);
    return { trace_id: root.traceId, ...(url === undefined ? {} : { trace_url: url }) };
  }

  restarted(id: InvocationId, { incarnation, acceptedAtMs }: Head, headers: Headers): Record<string, string> {
    const trace = this.#tracing.traceOf({ id, incarnation, acceptedAtMs, headers });
    const { traceId, spanId } = trace.root;
    return { ...headers, ...trace.headersFor(traceId, spanId), [TRACE_LINK]: LINKED_TO_BEFORE };
  }

  /** The same invoker, whose deaths are told. */
  watching(invoker: Invoker): Invoker {
    const watched: Invoker = {
      invoke: async (deployment, request, letGo) => {
        const beganMs = this.#tracing.clock.now();
        try {
          return await invoker.invoke(deployment, request, letGo);
        } catch (error) {
          const isDeath = error instanceof FunctionError && error.code !== "throttled";
          if (isDeath && letGo?.aborted !== true)
            this.#died(request, beganMs, deathBy(error, silentLogger, request.id).failure);
          throw error;
        }
      },
      ...(invoker.staysInTouch ? { staysInTouch: true } : {}),
    };
    return watched;
  }

  #died(request: TurnRequest, beganMs: number, failure: TurnFailure): void {
    this.#safely(() => {
      const { id, incarnation, target, start, attempt, deployment } = request;
      const head = request.head && parseHead(request.head);
      const headers = start?.headers ?? head?.headers ?? {};
      const acceptedAtMs = start?.acceptedAtMs ?? head?.acceptedAtMs ?? beganMs;
      const trace = this.#tracing.traceOf({ id, incarnation, acceptedAtMs, headers });
      if (!trace.isSampled) return;
      const spans = new TurnSpans({
        ...{ trace, target, acceptedAtMs, head, beganMs, count: attempt.count },
        common: this.#tracing.commonOf(id, target),
        attributes: { "restate.deployment.id": deployment, "perdure.turn.from": head?.length ?? 0 },
        dueAtMs: start?.dueAtMs,
        log: () => [],
      });
      this.#tracing.exporter.add(spans.ended({ kind: "died", failure }, this.#tracing.clock.now()));
    });
  }

  /** A trace is worth less than what it is of. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#tracing.exporter.failed(error);
    }
  }
}
