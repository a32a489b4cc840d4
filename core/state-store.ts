/**
 * State of objects and workflows, fenced (W3, R10). A write happens after its append was won (R1) and only over an
 * older fence; a read that meets a newer fence than its invocation can have written shows that it is a zombie's.
 *
 * A workflow's state is its run's: what an earlier run of the key has written counts as absent, and so does that of
 * a run that has expired (see workflow-life.ts). The fence tells whose it is.
 */
import { fenceOf, ifOlder, isBeyond, stateKey } from "../lib/fence.ts";
import { statePartition } from "../lib/ids.ts";
import type { Attributes } from "../lib/item.ts";
import { KEEP_MS, TOMBSTONE_MS } from "../lib/limits.ts";
import type { ServiceType } from "../lib/manifest.ts";
import type { Target } from "../lib/message.ts";
import type { Clock, ItemStore } from "../lib/ports.ts";
import { readHead } from "./head-store.ts";
import { lifeAt, type LifePorts, workflowIdOf } from "./workflow-life.ts";

/** Who reads: a turn of an exclusive invocation; absent token: a shared handler, which only reads. */
export interface StateSubject {
  readonly target: Target;
  readonly type: ServiceType;
  readonly token?: string;
}

/** Whose entry it is that writes; a workflow's state is deleted in the end, an object's stays. */
export interface StateWriter {
  readonly target: Target;
  readonly type: ServiceType;
  readonly token: string;
}

export class ZombieError extends Error {
  override readonly name = "ZombieError";
}

const keyOf = ({ target }: { readonly target: Target }, name: string) =>
  stateKey(target.service, target.key ?? "", name);

/** One strong read: the value, or `null` if there is none. `length`: the log as this turn knows it.
 * Throws {@link ZombieError} if the item comes from the future of this turn. */
export async function readState(
  ports: LifePorts,
  subject: StateSubject,
  name: string,
  length: number,
): Promise<Uint8Array | null> {
  const item = await ports.items.get(keyOf(subject, name));
  if (item) assertNotBeyond(item, subject, length);
  const value = item?.["val"];
  return item && value instanceof Uint8Array && isShown(item, await shownFrom(ports, subject)) ? value : null;
}

/** The names that have a value, sorted. Throws {@link ZombieError} as {@link readState}. */
export async function readStateNames(
  ports: LifePorts,
  subject: StateSubject,
  length: number,
): Promise<string[]> {
  const { service, key } = subject.target;
  const found: { sk: string; attributes: Attributes }[] = [];
  let after: string | undefined;
  do {
    const page = await ports.items.query(
      "state",
      statePartition(service, key ?? ""),
      "",
      after === undefined ? {} : { after },
    );
    for (const { sk, attributes } of page.items) {
      assertNotBeyond(attributes, subject, length);
      if (attributes["gone"] !== true) found.push({ sk, attributes: { f: attributes["f"] ?? "" } });
    }
    after = page.next;
  } while (after !== undefined);
  if (found.length === 0) return [];
  const from = await shownFrom(ports, subject);
  return found.filter(({ attributes }) => isShown(attributes, from)).map(({ sk }) => sk);
}

/** From which token on state is shown to the subject: all of an object's; of a workflow's the current run's, and what
 * edits have made of it since. `undefined`: none. A shared handler of a workflow has to read the run's head. */
export async function shownFrom(
  { items, clock }: LifePorts,
  { target, type, token }: StateSubject,
): Promise<string | undefined> {
  if (type !== "workflow") return "";
  if (token !== undefined) return token;
  const head = (await readHead(items, workflowIdOf(target.service, target.key ?? "")))?.head;
  return lifeAt(head, clock.now()).token;
}

export const isShown = ({ f }: Attributes, from: string | undefined): boolean =>
  from !== undefined && typeof f === "string" && f >= from;

function assertNotBeyond(item: Attributes, { token }: Pick<StateSubject, "token">, length: number): void {
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
  writer: StateWriter,
  change: { readonly name: string; readonly value: Uint8Array | null; readonly position: number },
): Promise<void> {
  const fence = fenceOf(writer.token, change.position);
  const inMs = (ms: number): Attributes => ({ ttl: Math.ceil((clock.now() + ms) / 1000) });
  const attributes: Attributes =
    change.value === null
      ? { f: fence, gone: true, ...inMs(TOMBSTONE_MS) }
      : { f: fence, val: change.value, ...(writer.type === "workflow" ? inMs(KEEP_MS) : {}) };
  // Refused: a newer write, or this very one by another turn. Either way nothing is left to do.
  await items.write({ op: "put", key: keyOf(writer, change.name), attributes, when: ifOlder(fence) });
}
