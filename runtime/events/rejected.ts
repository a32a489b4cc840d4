/**
 * Records that could not become invocations, set aside so that their lane goes on.
 *
 * They lie in the journal's table, in a partition of their subscription that no service's tag begins. Not in the registry's: that one
 * is scanned for each list of services, and a payload there would be read each time. Each has a time to live.
 *
 * A record is set aside under a name that derives from it. So it is there once, and one that was dropped or tried again does not come
 * back when the source delivers it once more.
 */
import {
  REJECTED_INLINE_BYTES_MAX,
  REJECTED_KEPT_MS,
  REJECTED_VALUE_BYTES_MAX,
  REJECTION_CHARS_MAX,
} from "../../lib/limits/events.ts";
import { all, type Attributes, type Condition, keptFor, oneOf } from "../../lib/model/item.ts";
import {
  REJECTED_PREFIX,
  rejectedId,
  rejectedKey,
  rejectedPartition,
  type SourceName,
} from "../../lib/model/source-record.ts";
import { refOf } from "../../lib/model/value-ref.ts";
import type { Value } from "../../lib/model/value.ts";
import { readValue, type ValuePorts, writeValue } from "../../lib/store/value-store.ts";
import { fieldsIn, listField, textField } from "./event-fields.ts";
import type { Rejection } from "./invocation-of.ts";
import type { SourceRecord } from "./source-record.ts";

/** `waiting`: somebody has to decide. */
export type RejectedStatus = "waiting" | "retried" | "dropped";

export interface RejectedRecord {
  readonly id: string;
  readonly subscription: string;
  readonly reason: string;
  readonly message: string;
  readonly status: RejectedStatus;
  readonly rejectedAtMs: number;
  /** Its input is empty unless it was asked for, or cut: see `bytes`. */
  readonly record: SourceRecord;
  /** Of its input. */
  readonly bytes: number;
  readonly isCut: boolean;
}

const placeOf = (subscription: string) =>
  ({ table: "journal", pk: rejectedPartition(subscription) }) as const;

/** Resolves when it is durable. Harmless to repeat. */
export async function setAside(
  ports: ValuePorts,
  source: SourceName,
  record: SourceRecord,
  { reason, message }: Rejection,
): Promise<void> {
  const { items, clock } = ports;
  const { name } = source;
  const { input } = record;
  const held = input.subarray(0, REJECTED_VALUE_BYTES_MAX);
  const isLong = held.byteLength > REJECTED_INLINE_BYTES_MAX;
  const ref = isLong ? refOf(held) : undefined;
  if (ref !== undefined) await writeValue(ports, placeOf(name), ref, held);
  const attributes: Attributes = {
    ...keptFor(REJECTED_KEPT_MS, clock.now()),
    ...{ reason, message: message.slice(0, REJECTION_CHARS_MAX), status: "waiting" satisfies RejectedStatus },
    ...{ at: clock.now(), bytes: input.byteLength, record: storedRecord(record), input: ref ?? held },
  };
  const key = rejectedKey(name, rejectedId(source, record.identity));
  await items.write({ op: "put", key, attributes, when: { is: "absent" } });
}

function storedRecord(record: SourceRecord): Value {
  const { input: _input, identity, headers, key, ...rest } = record;
  return {
    ...(JSON.parse(JSON.stringify(rest)) as Record<string, Value>),
    ...{ identity: [...identity], headers: { ...headers } },
    ...(key === undefined ? {} : { key }),
  };
}

export interface RejectedPage {
  readonly records: readonly RejectedRecord[];
  readonly next?: string;
}

/** In no order. */
export async function rejectedOf(
  { items }: Pick<ValuePorts, "items">,
  subscription: string,
  page: { readonly limit: number; readonly after?: string },
): Promise<RejectedPage> {
  const { table, pk } = placeOf(subscription);
  const found = await items.query(table, pk, REJECTED_PREFIX, page);
  const records = found.items.map(({ sk, attributes }) => parse(subscription, sk, attributes));
  return { records, ...(found.next === undefined ? {} : { next: found.next }) };
}

/** With its whole input. `undefined`: there is none, or its time is over. */
export async function readRejected(
  { items }: Pick<ValuePorts, "items">,
  subscription: string,
  id: string,
): Promise<RejectedRecord | undefined> {
  const attributes = id.startsWith(REJECTED_PREFIX)
    ? await items.get(rejectedKey(subscription, id))
    : undefined;
  if (!attributes) return undefined;
  const rejected = parse(subscription, id, attributes);
  const ref = attributes["input"];
  if (typeof ref !== "string") return rejected;
  const input = await readValue({ items }, placeOf(subscription), ref);
  return input ? { ...rejected, record: { ...rejected.record, input } } : { ...rejected, isCut: true };
}

/** The key under which it is tried again. */
const RETRY_KEY = "as";

/**
 * Before it is tried again under a key: under another one it would be another invocation, and run twice. `false`: somebody has
 * decided already, or has tried it under another key. Harmless to repeat.
 *
 * Crash point: claimed, and not tried. It can be tried under that key alone.
 */
export async function claimRejected(
  { items }: Pick<ValuePorts, "items">,
  subscription: string,
  id: string,
  key: string,
): Promise<boolean> {
  const unclaimed: Condition = { is: "missing", attribute: RETRY_KEY };
  const { won } = await items.write({
    op: "update",
    key: rejectedKey(subscription, id),
    changes: [{ do: "set", attribute: RETRY_KEY, value: key }],
    when: all(isWaiting, oneOf(unclaimed, { is: "eq", attribute: RETRY_KEY, value: key })),
  });
  return won;
}

const isWaiting: Condition = {
  is: "eq",
  attribute: "status",
  value: "waiting" satisfies RejectedStatus,
};

/** `false`: it is gone, or somebody has decided already. What is being tried again is not dropped: it may run. */
export async function decideRejected(
  { items }: Pick<ValuePorts, "items">,
  subscription: string,
  id: string,
  status: Exclude<RejectedStatus, "waiting">,
): Promise<boolean> {
  const { won } = await items.write({
    op: "update",
    key: rejectedKey(subscription, id),
    changes: [{ do: "set", attribute: "status", value: status }],
    when: status === "dropped" ? all(isWaiting, { is: "missing", attribute: RETRY_KEY }) : isWaiting,
  });
  return won;
}

function parse(subscription: string, id: string, attributes: Attributes): RejectedRecord {
  const { input, bytes, status } = attributes;
  const held = input instanceof Uint8Array ? input : new Uint8Array(0);
  return {
    ...{ id, subscription },
    reason: textField(attributes, "reason") ?? "",
    message: textField(attributes, "message") ?? "",
    status: status === "retried" || status === "dropped" ? status : "waiting",
    rejectedAtMs: Number(attributes["at"]),
    record: { ...recordIn(attributes["record"]), input: held },
    bytes: Number(bytes),
    isCut: Number(bytes) > REJECTED_VALUE_BYTES_MAX,
  };
}

/** The parts that an invocation is made of. Its lane is past. */
function recordIn(stored: Value | undefined): Omit<SourceRecord, "input"> {
  const { identity, headers, key, coordinates, item, contentType, sentAtMs, unreadable } = fieldsIn(stored);
  return {
    identity: listField(identity).map(String),
    headers: fieldsIn(headers) as Record<string, string>,
    coordinates: String(coordinates),
    item: String(item),
    ...(typeof key === "string" || key instanceof Uint8Array ? { key } : {}),
    ...(typeof contentType === "string" ? { contentType } : {}),
    ...(typeof sentAtMs === "number" ? { sentAtMs } : {}),
    ...(typeof unreadable === "string" ? { unreadable } : {}),
  };
}
