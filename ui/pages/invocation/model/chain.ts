/** A link in the chain of those who wait for each other. */
import type { Invocation } from "../../../admin/invocation.ts";
import { leavesOf, type Waiting } from "../../../words/wait.ts";

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

/** Who waits for whom is followed so far. */
const CHAIN_MAX = 8;

export interface Chain {
  readonly links: readonly Link[];
  /** The last one waits for one that stands before it in the chain: nobody can go on. */
  readonly isRing: boolean;
}

/** From the one that is looked at on, down to what must happen. `linkOf`: `undefined` of what is not kept any longer. */
export async function followChain(
  ownId: string,
  firstId: string | undefined,
  linkOf: (id: string) => Promise<Link | undefined>,
): Promise<Chain> {
  const links: Link[] = [];
  const seen = new Set([ownId]);
  for (let id = firstId; id !== undefined && links.length < CHAIN_MAX;) {
    if (seen.has(id)) return { links, isRing: true };
    seen.add(id);
    const link = await linkOf(id);
    if (link === undefined) break;
    links.push(link);
    id = link.nextId;
  }
  return { links, isRing: false };
}
