/** Waiting for an invocation to complete, and what its result and its status look like over HTTP. */
import { isJustMade } from "../../lib/store/admission.ts";
import { readHeadOrStub } from "../../lib/store/head-store.ts";
import { load } from "../../lib/store/value-store.ts";
import { invariant, InvariantError, OperationalError } from "../../lib/errors.ts";
import { hasReached, stateKey } from "../../lib/model/fence.ts";
import { type Head, type Status } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { HandlerManifest } from "../../lib/model/manifest.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { type HttpResponse, jsonResponse } from "../http/message.ts";
import {
  failureResponse,
  idHeader,
  IngressError,
  invocationNotFound,
  notReady,
  nothingToAttachTo,
} from "./error.ts";
import type { Handling, IngressExchange, IngressPorts } from "./ports.ts";
import { isPrivateHead } from "./privacy.ts";
import { elapse, type ReadOptions, stopwatchOf } from "../../lib/ports.ts";
import {
  RESULT_RETRY_MS,
  RESULT_WATCH_MS_MAX,
  UNSEEN_GRACE_MS,
  UNSEEN_MADE_MS,
  VISIBLE_MS_MAX,
  VISIBLE_RECENT_MS,
  VISIBLE_WATCH_MS_MAX,
} from "../../lib/limits/http.ts";

export interface AwaitedInvocation {
  readonly id: InvocationId;
  /** Known if this very request has made or found the invocation. */
  readonly incarnation?: Incarnation;
  /** The id was derived from a name. Its head is written first, so without a head there is no such invocation. */
  readonly derived: boolean;
  /** This very request has just made it, so it cannot have completed. */
  readonly fresh?: boolean;
  /** Service and handler, if they are known. */
  readonly about?: string;
}

/**
 * Answers the result as soon as there is one. An invocation without a head is waited for as long as it may still get one.
 * Throws {@link IngressError}: 404 if there is no such invocation (any longer), 504 when the time is up.
 */
export async function awaitResult(exchange: IngressExchange, subject: AwaitedInvocation): Handling {
  const { ports, signal, callWaitMs } = exchange;
  const { id } = subject;
  const stopwatch = stopwatchOf(ports);
  const startMs = beganMs(exchange);
  const waitsMs = ports.clock.now();
  const gone = goneOf(signal);
  let { incarnation } = subject;
  let seen = false;
  // A read that finds nothing costs as much as one that does.
  let inVain = isFirstLookInVain(exchange, subject);
  // Half of the price. What seems to be gone is looked at once more.
  let mayLag = subject.fresh === true;
  for (;;) {
    const leftMs = startMs + callWaitMs - stopwatch.now();
    // The watch begins before the look, so that no change falls between the two.
    const changed = watch(ports, subject, Math.min(leftMs, watchMsOf(seen)));
    const found = inVain ? "unknown" : await tryRead(ports, id, { mayLag });
    inVain = false;
    const nowMs = ports.clock.now();
    if (found !== "unknown" && found !== "stub") {
      const head = found;
      if (head && isCurrent(head, incarnation, nowMs)) {
        await assertShown(ports, { ...subject, incarnation }, head);
        // From now on this life of the id counts, even if its result is not kept at all.
        ({ incarnation } = head);
        seen = true;
        if (head.status === "completed") {
          learn(ports, subject, Math.min(head.modifiedAtMs, nowMs) - waitsMs);
          return await resultResponse(ports, subject, head);
        }
      } else if (head || !mayAppear(subject, seen, stopwatch.now() - startMs, nowMs)) {
        if (!mayLag) throw nothingToAttachTo(id);
        mayLag = false;
        continue;
      }
    }
    if (leftMs <= 0) throw timedOut(id, callWaitMs);
    await Promise.race([changed, gone]);
    if (signal?.aborted) throw new IngressError(499, "the client has gone", { id });
  }
}

/** It was named by its id alone, and is private. What was named by a key was asked about before. */
const isHidden = async (
  { registry }: IngressPorts,
  { derived }: Pick<AwaitedInvocation, "derived">,
  head: Head,
): Promise<boolean> => !derived && (await isPrivateHead(registry, head));

/** Asked when it is seen first. What this very request has made was asked about before. */
async function assertShown(
  ports: IngressPorts,
  subject: Omit<AwaitedInvocation, "incarnation"> & { readonly incarnation: Incarnation | undefined },
  head: Head,
): Promise<void> {
  if (subject.incarnation !== undefined) return;
  if (await isHidden(ports, subject, head)) throw nothingToAttachTo(subject.id);
}

const watchMsOf = (seen: boolean): number => (seen ? RESULT_WATCH_MS_MAX : UNSEEN_GRACE_MS);

const isFirstLookInVain = ({ ports }: IngressExchange, { fresh }: AwaitedInvocation): boolean =>
  fresh === true && ports.watch.polls === true;

const beganMs = ({ sinceMs, ports }: IngressExchange): number => sinceMs ?? stopwatchOf(ports).now();

/** Whether it is the life of the id that is waited for. */
const isCurrent = (head: Head, incarnation: Incarnation | undefined, nowMs: number): boolean =>
  incarnation === undefined ? !isExpired(head, nowMs) : head.incarnation === incarnation;

/** Whether an invocation that has neither a head nor a stub may still get one. `seen`: it had one before. An id that this very
 * request made certainly does. Any other one is soon known to nobody: who holds a made-up id must not wait for long. */
const mayAppear = (
  { id, derived, incarnation }: AwaitedInvocation,
  seen: boolean,
  waitedMs: number,
  nowMs: number,
): boolean =>
  !seen &&
  !derived &&
  (incarnation !== undefined ||
    waitedMs < UNSEEN_GRACE_MS ||
    (isJustMade(id, nowMs) && waitedMs < UNSEEN_MADE_MS));

/** Resolves when the client has gone. */
const goneOf = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    signal?.addEventListener("abort", () => resolve(), { once: true });
    if (signal?.aborted) resolve();
  });

/** A watch that fails must neither end a wait nor make it spin. */
function watch(
  { watch: port, clock }: IngressPorts,
  { id, about }: AwaitedInvocation,
  leftMs: number,
): Promise<void> {
  const maxMs = Math.max(0, leftMs);
  return port.changed(headKey(id), maxMs, about).catch(() => elapse(clock, Math.min(maxMs, RESULT_RETRY_MS)));
}

/** How long it took, by the clock of what completed it. */
function learn({ watch: port }: IngressPorts, { fresh, about }: AwaitedInvocation, ms: number): void {
  if (fresh && about !== undefined) port.came?.(about, Math.max(0, ms));
}

/** A store that does not answer for a moment must not end a wait. `mayLag`: for what this very request has made. A completion is
 * final in an older state, too. */
async function tryRead(
  { items, logger }: IngressPorts,
  id: InvocationId,
  options: ReadOptions,
): Promise<Head | undefined | "stub" | "unknown"> {
  try {
    const { stored, stub } = await readHeadOrStub(items, id, options);
    return stub ? "stub" : stored?.head;
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    logger.log("warn", "could not look for a result; still waiting", { id, error: error.message });
    return "unknown";
  }
}

/** 504: clients repeat it if the call is idempotent, and only then. Some repeat a 408 in any case. */
function timedOut(id: InvocationId, callWaitMs: number): IngressError {
  const shown = shownId(id);
  const attach = `/restate/attach/${shown}`;
  return new IngressError(
    504,
    `invocation ${shown} has not completed within ${callWaitMs} ms and goes on; wait for its result with GET ${attach}`,
    { id, metadata: { invocationId: shown, attach }, headers: { location: attach, "retry-after": "1" } },
  );
}

/** Answers the result if there is one. Throws {@link IngressError}: 470 if there is none yet, 404 if there is no such
 * invocation. */
export async function peek({ ports }: IngressExchange, subject: AwaitedInvocation): Handling {
  const head = await find(ports, subject);
  if (head?.status !== "completed") throw notReady(subject.id);
  return resultResponse(ports, subject, head);
}

const STAGES: Record<Status, "created" | "started" | "completed"> = {
  scheduled: "created",
  accepted: "created",
  pending: "created",
  running: "started",
  suspended: "started",
  "backing-off": "started",
  paused: "started",
  completed: "completed",
};

/** How far the invocation has come. Without a head its first step may run already. Nobody can tell, so it is `created`. */
export async function invocationStatus({ ports }: IngressExchange, subject: AwaitedInvocation): Handling {
  const head = await find(ports, subject);
  const error = head?.outcome?.ok === false ? head.outcome.failure : null;
  const body = { stage: head ? STAGES[head.status] : "created", error };
  return jsonResponse(200, body, idHeader(subject.id));
}

/** `undefined`: it may not have its head yet. Throws {@link IngressError} 404 if there is no such invocation. */
async function find(ports: IngressPorts, subject: AwaitedInvocation): Promise<Head | undefined> {
  const { items, clock } = ports;
  const { id, derived } = subject;
  const { stored, stub } = await readHeadOrStub(items, id);
  const nowMs = clock.now();
  if (!stored && (stub || (!derived && isJustMade(id, nowMs)))) return undefined;
  if (!stored || isExpired(stored.head, nowMs) || (await isHidden(ports, subject, stored.head)))
    throw invocationNotFound(id);
  return stored.head;
}

async function resultResponse(
  ports: IngressPorts,
  subject: AwaitedInvocation,
  head: Head,
): Promise<HttpResponse> {
  await stateVisible(ports, head);
  const { outcome, target, deployment, expiresAtMs } = head;
  invariant(outcome !== undefined, "J3", `${subject.id} is completed without an outcome`);
  try {
    return await answerOf(ports, subject, { outcome, target, deployment, expiresAtMs });
  } catch (error) {
    // A purge beside this request takes the result off the head, and then removes it.
    const now = error instanceof InvariantError ? await find(ports, subject) : undefined;
    if (now?.outcome?.ok !== false) throw error;
    return failureResponse(now.outcome.failure, idHeader(subject.id));
  }
}

/** What is known of an invocation that has ended. */
interface Known {
  readonly outcome: Outcome;
  readonly target: Target;
  readonly deployment: string | undefined;
  readonly expiresAtMs: number | undefined;
}

export async function answerOf(
  ports: IngressPorts,
  { id, incarnation }: AwaitedInvocation,
  known: Known,
): Promise<HttpResponse> {
  const { outcome, expiresAtMs } = known;
  const headers = idHeader(id);
  // A call without an idempotency key has its result now. That the result is kept for a while is of no use to it.
  if (expiresAtMs !== undefined && incarnation !== 0) {
    headers["idempotency-expires"] = new Date(expiresAtMs).toISOString().replace("Z", "+00:00");
  }
  if (!outcome.ok) return failureResponse(outcome.failure, headers);
  const body = "ref" in outcome ? await load(ports.items, id, outcome.ref) : outcome.value;
  invariant(body instanceof Uint8Array, "R8", `the result of ${id} is not bytes`);
  const { outputContentType, setOutputContentTypeIfEmpty } = await manifestOf(ports, known);
  if (body.byteLength > 0 || setOutputContentTypeIfEmpty === true) {
    headers["content-type"] = outputContentType ?? "application/json";
  }
  return { status: 200, headers, body };
}

/** As the deployment declares it that the invocation is pinned to. Without one, the newest counts. */
async function manifestOf(
  { registry }: IngressPorts,
  { target: { service, handler }, deployment }: Known,
): Promise<Partial<HandlerManifest>> {
  const pinned = deployment === undefined ? undefined : await registry.deployment(deployment);
  const manifest = pinned?.services.find(({ name }) => name === service) ?? (await registry.service(service));
  return manifest?.handlers.find(({ name }) => name === handler) ?? {};
}

/**
 * Resolves when everybody can read the state of the last append: once a client has its answer, its next read sees what the
 * invocation wrote. The result is durable with the completing append, and that append's state is written right after it
 * (R1). Only the invocation's own side may write, so the answer waits for the write by reading.
 */
export async function stateVisible(
  ports: Pick<IngressPorts, "items" | "watch" | "clock" | "stopwatch">,
  head: Head,
): Promise<void> {
  const { items, watch: port, clock } = ports;
  const stopwatch = stopwatchOf(ports);
  const { token, target } = head;
  const endMs = stopwatch.now() + VISIBLE_MS_MAX;
  if (token === undefined || clock.now() - head.modifiedAtMs > VISIBLE_RECENT_MS) return;
  for (const [name, position] of lastWrites(head)) {
    const key = stateKey(target.service, target.key ?? "", name);
    // Mostly it is there, and is not watched. A write that comes between look and watch is seen by the next look.
    while (!hasReached(await items.get(key), token, position)) {
      if (stopwatch.now() > endMs) return;
      await port.changed(key, VISIBLE_WATCH_MS_MAX).catch(() => undefined);
    }
  }
}

/** The position of the last write of each name, among the entries of the last append. */
function lastWrites(head: Head): Map<string, number> {
  const writes = new Map<string, number>();
  head.tail.forEach((entry, index) => {
    const position = head.paged + index;
    if (position < head.lastAppend) return;
    if (entry.kind === "set" || entry.kind === "clear") writes.set(entry.name, position);
    if (entry.kind === "clearAll") for (const name of entry.names) writes.set(name, position);
  });
  return writes;
}
