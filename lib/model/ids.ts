/**
 * Ids. An invocation's or awakeable's id alone says which partitions the service has (for IAM), which mailbox group the
 * invocation has, and whether the id was made up. So a message is routed without a look-up.
 *
 *   invocation id = "inv_" + base64url( tag 6 | kind 1 | key hash 16, if keyed | unique 14 | check 2 )
 *   awakeable id  = "sign_1" + base64url( those bytes | incarnation 4 | index 4 )
 *
 * M2: a child's id derives from (parent, incarnation, command). An idempotent request's id derives from its idempotency key,
 * and a workflow's from its key. All other ids are random.
 */
import { digest } from "../hash.ts";
import { SERVICE_TAGS_KEPT_MAX } from "../limits.ts";

export type InvocationId = string & { readonly brand?: "InvocationId" };
/** Tells the lives of a derived id apart. 0 for random ids and children's ids, which live once. */
export type Incarnation = number;

const PREFIX = "inv_";
const AWAKEABLE_PREFIX = "sign_1";
export const TAG_BYTES = 6;
const KEY_HASH_BYTES = 16;
const UNIQUE_BYTES = 14;
const CHECK_BYTES = 2;
/** Of its characters: base64url makes four of three bytes. */
const TAG_SIZE = 8;
const KIND_OWN_GROUP = 1;
const KIND_KEY_GROUP = 2;

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** Eight characters that begin every partition key and every invocation id of a service. */
export const serviceTag = (service: string): string => serviceTagOf(service).text;

interface Tag {
  readonly bytes: Uint8Array;
  readonly text: string;
}
/** A process meets few services, and each of them many times a call. */
const tags = new Map<string, Tag>();

function serviceTagOf(service: string): Tag {
  const known = tags.get(service);
  if (known) return known;
  const bytes = digest(TAG_BYTES, "service", service);
  const tag = { bytes, text: base64url(bytes) };
  if (tags.size >= SERVICE_TAGS_KEPT_MAX) tags.clear();
  tags.set(service, tag);
  return tag;
}

/** Bytes of the `unique` part that {@link invocationId} takes. */
export const UNIQUE_SIZE = UNIQUE_BYTES;
/** How many of them an id from outside takes for the time at which it was made. */
export const MADE_AT_SIZE = 6;
export const childUnique = (parent: InvocationId, incarnation: Incarnation, command: number): Uint8Array =>
  digest(UNIQUE_BYTES, "child", parent, String(incarnation), String(command));
export const idempotentUnique = (
  service: string,
  key: string | undefined,
  handler: string,
  idempotencyKey: string,
) =>
  digest(UNIQUE_BYTES, "idempotent", service, key === undefined ? "0" : `1${key}`, handler, idempotencyKey);
export const workflowUnique = (service: string, key: string): Uint8Array =>
  digest(UNIQUE_BYTES, "workflow", service, key);

/** `exclusiveKey`: the object's or workflow's key if the handler is exclusive. The invocation's group is then the key's. */
export function invocationId(
  service: string,
  exclusiveKey: string | undefined,
  unique: Uint8Array,
): InvocationId {
  const parts = [
    serviceTagOf(service).bytes,
    Uint8Array.of(exclusiveKey === undefined ? KIND_OWN_GROUP : KIND_KEY_GROUP),
    ...(exclusiveKey === undefined ? [] : [digest(KEY_HASH_BYTES, "key", service, exclusiveKey)]),
    unique,
  ];
  const body = Buffer.concat(parts);
  return PREFIX + base64url(Buffer.concat([body, checkOf(body)]));
}

function checkOf(body: Uint8Array): Uint8Array {
  return digest(CHECK_BYTES, "check", base64url(body));
}

/** What an id is made of. */
export interface IdParts {
  readonly tag: Uint8Array;
  readonly kind: number;
  /** Of an exclusive invocation. */
  readonly keyHash?: Uint8Array;
  /** What is unique, and the check. */
  readonly rest: Uint8Array;
}

/** `undefined` for what does not look like an invocation's id. The check is not looked at. */
export function partsOfId(id: string): IdParts | undefined {
  const bytes = shapedBytesOf(id);
  const kind = bytes?.[TAG_BYTES];
  if (!bytes || kind === undefined) return undefined;
  const restAt = bytes.length - UNIQUE_BYTES - CHECK_BYTES;
  const parts = { tag: bytes.subarray(0, TAG_BYTES), kind, rest: bytes.subarray(restAt) };
  return kind === KIND_KEY_GROUP ? { ...parts, keyHash: bytes.subarray(TAG_BYTES + 1, restAt) } : parts;
}

/** `undefined` if no invocation's id is made of them. */
export function storedIdOf({ tag, kind, keyHash, rest }: IdParts): InvocationId | undefined {
  const id =
    PREFIX + base64url(Buffer.concat([tag, Uint8Array.of(kind), ...(keyHash ? [keyHash] : []), rest]));
  return isInvocationId(id) ? id : undefined;
}

function bytesOf(id: string): Buffer | undefined {
  const bytes = shapedBytesOf(id);
  const isMade =
    bytes && Buffer.compare(checkOf(bytes.subarray(0, -CHECK_BYTES)), bytes.subarray(-CHECK_BYTES)) === 0;
  return isMade ? bytes : undefined;
}

function shapedBytesOf(id: string): Buffer | undefined {
  if (!id.startsWith(PREFIX)) return undefined;
  const text = id.slice(PREFIX.length);
  const bytes = Buffer.from(text, "base64url");
  if (base64url(bytes) !== text) return undefined;
  const length =
    TAG_BYTES + 1 + UNIQUE_BYTES + CHECK_BYTES + (bytes[TAG_BYTES] === KIND_KEY_GROUP ? KEY_HASH_BYTES : 0);
  const known = bytes[TAG_BYTES] === KIND_KEY_GROUP || bytes[TAG_BYTES] === KIND_OWN_GROUP;
  return known && bytes.length === length ? bytes : undefined;
}

/** Whether {@link invocationId} made the id. A mistyped or invented one fails the check. */
export const isInvocationId = (id: string): id is InvocationId => bytesOf(id) !== undefined;

/** The mailbox group of an invocation: that of its key if it is exclusive, else its own. At most 128 characters. */
export function groupOf(id: InvocationId): string {
  const bytes = bytesOf(id);
  if (!bytes) throw new RangeError(`not an invocation id: ${id}`);
  return bytes[TAG_BYTES] === KIND_KEY_GROUP
    ? base64url(bytes.subarray(0, TAG_BYTES + 1 + KEY_HASH_BYTES))
    : id;
}

/** The group of what is to be heard while the invocation runs: notes, kills, and what lets it go on (R19). At most 128 characters. */
export const noteGroupOf = (id: InvocationId): string => `n${id}`;

/** Whether the invocation is a single writer of its key. Its group is then the key's. */
export const isExclusiveId = (id: InvocationId): boolean => groupOf(id) !== id;

export const tagOf = (id: InvocationId): string => id.slice(PREFIX.length, PREFIX.length + TAG_SIZE);

const KEY_GROUP_SIZE = Math.ceil(((TAG_BYTES + 1 + KEY_HASH_BYTES) * 4) / 3);
/** The tag of the service whose invocations' messages come in the group: a key's, an invocation's, or a note lane. */
export function tagOfGroup(group: string): string {
  // A key's group may by chance begin as an id does. Its length tells it.
  if (group.length === KEY_GROUP_SIZE) return group.slice(0, TAG_SIZE);
  return tagOf(group.slice(group.indexOf(PREFIX)));
}

/** Partition keys. Those of a service all begin with its tag; IAM conditions rely on that. */
export const journalPartition = (id: InvocationId): string => `${tagOf(id)}.inv.${id}`;
export const statePartition = (service: string, key: string): string => `${serviceTag(service)}.state.${key}`;
export const promisePartition = (service: string, key: string): string =>
  `${serviceTag(service)}.promise.${key}`;
/** Values of promises and state that are too long for one item. */
export const promiseValuePartition = (service: string, key: string): string =>
  `${serviceTag(service)}.promise-value.${key}`;
export const stateValuePartition = (service: string, key: string): string =>
  `${serviceTag(service)}.state-value.${key}`;
export const lockPartition = (service: string, key: string): string => `${serviceTag(service)}.lock.${key}`;

export interface AwakeableAddress {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly index: number;
}

export function awakeableId({ id, incarnation, index }: AwakeableAddress): string {
  const bytes = bytesOf(id);
  if (!bytes) throw new RangeError(`not an invocation id: ${id}`);
  const tail = Buffer.alloc(8);
  tail.writeUInt32BE(incarnation, 0);
  tail.writeUInt32BE(index, 4);
  return AWAKEABLE_PREFIX + base64url(Buffer.concat([bytes, tail]));
}

/** `undefined` for what is not an awakeable id. */
export function parseAwakeableId(text: string): AwakeableAddress | undefined {
  if (!text.startsWith(AWAKEABLE_PREFIX)) return undefined;
  const encoded = text.slice(AWAKEABLE_PREFIX.length);
  const bytes = Buffer.from(encoded, "base64url");
  if (bytes.length < 9 || base64url(bytes) !== encoded) return undefined;
  const id = PREFIX + base64url(bytes.subarray(0, -8));
  if (!isInvocationId(id)) return undefined;
  return {
    id,
    incarnation: bytes.readUInt32BE(bytes.length - 8),
    index: bytes.readUInt32BE(bytes.length - 4),
  };
}

/** The incarnation that a request creates if it is accepted. It derives from the origin, so a resend finds itself (M2). */
export function incarnationOf(origin: string): Incarnation {
  const bytes = digest(4, "origin", origin);
  return Buffer.from(bytes).readUInt32BE(0) || 1;
}
