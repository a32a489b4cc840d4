/**
 * State of objects and workflows, fenced (W3, R10).
 *
 * A write happens after its append was won (R1), and only over an older fence. A read that meets a newer fence than its
 * invocation can have written shows that the reader is a zombie.
 *
 * A workflow's state belongs to one run of its key. What an earlier run wrote counts as absent, and so does what an expired
 * run wrote (workflow-life.ts). The fence tells whose it is.
 */
import { fenceOf, ifOlder, isBeyond, stateKey } from "../model/fence.ts";
import { statePartition } from "../model/ids.ts";
import { digest } from "../hash.ts";
import { type Attributes, type Condition, holds, keptFor, type Put } from "../model/item.ts";
import type { Value } from "../model/value.ts";
import { KEEP_MS, TOMBSTONE_MS, VALUE_ITEM_BYTES_MAX } from "../limits.ts";
import type { ServiceType } from "../model/manifest.ts";
import type { Target } from "../model/message.ts";
import { readHead } from "./head-store.ts";
import {
  chunksIn,
  deleteStateChunks,
  readStateValue,
  replacedIn,
  replacing,
  writeStateChunks,
} from "./state-chunks.ts";
import type { ValuePorts } from "./value-store.ts";
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

/** What the entry at `position` makes of a name; `null`: nothing. */
export interface WrittenState<V extends Value> {
  readonly name: string;
  readonly value: V;
  readonly position: number;
}

export class ZombieError extends Error {
  override readonly name = "ZombieError";
}

const keyOf = ({ target }: { readonly target: Target }, name: string) =>
  stateKey(target.service, target.key ?? "", name);

/** One strong read (a long value: one more for each of its chunks): the value, or `null` if there is none. `length`: the log as this turn knows it.
 * Throws {@link ZombieError} if the item comes from the future of this turn. */
export async function readState(
  ports: LifePorts,
  subject: StateSubject,
  name: string,
  length: number,
): Promise<Uint8Array | null> {
  return await readStateValue(ports.items, { target: subject.target, name }, async () => {
    const item = await ports.items.get(keyOf(subject, name));
    if (item) assertNotBeyond(item, subject, length);
    const hasValue = item?.["val"] !== undefined || chunksIn(item) !== undefined;
    return item && hasValue && isShown(item, await shownFrom(ports, subject)) ? item : undefined;
  });
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
  ports: ValuePorts,
  writer: StateWriter,
  { name, value, position }: WrittenState<Uint8Array | null>,
): Promise<void> {
  const fence = fenceOf(writer.token, position);
  const key = keyOf(writer, name);
  const of = { target: writer.target, name };
  const older = ifOlder(fence);
  const nowMs = ports.clock.now();
  if (!isShortState(value)) {
    const kept = keptBy(writer, nowMs);
    const before = await ports.items.get(key);
    if (before && !holds(before, older)) return;
    const version = { mark: markOfState(value), before, attributes: { f: fence, ...kept } };
    const attributes = await writeStateChunks(ports, of, value, version);
    await ports.items.write({ op: "put", key, attributes, when: older });
    return;
  }
  const short = shortStateWrite(writer, { name, value, position }, nowMs);
  const { attributes } = short;
  const { won, item } = await ports.items.write(short);
  if (won) return;
  // Refused: a newer write, or this very one by another turn; or a long value is there, whose chunks must go.
  const chunks = chunksIn(item);
  if (chunks && holds(item, older)) {
    const write = { op: "put", key, attributes: replacing(attributes, chunks), when: older } as const;
    if ((await ports.items.write(write)).won) await deleteStateChunks(ports, of, chunks, fence);
    return;
  }
  const replaced = item?.["f"] === fence ? replacedIn(item) : undefined;
  if (replaced) await deleteStateChunks(ports, of, replaced, fence);
}

/** One write does it, unless a long value is there. */
export const isShortState = (value: Value): value is Uint8Array | null =>
  value === null || (value instanceof Uint8Array && value.byteLength <= VALUE_ITEM_BYTES_MAX);

/** Refused where a newer write is, or a long value, whose chunks must go: {@link writeState} sees to that. */
export function shortStateWrite(
  writer: StateWriter,
  { name, value, position }: WrittenState<Uint8Array | null>,
  nowMs: number,
): Put {
  const fence = fenceOf(writer.token, position);
  const attributes: Attributes =
    value === null
      ? { f: fence, gone: true, ...keptFor(TOMBSTONE_MS, nowMs) }
      : { f: fence, val: value, ...keptBy(writer, nowMs) };
  const when: Condition = { is: "all", of: [ifOlder(fence), { is: "missing", attribute: "c" }] };
  return { op: "put", key: keyOf(writer, name), attributes, when };
}

const keptBy = ({ type }: StateWriter, nowMs: number): Attributes =>
  type === "workflow" ? keptFor(KEEP_MS, nowMs) : {};

/** Tells a value from any other. */
export const markOfState = (value: Uint8Array): string =>
  Buffer.from(digest(16, value)).toString("base64url");
