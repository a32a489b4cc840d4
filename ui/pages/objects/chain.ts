/**
 * What an owner waits for, down to what must happen: it awaits a call, which waits for another key, whose owner awaits a call,
 * and so on. A chain that comes back to one of its own is a ring: nothing in it can go on by itself.
 */
import { askFields, path } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { leavesOf, type Waiting } from "../../words/wait.ts";

export interface Link {
  readonly invocation: Invocation;
  /** How it stands to the one above: it is called by that one, or it has the key that that one waits for. */
  readonly how: "owner" | "called" | "has the key";
}
export interface Chain {
  readonly links: readonly Link[];
  /** The link that the last one leads back to. */
  readonly backTo?: number;
  /** It goes on; it was not followed further. */
  readonly cut: boolean;
}

/** What the chain asks for. */
export interface ChainSource {
  readonly invocation: (id: string) => Promise<Invocation | undefined>;
  readonly ownerOf: (service: string, key: string) => Promise<string | undefined>;
}

export const LINKS_MAX = 12;

export async function chainFrom(owner: Invocation, source: ChainSource): Promise<Chain> {
  const links: Link[] = [{ invocation: owner, how: "owner" }];
  for (;;) {
    const next = await after(links.at(-1)?.invocation ?? owner, source);
    if (next === undefined) return { links, cut: false };
    const backTo = links.findIndex(({ invocation }) => invocation.id === next.id);
    if (backTo !== -1) return { links, backTo, cut: false };
    if (links.length === LINKS_MAX) return { links, cut: true };
    const invocation = await source.invocation(next.id);
    if (invocation === undefined || invocation.status === "completed") return { links, cut: false };
    links.push({ invocation, how: next.how });
  }
}

async function after(
  { id, status, waiting, target: { service, key } }: Invocation,
  source: ChainSource,
): Promise<{ readonly id: string; readonly how: Link["how"] } | undefined> {
  if (status === "pending" && key !== undefined) {
    const owner = await source.ownerOf(service, key);
    return owner === undefined || owner === id ? undefined : { id: owner, how: "has the key" };
  }
  if (status !== "suspended" || waiting === undefined) return undefined;
  if (!leavesOf(waiting).some(({ kind }) => kind === "call")) return undefined;
  // A list knows whom it has called only if that stands in the newest part of its log.
  const called = calledIn(waiting) ?? calledIn((await source.invocation(id))?.waiting);
  return called === undefined ? undefined : { id: called, how: "called" };
}

const calledIn = (waiting: Waiting | undefined): string | undefined =>
  waiting && leavesOf(waiting).find(({ kind }) => kind === "call")?.invocationId;

/** Over the admin API. */
export const chainSource = (signal: AbortSignal): ChainSource => ({
  invocation: async (id) => invocationOf(await askFields(path`/invocations/${id}`, { signal })),
  ownerOf: async (service, key) =>
    (await askFields(path`/services/${service}/locks/${key}` + "?limit=1", { signal }))
      .object("owner")
      ?.optionalText("invocation_id"),
});

/** Keys of the ring, in words. */
export const ringKeys = ({ links, backTo }: Chain): readonly string[] =>
  backTo === undefined
    ? []
    : links
        .slice(backTo)
        .filter(({ how }) => how !== "called")
        .flatMap(({ invocation: { target } }) => (target.key === undefined ? [] : [target.key]));
