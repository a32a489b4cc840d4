/**
 * The spans of one turn, from what it appends to the journal (docs/decisions/0039-traces.md).
 *
 * A turn's spans are kept until it ends, and are made of appends that were won. So a turn that dies leaves none, a turn that has lost
 * shows nothing that another one will show, and no span is without its parent.
 */
import { SPANS_OF_TURN_MAX } from "../limits/tracing.ts";
import { type CallEntry, type CommandEntry, type Entry, resultIn, type SendEntry } from "../model/entry.ts";
import type { Head } from "../model/head.ts";
import type { Target } from "../model/message.ts";
import type { Outcome } from "../model/outcome.ts";
import { shownId } from "../model/shown-id.ts";
import type { TurnFailure } from "../protocol.ts";
import { cut, endAttributes, exceptionOf, failureIn, sizeIn, spanStatusOf } from "./span-parts.ts";
import type { Span, SpanAttributes, SpanEvent, SpanKind } from "./span.ts";
import type { InvocationTrace, TraceSegment } from "./trace.ts";
import { parseTraceparent, TRACEPARENT } from "./w3c.ts";

/** When an entry was made, in memory and in the log. */
export interface EntryTime {
  readonly atMs: number;
  readonly startedAtMs: number;
  readonly tries: number;
}
export interface TimedEntry {
  readonly entry: Entry;
  /** Absent: an earlier version has written it. */
  readonly time?: EntryTime | undefined;
}

export interface TracedTurn {
  readonly trace: InvocationTrace;
  readonly target: Target;
  /** What is known of the invocation, on each of its spans. */
  readonly common: SpanAttributes;
  /** Of the turn alone. */
  readonly attributes: SpanAttributes;
  readonly acceptedAtMs: number;
  /** Not to begin before. */
  readonly dueAtMs?: number | undefined;
  readonly head?: Pick<Head, "writer" | "status" | "modifiedAtMs" | "length"> | undefined;
  /** Attempts that were made without progress, this one included. */
  readonly count: number;
  readonly beganMs: number;
  /** What the turn begins with. */
  readonly log: () => readonly TimedEntry[];
}

/** How a turn has ended, for its span. */
export type TracedEnd =
  | { readonly kind: "completed" | "suspended" | "lost" | "yielded" }
  | { readonly kind: "failed" | "died"; readonly failure: TurnFailure };

type Wait = Extract<CommandEntry, { kind: "sleep" | "call" | "signal" | "promise.get" | "attach" }>;
const WAITS: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["sleep", "call", "signal", "promise.get", "attach"] as const),
]);
const isWait = (entry: Entry): entry is Wait => WAITS.has(entry.kind);

interface OpenWait {
  readonly entry: Wait;
  readonly sinceMs: number;
}

export class TurnSpans {
  readonly segment: TraceSegment;
  readonly spanId: string;
  readonly #turn: TracedTurn;
  readonly #spans: Span[] = [];
  readonly #events: SpanEvent[] = [];
  #leftOut = 0;
  #hasWon = false;
  /** By command: what the code waits for. Filled when it is first asked for. */
  #open: Map<number, OpenWait> | undefined;

  constructor(turn: TracedTurn) {
    this.#turn = turn;
    this.segment = turn.trace.segmentAt(turn.beganMs);
    this.spanId = turn.trace.spanId("turn", turn.head?.writer ?? "", String(turn.count));
  }

  /** The span in which a callee is, whose id follows from the command. */
  spanIdOf(kind: "call" | "send", command: number): string {
    return this.#turn.trace.spanId(kind, String(command));
  }

  // --- appends -------------------------------------------------------------------------------------------------

  /** These entries are in the log now, the first of them at `position`. */
  appended(entries: readonly TimedEntry[], position: number, nowMs: number): void {
    if (position === 0) this.#began();
    this.#hasWon = true;
    const open = this.#waits();
    for (const { entry, time } of entries) {
      const atMs = time?.atMs ?? nowMs;
      if (isWait(entry)) open.set(entry.command, { entry, sinceMs: atMs });
      else if (entry.kind === "run") this.#ran(entry, time ?? { atMs, startedAtMs: atMs, tries: 1 });
      else if (entry.kind === "send") this.#sent(entry, atMs);
      else if (entry.kind === "completion") this.#completed(open, entry.command, entry, atMs);
      else if (entry.kind === "signalled") this.#signalled(open, entry, atMs);
      else this.#happened(entry, atMs);
    }
  }

  #waits(): Map<number, OpenWait> {
    if (this.#open) return this.#open;
    const open = new Map<number, OpenWait>();
    for (const { entry, time } of this.#turn.log()) {
      if (isWait(entry)) open.set(entry.command, { entry, sinceMs: this.#sinceMs(entry, time) });
      else if (entry.kind === "completion") open.delete(entry.command);
      else if (entry.kind === "signalled") open.delete(firstOf(open, entry.signal) ?? -1);
    }
    this.#open = open;
    return open;
  }

  #sinceMs(entry: Wait, time: EntryTime | undefined): number {
    const known = time?.atMs ?? (entry.kind === "call" ? entry.call.acceptedAtMs : undefined);
    return known ?? this.#turn.head?.modifiedAtMs ?? this.#turn.beganMs;
  }

  #ran({ command, name, outcome }: Extract<Entry, { kind: "run" }>, time: EntryTime): void {
    const failure = failureIn(outcome);
    this.#add("internal", {
      spanId: this.#turn.trace.spanId("run", String(command)),
      name: `run ${name}`,
      startMs: time.startedAtMs,
      endMs: time.atMs,
      attributes: {
        "restate.run.name": name,
        "perdure.run.attempts": time.tries,
        "perdure.bytes": sizeIn(outcome),
        ...endAttributes(failure),
      },
      status: spanStatusOf(failure),
    });
  }

  #sent({ command, callee, call }: SendEntry, atMs: number): void {
    const { service, handler, dueAtMs, input } = call;
    this.#add("producer", {
      spanId: this.spanIdOf("send", command),
      name: `send ${service}/${handler}`,
      startMs: atMs,
      endMs: atMs,
      attributes: {
        ...{ "messaging.system": "perdure", "messaging.operation.type": "send" },
        "messaging.destination.name": `${service}/${handler}`,
        "messaging.message.id": shownId(callee),
        "messaging.message.body.size": sizeIn(input),
        ...(dueAtMs === null ? {} : { "perdure.delay_ms": Math.max(0, dueAtMs - atMs) }),
      },
    });
  }

  #completed(open: Map<number, OpenWait>, command: number, entry: Entry, atMs: number): void {
    const wait = open.get(command);
    open.delete(command);
    // An awakeable is completed by a signal. This is the code, which gives it up.
    if (wait && wait.entry.kind !== "signal") this.#waited(wait, atMs, resultIn(entry));
  }

  #signalled(open: Map<number, OpenWait>, entry: Extract<Entry, { kind: "signalled" }>, atMs: number): void {
    const command = firstOf(open, entry.signal);
    const wait = command === undefined ? undefined : open.get(command);
    if (command === undefined || !wait) return;
    open.delete(command);
    this.#waited(wait, atMs, entry.outcome);
  }

  #waited(
    { entry, sinceMs }: OpenWait,
    atMs: number,
    result: ReturnType<typeof resultIn>,
    isGivenUp = false,
  ): void {
    const { trace } = this.#turn;
    const failure = isGivenUp ? undefined : failureIn(result);
    const within = trace.segmentAt(sinceMs);
    const now = trace.segmentAt(atMs);
    const traceId = traceIdIn(entry) ?? within.traceId;
    const continued = now.number !== within.number;
    this.#put({
      traceId,
      spanId:
        entry.kind === "call"
          ? this.spanIdOf("call", entry.command)
          : trace.spanId("wait", String(entry.command)),
      parentSpanId: within.spanId,
      name: nameOf(entry),
      kind: entry.kind === "call" ? "client" : "internal",
      startMs: sinceMs,
      endMs: Math.max(sinceMs, atMs),
      attributes: {
        ...attributesOfWait(entry),
        ...(isGivenUp ? { "perdure.given_up": true } : { "perdure.bytes": sizeIn(result) }),
        ...(continued ? { "perdure.trace.continues": now.traceId } : {}),
        ...endAttributes(failure),
      },
      status: spanStatusOf(failure),
      links: continued ? [{ traceId: now.traceId, spanId: now.spanId }] : [],
    });
  }

  #happened(entry: Entry, atMs: number): void {
    const { kind } = entry;
    if (kind === "cancelled" || kind === "cancel" || kind === "sendSignal" || kind === "promise.complete")
      this.#events.push({ name: kind, atMs });
  }

  // --- beginning and end ---------------------------------------------------------------------------------------

  /** The invocation has begun: it has its first entry, or its first attempt has failed. */
  #began(): void {
    const { acceptedAtMs, dueAtMs, head, beganMs, count } = this.#turn;
    if (count > 1 || (head?.length ?? 0) > 0) return;
    const fromMs = Math.max(acceptedAtMs, dueAtMs ?? 0);
    if (dueAtMs !== undefined) this.#waitedAtFirst("delay", acceptedAtMs, Math.min(dueAtMs, beganMs));
    // It was parked behind its key's lock when its head said so.
    const parkedMs = head?.status === "pending" ? Math.max(fromMs, head.modifiedAtMs) : undefined;
    this.#waitedAtFirst("queue wait", fromMs, parkedMs ?? beganMs);
    if (parkedMs !== undefined) this.#waitedAtFirst("lock wait", parkedMs, beganMs);
  }

  #waitedAtFirst(name: string, startMs: number, endMs: number): void {
    const { trace } = this.#turn;
    this.#put({
      ...{ traceId: trace.root.traceId, spanId: trace.spanId(name), parentSpanId: trace.root.spanId },
      ...{ name, kind: "internal", startMs, endMs: Math.max(startMs, endMs), attributes: {} },
    });
  }

  /** The invocation has ended with this turn. */
  completed(outcome: Outcome, nowMs: number): void {
    for (const wait of this.#waits().values()) this.#waited(wait, nowMs, null, true);
    this.#put(rootSpan(this.#turn, { outcome, endMs: nowMs }));
  }

  /** All but the turn's own span: of an end that no turn has made. */
  get withoutTurn(): readonly Span[] {
    return this.#spans;
  }

  /** All that there is to send, the turn's own span last. */
  ended(end: TracedEnd, nowMs: number): readonly Span[] {
    const failure = "failure" in end ? end.failure : undefined;
    if (end.kind === "lost" && !this.#hasWon) return [];
    if (failure && (this.#turn.head?.length ?? 0) === 0 && !this.#hasWon) this.#began();
    // Retries are shown at the first, the second, the fourth and so on: seventy red bars say less.
    if (failure && !this.#hasWon && !isPowerOfTwo(this.#turn.count)) return [];
    return [...this.#anchor(nowMs), ...this.#spans, this.#own(end, nowMs)];
  }

  #own(end: TracedEnd, nowMs: number): Span {
    const { trace, beganMs, count, attributes } = this.#turn;
    const failure = "failure" in end ? end.failure : undefined;
    return {
      ...{ traceId: this.segment.traceId, spanId: this.spanId, parentSpanId: this.segment.spanId },
      ...{ name: "turn", kind: "internal", startMs: beganMs, endMs: nowMs, traceState: trace.state },
      attributes: {
        ...this.#turn.common,
        ...attributes,
        "perdure.turn.outcome": end.kind,
        "perdure.turn.attempt": count,
        "perdure.spans.left_out": this.#leftOut === 0 ? undefined : this.#leftOut,
        ...(failure ? attributesOfFailure(failure, end.kind) : {}),
      },
      events: [...this.#events, ...(failure ? [exceptionOf(failure, nowMs)] : [])],
      ...(failure ? { status: { ok: false, message: cut(failure.message) } } : {}),
      ...(end.kind === "completed" ? { status: { ok: true } } : {}),
    };
  }

  /** The span of a later trace, in which its turns are: by the first turn in it. */
  #anchor(nowMs: number): readonly Span[] {
    const { trace, head, beganMs, acceptedAtMs, target } = this.#turn;
    const { number, traceId, spanId } = this.segment;
    const before = trace.segmentAt(head?.modifiedAtMs ?? acceptedAtMs);
    if (number === 0 || before.number === number) return [];
    const { root } = trace;
    return [
      {
        ...{ traceId, spanId, name: `${target.service}/${target.handler}`, kind: "internal" },
        ...{ startMs: beganMs, endMs: nowMs },
        attributes: { ...this.#turn.common, "perdure.trace.continues": root.traceId },
        links: [{ traceId: root.traceId, spanId: root.spanId }],
      },
    ];
  }

  // --- spans ---------------------------------------------------------------------------------------------------

  /** In the turn's. */
  #add(
    kind: SpanKind,
    span: Pick<Span, "spanId" | "name" | "startMs" | "endMs" | "attributes"> & {
      readonly status?: Span["status"] | undefined;
    },
  ): void {
    this.#put({ ...span, kind, traceId: this.segment.traceId, parentSpanId: this.spanId });
  }

  #put(span: Omit<Span, "status"> & { readonly status?: Span["status"] | undefined }): void {
    if (this.#spans.length >= SPANS_OF_TURN_MAX) {
      this.#leftOut++;
      return;
    }
    const { status, ...rest } = span;
    this.#spans.push({
      ...rest,
      traceState: this.#turn.trace.state,
      attributes: { ...this.#turn.common, ...span.attributes },
      ...(status ? { status } : {}),
    });
  }
}

/** The span of the invocation itself. */
export function rootSpan(
  { trace, target, common, acceptedAtMs }: Pick<TracedTurn, "trace" | "target" | "common" | "acceptedAtMs">,
  { outcome, endMs }: { readonly outcome: Outcome; readonly endMs: number },
): Span {
  const failure = outcome.ok ? undefined : outcome.failure;
  const { root, link, parentSpanId } = trace;
  const last = trace.segmentAt(endMs);
  const links = [...(link ? [link] : []), ...(last.number > 0 ? [last] : [])];
  const status = spanStatusOf(failure) ?? (failure ? undefined : { ok: true as const });
  return {
    ...{ traceId: root.traceId, spanId: root.spanId, parentSpanId, traceState: trace.state },
    name: `${target.service}/${target.handler}`,
    kind: trace.isSent ? "consumer" : "server",
    startMs: acceptedAtMs,
    endMs: Math.max(acceptedAtMs, endMs),
    attributes: {
      ...common,
      "restate.invocation.result": failure ? "failure" : "success",
      ...(failure
        ? { "restate.invocation.error.code": String(failure.code), "error.message": cut(failure.message) }
        : {}),
      ...(last.number > 0 ? { "perdure.trace.continues": last.traceId } : {}),
      ...endAttributes(failure),
    },
    links: links.map(({ traceId, spanId }) => ({ traceId, spanId })),
    ...(status ? { status } : {}),
  };
}

const attributesOfFailure = ({ code, command }: TurnFailure, kind: TracedEnd["kind"]): SpanAttributes => ({
  "error.type": kind === "died" ? kind : String(code),
  "perdure.failed.operation": command && `${command.type} ${command.name}`,
});

const isPowerOfTwo = (count: number): boolean => Number.isInteger(Math.log2(Math.max(1, count)));

/** The oldest wait for this signal. */
const firstOf = (open: ReadonlyMap<number, OpenWait>, signal: number | string): number | undefined =>
  [...open.values()].find(({ entry }) => entry.kind === "signal" && entry.signal === signal)?.entry.command;

/** A callee was told in which trace it is. */
const traceIdIn = (entry: Wait): string | undefined =>
  entry.kind === "call" ? parseTraceparent(entry.call.headers[TRACEPARENT])?.traceId : undefined;

function nameOf(entry: Wait): string {
  if (entry.kind === "call") return `call ${entry.call.service}/${entry.call.handler}`;
  if (entry.kind === "promise.get") return `promise ${entry.name}`;
  if (entry.kind === "signal")
    return typeof entry.signal === "number" ? "awakeable" : `signal ${entry.signal}`;
  return entry.kind === "sleep" && entry.name !== "" ? `sleep ${entry.name}` : entry.kind;
}

function attributesOfWait(entry: Wait): SpanAttributes {
  if (entry.kind === "call") return attributesOfCall(entry);
  if (entry.kind === "sleep") return { "perdure.sleep.due_at_ms": entry.dueAtMs };
  if (entry.kind === "attach") return { "perdure.attached.invocation.id": shownId(entry.id) };
  return {};
}

const attributesOfCall = ({ callee, call }: CallEntry): SpanAttributes => ({
  ...{ "rpc.system": "restate", "rpc.service": call.service, "rpc.method": call.handler },
  "perdure.callee.invocation.id": shownId(callee),
});
