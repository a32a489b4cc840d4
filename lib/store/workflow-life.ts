/**
 * A workflow's key lives again and again: its run may be invoked anew when its retention has passed. State and promises
 * belong to one life, and are gone with it at once, whenever they are deleted (8).
 *
 * Nothing of them is written when a life ends. Who reads compares: a state item's fence begins with its writer's token,
 * and a later run has a larger one; a promise says in which run's life it was made, by that run's incarnation. The run
 * itself knows both; a shared handler reads the run's head, one read more.
 *
 * A promise may be made, or awaited, before the run is invoked: then it has no life yet (`NO_LIFE`) and belongs to the
 * next one, if that is accepted soon enough and no other has been between. A life's head says when the one before it
 * expired. If that one's head was deleted already, that is longer ago than an early promise lives.
 *
 * An item is read first and the head after it, so that what the item tells of is never younger than the head. Every
 * write is refused if the item has changed since. A turn or a repetition of a life that is over finds a head of another
 * incarnation, and changes nothing.
 */
import { type Head, isExpired } from "../model/head.ts";
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
