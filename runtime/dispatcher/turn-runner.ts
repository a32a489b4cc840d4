/**
 * Runs turns of one invocation until it is durably at rest: completed, suspended, backing off or paused (R7). A
 * failed attempt is retried by the policy: at once, held under the message while the back-off is short, by a durable
 * timer otherwise.
 */
import { readHead } from "../../core/head-store.ts";
import { outgoing } from "../../core/send.ts";
import type { Note } from "../../lib/entry.ts";
import { asError, FunctionError, OperationalError } from "../../lib/errors.ts";

import { isExclusiveId } from "../../lib/ids.ts";
import {
  HELD_ATTEMPTS_MAX,
  HELD_BACKOFF_MS_MAX,
  IDEMPOTENCY_RETENTION_MS,
  JOURNAL_RETENTION_MS,
  WORKFLOW_RETENTION_MS,
} from "../../lib/limits.ts";
import { lockKey, takeLock } from "../../lib/lock.ts";
import type { HandlerManifest, RegisteredService } from "../../lib/manifest.ts";
import type { Target } from "../../lib/message.ts";
import { failure } from "../../lib/outcome.ts";
import {
  type AttemptState,
  PROTOCOL_VERSION,
  type TurnFailure,
  type TurnOutcome,
  type TurnRequest,
} from "../../lib/protocol.ts";
import { decideRetry, retryPolicyOf } from "../../lib/retry.ts";
import { type Delivery, type DispatcherPorts, pause } from "./delivery.ts";
import { InvocationWriter, type Known } from "./invocation-writer.ts";
import { arrange, repeatLastOutputs, reply } from "./output-repeater.ts";

/** What remains for the dispatcher after the invocation is at rest. */
export type Rested =
  /** `ownsLock`: the key's lock is to be passed on. */
  | { readonly kind: "completed"; readonly ownsLock: boolean }
  | { readonly kind: "waiting" }
  /** The head has moved on without this turn, or nobody knows: look at it again, or give the message back. */
  | { readonly kind: "lost" };

interface Attempt {
  readonly known: Known;
  readonly target: Target;
  readonly incarnation: number;
  readonly carried: readonly Note[];
  readonly ownsLock: boolean;
  readonly attempt: AttemptState;
}

/** A turn is given at most this long, unless its handler's `abortTimeout` says otherwise, milliseconds. */
const ABORT_TIMEOUT_MS = 10 * 60 * 1000;
/** Left for the dispatcher to write down how a turn ended, milliseconds. */
const CLOSING_MS = 1000;

export class TurnRunner {
  readonly #ports: DispatcherPorts;
  readonly #writer: InvocationWriter;

  constructor(ports: DispatcherPorts, writer: InvocationWriter) {
    this.#ports = ports;
    this.#writer = writer;
  }

  async run(known: Known, carried: readonly Note[], ownsLock: boolean, delivery: Delivery): Promise<Rested> {
    const target = known.head?.target ?? known.start?.target;
    if (!target) throw new TypeError("neither head nor start");
    const incarnation = known.head?.incarnation ?? known.start?.incarnation ?? 0;
    const before = known.head?.attempt ?? { count: 0 };
    let attempt: Attempt = {
      known,
      target,
      incarnation,
      carried,
      ownsLock,
      attempt: { ...before, count: before.count + 1 },
    };
    for (let held = 0; ; held++) {
      if (delivery.deadlineMs - this.#ports.clock.now() < 2 * CLOSING_MS) return { kind: "lost" };
      const outcome = await this.#invoke(attempt, delivery);
      if (outcome.kind !== "failed") return await this.#settled(attempt, outcome);
      const next = await this.#retry(attempt, outcome, held, delivery);
      if ("kind" in next) return next;
      attempt = next;
    }
  }

  async #settled(attempt: Attempt, outcome: Exclude<TurnOutcome, { kind: "failed" }>): Promise<Rested> {
    const { id } = attempt.known;
    if (outcome.kind === "lost") {
      this.#ports.logger.log("debug", "turn lost", { invocation: id, reason: outcome.reason });
      return { kind: "lost" };
    }
    if (outcome.kind === "suspended") {
      const { incarnation, target, known } = attempt;
      await arrange(this.#ports, { id, incarnation, target }, outcome.wait, known.head?.wait);
      return { kind: "waiting" };
    }
    if (outcome.outcome) await reply(this.#ports, id, outcome.replies, outcome.outcome);
    return { kind: "completed", ownsLock: outcome.ownsLock };
  }

  async #invoke(attempt: Attempt, delivery: Delivery): Promise<TurnOutcome> {
    const { registry, invoker, clock } = this.#ports;
    const { known, target } = attempt;
    const service = await registry.service(target.service);
    const handler = service?.handlers.find(({ name }) => name === target.handler);
    const deployment = await registry.deployment(known.head?.deployment ?? service?.deployment ?? "");
    const length = known.head?.length ?? 0;
    if (!service || !handler || !deployment) {
      const message = `no deployment serves ${target.service}/${target.handler} (RT0011)`;
      return { kind: "failed", failure: { code: 503, message }, length, progress: false };
    }
    const limitMs = handler.abortTimeoutMs ?? service.abortTimeoutMs ?? ABORT_TIMEOUT_MS;
    const request: TurnRequest = {
      kind: "turn",
      version: PROTOCOL_VERSION,
      id: known.id,
      incarnation: attempt.incarnation,
      target,
      handlerKind: handler.kind,
      deployment: deployment.id,
      carried: attempt.carried,
      ownsLock: attempt.ownsLock,
      attempt: attempt.attempt,
      remainingMs: Math.min(limitMs, delivery.deadlineMs - clock.now() - CLOSING_MS),
      retentionMs: retentionOf(service, handler, known),
      ...(known.token !== undefined && isExclusiveId(known.id) ? { token: known.token } : {}),
      ...(known.start === undefined ? {} : { start: known.start }),
      ...(known.item === undefined ? {} : { head: known.item }),
    };
    try {
      return await invoker.invoke(deployment, request);
    } catch (error) {
      if (error instanceof OperationalError) throw error;
      const { message } = asError(error);
      const code = error instanceof FunctionError && error.code === "timeout" ? 504 : 500;
      // How far it came, only the head can tell.
      return { kind: "failed", failure: { code, message }, length: -1, progress: false };
    }
  }

  /** The next attempt, if it is made under this message; else how the invocation rests. */
  async #retry(
    attempt: Attempt,
    failed: Extract<TurnOutcome, { kind: "failed" }>,
    held: number,
    delivery: Delivery,
  ): Promise<Attempt | Rested> {
    const { items, clock, registry, logger } = this.#ports;
    const stored = await readHead(items, attempt.known.id);
    const died = failed.length === -1;
    const length = died ? (stored?.head.length ?? 0) : failed.length;
    if (stored && (stored.head.status === "completed" || stored.head.length !== length))
      return { kind: "lost" };
    if (died && stored) {
      // It may have suspended before it died: then this message is looked at anew, as one in doubt.
      if (stored.head.status === "suspended") return { kind: "lost" };
      await repeatLastOutputs(this.#ports, attempt.known.id, stored.head);
    }
    const progress = failed.progress || length > (attempt.known.head?.length ?? 0);
    const before = attempt.attempt;
    // A bounded step counts its own attempts; a turn that recorded something starts counting anew.
    const count = progress ? 1 : failed.failure.run ? before.count - 1 : before.count;
    const service = await registry.service(attempt.target.service);
    const handler = service?.handlers.find(({ name }) => name === attempt.target.handler);
    const decision = decideRetry(retryPolicyOf(service, handler), count, failed.failure.retryAfterMs);
    const { id } = attempt.known;
    logger.log("debug", "attempt failed", {
      invocation: id,
      attempt: before.count,
      next: decision.kind,
      error: failed.failure.message,
    });
    const { run } = failed.failure;
    const state: AttemptState = run === undefined ? { count } : { count, run };
    const known: Known = stored ? { ...attempt.known, head: stored.head, item: stored.item } : attempt.known;
    const next: Attempt = { ...attempt, known, attempt: { ...state, count: count + 1 } };
    if (decision.kind === "retry" && decision.delayMs <= HELD_BACKOFF_MS_MAX && held < HELD_ATTEMPTS_MAX) {
      if (clock.now() + decision.delayMs + 2 * CLOSING_MS < delivery.deadlineMs) {
        await pause(clock, decision.delayMs);
        return next;
      }
    }
    if (decision.kind === "kill") return await this.#kill(known, service, handler, failed.failure);
    return await this.#rest(next, state, failed.failure, length, decision);
  }

  /** Pauses what cannot be handled at all. `false`: it could not be written; or it has ended. */
  async pause(known: Known, failed: TurnFailure): Promise<boolean> {
    const target = known.head?.target ?? known.start?.target;
    if (!target) return true;
    const incarnation = known.head?.incarnation ?? known.start?.incarnation ?? 0;
    const attempt: AttemptState = { count: (known.head?.attempt.count ?? 0) + 1 };
    const rested = await this.#rest(
      { known, target, incarnation, ownsLock: false, carried: [], attempt },
      attempt,
      failed,
      known.head?.length ?? 0,
      { kind: "pause" },
    );
    return rested.kind === "waiting" || known.head?.status === "completed";
  }

  async #rest(
    { known, target, incarnation, ownsLock, carried }: Attempt,
    attempt: AttemptState,
    failed: TurnFailure,
    length: number,
    decision: { kind: "retry"; delayMs: number } | { kind: "pause" },
  ): Promise<Rested> {
    const { items, clock, timers } = this.#ports;
    const { id, token } = known;
    // R5: the lock before the head says that the invocation rests.
    if (!ownsLock && token !== undefined && isExclusiveId(id)) {
      const { won } = await items.write(
        takeLock(lockKey(target.service, target.key ?? ""), { id, incarnation, token }),
      );
      if (!won) return { kind: "lost" };
    }
    if (decision.kind === "pause") {
      const rested = await this.#writer.rest(known, "paused", { attempt, failure: failed, length, carried });
      return { kind: rested ? "waiting" : "lost" };
    }
    const dueAtMs = clock.now() + decision.delayMs;
    if (
      !(await this.#writer.rest(known, "backing-off", { attempt, failure: failed, length, dueAtMs, carried }))
    )
      return { kind: "lost" };
    const message = outgoing(
      { kind: "resume", id, incarnation, dueAtMs },
      `backoff.${length}.${attempt.count}.${dueAtMs}`,
    );
    await timers.schedule({ atMs: dueAtMs, message });
    return { kind: "waiting" };
  }

  async #kill(
    known: Known,
    service: RegisteredService | undefined,
    handler: HandlerManifest | undefined,
    failed: TurnFailure,
  ): Promise<Rested> {
    const retentionMs = service && handler ? retentionOf(service, handler, known) : JOURNAL_RETENTION_MS;
    const outcome = failure(failed.code, failed.message);
    const head = await this.#writer.end(known, outcome, retentionMs);
    if (!head) return { kind: "lost" };
    await reply(this.#ports, known.id, head.replies, outcome);
    return { kind: "completed", ownsLock: true };
  }
}

/** How long the head is kept after the end: a result with an idempotency key or of a workflow by its retention. */
export function retentionOf(
  service: RegisteredService,
  handler: HandlerManifest,
  known: Pick<Known, "head" | "start">,
): number {
  const journal = handler.journalRetentionMs ?? service.journalRetentionMs ?? JOURNAL_RETENTION_MS;
  if (handler.kind === "workflow") {
    return handler.workflowRetentionMs ?? service.workflowRetentionMs ?? WORKFLOW_RETENTION_MS;
  }
  const isIdempotent = (known.start?.idempotencyKey ?? known.head?.idempotencyKey) !== undefined;
  if (isIdempotent)
    return handler.idempotencyRetentionMs ?? service.idempotencyRetentionMs ?? IDEMPOTENCY_RETENTION_MS;
  return journal;
}
