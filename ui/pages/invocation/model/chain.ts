/** A link in the chain of those who wait for each other. */
import type { Invocation } from "../../../admin/invocation.ts";
import { leavesOf, type Waiting } from "./wait.ts";

export interface Link {
  readonly invocation: Invocation;
  readonly wait?: Waiting | undefined;
  /** Whom it waits for, if it is another invocation alone. */
  readonly nextId?: string | undefined;
}

/** `ownerId`: of the key that it is parked behind. */
export function chainStep(
  invocation: Invocation,
  wait: Waiting | undefined,
  ownerId: string | undefined,
): Link {
  return { invocation, wait, nextId: ownerId ?? nextIn(wait) };
}

/** A timer ends a wait by itself: then the chain ends there. */
export function nextIn(wait: Waiting | undefined): string | undefined {
  if (wait === undefined) return undefined;
  const leaves = leavesOf(wait);
  if (leaves.some(({ kind }) => kind === "sleep")) return undefined;
  return leaves.find(({ invocationId }) => invocationId !== undefined)?.invocationId;
}
