/**
 * State of objects and workflows, fenced (W3, R10). A write happens after its append was won (R1) and only over an
 * older fence; a read that meets a newer fence than its invocation can have written shows that it is a zombie's.
 */
import { fenceOf, ifOlder, isBeyond, stateKey } from "../lib/fence.ts";
import type { Attributes } from "../lib/item.ts";
import { TOMBSTONE_MS } from "../lib/limits.ts";
import type { Target } from "../lib/message.ts";
import type { Clock, ItemStore } from "../lib/ports.ts";
import { statePartition } from "../lib/ids.ts";

/** Which of an exclusive invocation's turns reads or writes; absent token: a shared handler, which only reads. */
export interface StateSubject {
  readonly target: Target;
  readonly token?: string;
}

export class ZombieError extends Error {
  override readonly name = "ZombieError";
}

const keyOf = ({ target }: StateSubject, name: string) => stateKey(target.service, target.key ?? "", name);

/** One strong read: the value, or `null` if there is none. `length`: the log as this turn knows it.
 * Throws {@link ZombieError} if the item comes from the future of this turn. */
export async function readState(
  items: ItemStore,
  subject: StateSubject,
  name: string,
  length: number,
): Promise<Uint8Array | null> {
  const item = await items.get(keyOf(subject, name));
  if (item) assertNotBeyond(item, subject, length);
  const value = item?.["val"];
  return value instanceof Uint8Array ? value : null;
}

/** The names that have a value, sorted. Throws {@link ZombieError} as {@link readState}. */
export async function readStateNames(
  items: ItemStore,
  subject: StateSubject,
  length: number,
): Promise<string[]> {
  const { service, key } = subject.target;
  const names: string[] = [];
  let after: string | undefined;
  do {
    const page = await items.query(
      "state",
      statePartition(service, key ?? ""),
      "",
      after === undefined ? {} : { after },
    );
    for (const { sk, attributes } of page.items) {
      assertNotBeyond(attributes, subject, length);
      if (attributes["gone"] !== true) names.push(sk);
    }
    after = page.next;
  } while (after !== undefined);
  return names;
}

function assertNotBeyond(item: Attributes, { token }: StateSubject, length: number): void {
  const fence = item["f"];
  if (token === undefined || typeof fence !== "string" || !isBeyond(fence, token, length)) return;
  throw new ZombieError(
    "state was written by a later turn or invocation: this turn has been superseded (W3)",
  );
}

/** Writes a value, or clears it (`null`), for the entry at `position`. Doing so again is harmless; a newer write stays. */
export async function writeState(
  items: ItemStore,
  clock: Clock,
  subject: StateSubject & { readonly token: string },
  change: { readonly name: string; readonly value: Uint8Array | null; readonly position: number },
): Promise<void> {
  const fence = fenceOf(subject.token, change.position);
  const attributes: Attributes =
    change.value === null
      ? { f: fence, gone: true, ttl: Math.ceil((clock.now() + TOMBSTONE_MS) / 1000) }
      : { f: fence, val: change.value };
  // Refused: a newer write, or this very one by another turn. Either way nothing is left to do.
  await items.write({ op: "put", key: keyOf(subject, change.name), attributes, when: ifOlder(fence) });
}
