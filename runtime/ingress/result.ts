/** Waiting for an invocation to complete, and what its result looks like over HTTP. */
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { load } from "../../lib/store/value-store.ts";
import { invariant, OperationalError } from "../../lib/errors.ts";
import { type Head, headKey, isExpired } from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import type { HandlerManifest } from "../../lib/model/manifest.ts";
import type { HttpResponse } from "../http/message.ts";
import { failureResponse, IngressError, invocationNotFound, notReady, nothingToAttachTo } from "./error.ts";
import type { Exchange, Handling, IngressPorts } from "./ports.ts";
import { stateVisible } from "./visibility.ts";
import { pause } from "../../lib/pause.ts";

/** One watch lasts at most this long: a notification that got lost costs so much, no more. */
const WATCH_MS_MAX = 10_000;
const WATCH_RETRY_MS = 1000;
/** An id of a handler's call does not tell its age. Whoever attaches to one that has no head waits so long for it. */
const UNSEEN_GRACE_MS = 5000;

export interface Subject {
  readonly id: InvocationId;
  /** Known of an invocation that this very request has made or found. */
  readonly incarnation?: Incarnation;
  /** The id was derived from a name: its head is written first, so without one there is no such invocation. */
  readonly derived: boolean;
  /** Accepted just now, by this very request: it cannot have completed. */
  readonly fresh?: boolean;
}

/**
 * Answers the result as soon as there is one. What has no head (yet) is waited for as long as it may still get one.
 * Throws {@link IngressError}: 404 when there is no such invocation (any longer), 504 when the time is up.
 */
export async function attach(exchange: Exchange, subject: Subject): Handling {
  const { ports, signal, callWaitMs } = exchange;
  const startMs = ports.clock.now();
  const search = new Search(subject, startMs);
  const gone = new Gone(signal);
  // A read that finds nothing is billed as one that does.
  let inVain = subject.fresh === true && ports.watch.polls === true;
  try {
    for (;;) {
      const leftMs = startMs + callWaitMs - ports.clock.now();
      // Watched from before the look, so that no change falls between the two.
      const changed = watch(ports, subject.id, Math.max(0, Math.min(leftMs, search.patienceMs)));
      const completed = inVain ? undefined : search.look(await tryRead(ports, subject.id), ports.clock.now());
      inVain = false;
      if (completed) {
        await stateVisible(ports, completed);
        return await resultResponse(ports, subject, completed);
      }
      if (leftMs <= 0) throw timedOut(subject.id, callWaitMs);
      await Promise.race([changed, gone.promise]);
      if (signal?.aborted) throw new IngressError(499, "the client has gone", { id: subject.id });
    }
  } finally {
    gone.stop();
  }
}

/** Answers the result if there is one. Throws {@link IngressError}: 470 when there is none yet, 404 when there is no such
 * invocation. */
export async function peek({ ports }: Exchange, subject: Subject): Handling {
  const stored = await readHead(ports.items, subject.id);
  const nowMs = ports.clock.now();
  if (!stored)
    throw subject.derived || !isPerhapsUnseen(subject.id, nowMs)
      ? invocationNotFound(subject.id)
      : notReady(subject.id);
  if (isExpired(stored.head, nowMs)) throw invocationNotFound(subject.id);
  if (stored.head.status !== "completed") throw notReady(subject.id);
  await stateVisible(ports, stored.head);
  return resultResponse(ports, subject, stored.head);
}

/** What one waiting request has learnt of its invocation. */
class Search {
  readonly #subject: Subject;
  readonly #startMs: number;
  #incarnation: Incarnation | undefined;
  #seen = false;

  constructor(subject: Subject, startMs: number) {
    this.#subject = subject;
    this.#startMs = startMs;
    this.#incarnation = subject.incarnation;
  }

  /** Answers the head once it is completed. Throws 404 when nothing can come of waiting. */
  look(head: Head | undefined | "unknown", nowMs: number): Head | undefined {
    if (head === "unknown") return undefined;
    if (
      head &&
      (this.#incarnation === undefined ? !isExpired(head, nowMs) : head.incarnation === this.#incarnation)
    ) {
      // From now on this life of the id is the one that counts, even if its result is kept for no time at all.
      this.#incarnation = head.incarnation;
      this.#seen = true;
      return head.status === "completed" ? head : undefined;
    }
    if (head || this.#seen || !this.#mayAppear(nowMs)) throw nothingToAttachTo(this.#subject.id);
    return undefined;
  }

  /** How long to wait at most before the next look. */
  get patienceMs(): number {
    return this.#seen ? WATCH_MS_MAX : UNSEEN_GRACE_MS;
  }

  #mayAppear(nowMs: number): boolean {
    const { id, derived, incarnation } = this.#subject;
    if (derived) return false;
    return incarnation !== undefined || isPerhapsUnseen(id, nowMs) || nowMs - this.#startMs < UNSEEN_GRACE_MS;
  }
}

/** Resolves when the client has gone. */
class Gone {
  readonly promise: Promise<void>;
  readonly stop: () => void;

  constructor(signal: AbortSignal | undefined) {
    let resolve: () => void = () => undefined;
    this.promise = new Promise((resolved) => (resolve = resolved));
    signal?.addEventListener("abort", resolve, { once: true });
    if (signal?.aborted) resolve();
    this.stop = () => signal?.removeEventListener("abort", resolve);
  }
}

/** A watch that fails must neither end a wait nor make it spin. */
function watch({ watch: port, clock }: IngressPorts, id: InvocationId, maxMs: number): Promise<void> {
  return port.changed(headKey(id), maxMs).catch(() => pause(clock, Math.min(maxMs, WATCH_RETRY_MS)));
}

/** A store that is briefly away must not end a wait. */
async function tryRead(
  { items, logger }: IngressPorts,
  id: InvocationId,
): Promise<Head | undefined | "unknown"> {
  try {
    return (await readHead(items, id))?.head;
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    logger.log("warn", "could not look for a result; still waiting", { id, error: error.message });
    return "unknown";
  }
}

/** 504, since clients repeat it if the call is idempotent, and only then; a 408 some repeat regardless. */
const timedOut = (id: InvocationId, callWaitMs: number): IngressError =>
  new IngressError(
    504,
    `invocation ${id} has not completed within ${callWaitMs} ms and goes on; wait for its result with GET /restate/attach/${id}`,
    {
      id,
      metadata: { invocationId: id, attach: `/restate/attach/${id}` },
      headers: { location: `/restate/attach/${id}`, "retry-after": "1" },
    },
  );

async function resultResponse(
  ports: IngressPorts,
  { id, incarnation }: Subject,
  head: Head,
): Promise<HttpResponse> {
  const { outcome } = head;
  invariant(outcome !== undefined, "J3", `${id} is completed without an outcome`);
  const headers: Record<string, string> = { "x-restate-id": id };
  // A call without an idempotency key has had its result: that it is kept for a while concerns whoever comes later.
  if (head.expiresAtMs !== undefined && incarnation !== 0) {
    headers["idempotency-expires"] = new Date(head.expiresAtMs).toISOString().replace("Z", "+00:00");
  }
  if (!outcome.ok) return failureResponse(outcome.failure, headers);
  const body = "ref" in outcome ? await load(ports.items, id, outcome.ref) : outcome.value;
  invariant(body instanceof Uint8Array, "R8", `the result of ${id} is not bytes`);
  const { outputContentType, setOutputContentTypeIfEmpty } = await manifestOf(ports, head);
  if (body.byteLength > 0 || setOutputContentTypeIfEmpty === true) {
    headers["content-type"] = outputContentType ?? "application/json";
  }
  return { status: 200, headers, body };
}

/** As the deployment declares that the invocation is pinned to; else the newest. */
async function manifestOf({ registry }: IngressPorts, head: Head): Promise<Partial<HandlerManifest>> {
  const { service, handler } = head.target;
  const pinned = head.deployment === undefined ? undefined : await registry.deployment(head.deployment);
  const manifest = pinned?.services.find(({ name }) => name === service) ?? (await registry.service(service));
  return manifest?.handlers.find(({ name }) => name === handler) ?? {};
}
