/**
 * Which run of a workflow's key a state item or a promise belongs to.
 *
 * A key can be run again when the retention of its last run has passed. Each run is one *life* of the key. State and
 * promises belong to one life. They disappear with it at once, although their items are deleted later.
 *
 * Nothing is written when a life ends. The reader compares:
 * - A state item's fence begins with its writer's token. A later run has a larger token.
 * - A promise names the incarnation of the run in whose life it was made.
 * - The run knows its own token and incarnation. A shared handler reads the run's head: one read more.
 *
 * A promise can be made or awaited before the run is invoked. It then has no life (`NO_LIFE`) and belongs to the next
 * run, on two conditions: the run is accepted within `EARLY_PROMISE_MS`, and no other life came in between. For the
 * second, each head records when the life before it expired. If that life's head was already deleted, it expired
 * longer ago than an early promise lives, so the first condition covers it.
 *
 * Invariants
 * - Read the item first, then the head. So the item never tells of anything younger than the head.
 * - Each write is refused if the item has changed since it was read.
 * - A turn, or a repetition of outputs, whose life is over meets a head of another incarnation, and changes nothing.
 */
import { type Head } from "../model/head.ts";
import { isExpired } from "../model/head-age.ts";
import { type Incarnation, invocationId, type InvocationId, workflowUnique } from "../model/ids.ts";
import { EARLY_PROMISE_MS } from "../limits.ts";
import type { Target } from "../model/message.ts";
import type { Clock, ItemStore } from "../ports.ts";
import { readHead } from "./head-store.ts";

/** In the place of an incarnation. A run's is never this one, since its id is derived. */
export const NO_LIFE: Incarnation = 0;

/** Who asks: a handler of the workflow. */
export interface Asker {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly target: Target;
}

export interface LifePorts {
  readonly items: ItemStore;
  readonly clock: Clock;
}

export interface Life {
  /** {@link NO_LIFE}: no run is open or retained. */
  readonly incarnation: Incarnation;
  /** Of the run, once it has begun. */
  readonly token?: string;
  /** Promises that were made before then without a life are not this one's. */
  readonly fromMs: number;
}

/** The id of a workflow's run. */
export const workflowIdOf = (workflow: string, key: string): InvocationId =>
  invocationId(workflow, key, workflowUnique(workflow, key));

/** Whether the invocation is the run of its target's key. */
export const isRun = ({ id, target: { service, key } }: Pick<Asker, "id" | "target">): boolean =>
  key !== undefined && id === workflowIdOf(service, key);

/** The key's life as `asker` may see it; `undefined`: the asker is a run whose life is over. One strong read. */
export async function lifeOf({ items, clock }: LifePorts, asker: Asker): Promise<Life | undefined> {
  const { service, key = "" } = asker.target;
  const head = (await readHead(items, workflowIdOf(service, key)))?.head;
  const nowMs = clock.now();
  if (isRun(asker)) {
    // Called by a handler, it has no head before its first append.
    if (!head) return { incarnation: asker.incarnation, fromMs: nowMs - EARLY_PROMISE_MS };
    return head.incarnation === asker.incarnation ? lifeIn(head) : undefined;
  }
  return lifeAt(head, nowMs);
}

/** The key's life as everybody sees it. */
export function lifeAt(head: Head | undefined, nowMs: number): Life {
  if (head && !isExpired(head, nowMs)) return lifeIn(head);
  return { incarnation: NO_LIFE, fromMs: Math.max(head?.expiresAtMs ?? 0, nowMs - EARLY_PROMISE_MS) };
}

const lifeIn = ({ incarnation, token, previousExpiredAtMs, acceptedAtMs }: Head): Life => ({
  incarnation,
  fromMs: Math.max(previousExpiredAtMs ?? 0, acceptedAtMs - EARLY_PROMISE_MS),
  ...(token === undefined ? {} : { token }),
});
