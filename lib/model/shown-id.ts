/**
 * Ids as people and tools see them: letters and digits, in the shape of Restate's typed ids. So a double click selects one, and
 * Restate's own tools take it.
 *
 *   invocation   = "inv_1" + digits( service tag 9 | kind 2 | key hash 22, if keyed | unique and check 22 )
 *   deployment   = "dp_1"  + digits( 22 )
 *   subscription = "sub_1" + digits( 22 )
 *
 * Digits are base 62. Stores and messages have the ids of ids.ts: the two say the same, and each follows from the other. So older
 * versions read what is stored, and derived ids stay what they were. What comes from outside may have either form.
 * docs/decisions/0035-ids.md has the argument.
 */
import { digest } from "../hash.ts";
import {
  type IdParts,
  type InvocationId,
  isInvocationId,
  partsOfId,
  serviceTag,
  storedIdOf,
  TAG_BYTES,
} from "./ids.ts";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE = BigInt(DIGITS.length);
const CHUNK_DIGITS = 8;
const CHUNK = BASE ** BigInt(CHUNK_DIGITS);
const INVOCATION = "inv_1";
const DEPLOYMENT = "dp_1";
const SUBSCRIPTION = "sub_1";
/** Whole digits for the tag alone: IAM's patterns of paths name a service by how its ids begin. */
const TAG_DIGITS = 9;
const KIND_DIGITS = 2;
/** Of 16 bytes, the second part of Restate's ids. */
const WORD_DIGITS = 22;
const WORD_BYTES = 16;

/** Of at most 16 bytes. Numbers are faster than BigInts: so it goes by chunks that fit in one. */
function digitsOf(bytes: Uint8Array, size: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (; rest >= CHUNK; rest /= CHUNK)
    text = chunkOf(Number(rest % CHUNK)).padStart(CHUNK_DIGITS, "0") + text;
  return (chunkOf(Number(rest)) + text).padStart(size, "0");
}

function chunkOf(value: number): string {
  let text = "";
  for (let rest = value; rest > 0; rest = Math.floor(rest / DIGITS.length))
    text = DIGITS.charAt(rest % DIGITS.length) + text;
  return text;
}

/** `undefined` if a character is not a digit, or the number does not fit. */
function bytesOf(text: string, size: number): Buffer | undefined {
  let value = 0n;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) return undefined;
    value = value * BASE + BigInt(digit);
  }
  const hex = value.toString(16).padStart(2 * size, "0");
  return hex.length > 2 * size ? undefined : Buffer.from(hex, "hex");
}

/** How all ids of a service's invocations begin, as they are shown. */
export const shownIdsOf = (service: string): string =>
  INVOCATION + digitsOf(Buffer.from(serviceTag(service), "base64url"), TAG_DIGITS);

/** The id as it is shown. What does not look like a stored id stays as it is. */
export function shownId(id: InvocationId): string {
  const parts = partsOfId(id);
  if (!parts) return id;
  const { tag, kind, keyHash, rest } = parts;
  const words = [...(keyHash ? [keyHash] : []), rest].map((word) => digitsOf(word, WORD_DIGITS));
  return [INVOCATION, digitsOf(tag, TAG_DIGITS), digitsOf(Uint8Array.of(kind), KIND_DIGITS), ...words].join(
    "",
  );
}

/** No id is made with it: it stands for an exclusive one whose key hash was left out. */
const KIND_BRIEF = 3;
const SHOWN_WITH_KEY = /(?<![\w-])inv_1[0-9A-Za-z]{55}(?![\w-])/gu;
const BRIEF = new RegExp(
  `(?<![\\w-])inv_1[0-9A-Za-z]{${TAG_DIGITS}}0${KIND_BRIEF}[0-9A-Za-z]{${WORD_DIGITS}}(?![\\w-])`,
  "gu",
);

/** The text with ids of exclusive invocations without their key hash: as long as Restate's, whose command line takes no others. */
export const withBriefIds = (text: string): string =>
  text.replaceAll(SHOWN_WITH_KEY, (id) => {
    const digits = id.slice(INVOCATION.length);
    return `${INVOCATION}${digits.slice(0, TAG_DIGITS)}0${KIND_BRIEF}${digits.slice(-WORD_DIGITS)}`;
  });

/** Those in a text, each once. */
export const briefIdsIn = (text: string): readonly string[] => [...new Set(text.match(BRIEF) ?? [])];

/** What a brief id leaves of an id: the service's tag as text, and what is unique, with the check. */
export function briefParts(id: string): { readonly tag: string; readonly rest: Uint8Array } | undefined {
  const digits = id.slice(INVOCATION.length);
  const tag = bytesOf(digits.slice(0, TAG_DIGITS), TAG_BYTES);
  const rest = bytesOf(digits.slice(-WORD_DIGITS), WORD_BYTES);
  return tag && rest && { tag: tag.toString("base64url"), rest };
}

/** The stored id that a text from outside names, in either form. `undefined` if it names none. */
export function storedId(text: string): InvocationId | undefined {
  if (isInvocationId(text)) return text;
  if (!text.startsWith(INVOCATION)) return undefined;
  const digits = text.slice(INVOCATION.length);
  const words = (digits.length - TAG_DIGITS - KIND_DIGITS) / WORD_DIGITS;
  if (words !== 1 && words !== 2) return undefined;
  const [tag, kind] = [
    bytesOf(digits.slice(0, TAG_DIGITS), TAG_BYTES),
    bytesOf(digits.slice(TAG_DIGITS, TAG_DIGITS + KIND_DIGITS), 1)?.[0],
  ];
  const rest = bytesOf(digits.slice(-WORD_DIGITS), WORD_BYTES);
  const keyHash = words === 2 ? bytesOf(digits.slice(-2 * WORD_DIGITS, -WORD_DIGITS), WORD_BYTES) : undefined;
  if (!tag || kind === undefined || !rest || (words === 2 && !keyHash)) return undefined;
  const parts: IdParts = { tag, kind, ...(keyHash ? { keyHash } : {}), rest };
  return storedIdOf(parts);
}

/** Deployments' ids, as they are stored: 15 bytes in base64url. */
const STORED_DEPLOYMENT = /^dp_[\w-]{20}$/u;
const DEPLOYMENT_BYTES = 15;

/** The id as it is shown. What is not a stored id stays as it is. */
export function shownDeploymentId(id: string): string {
  if (!STORED_DEPLOYMENT.test(id)) return id;
  const bytes = Buffer.from(id.slice("dp_".length), "base64url");
  return DEPLOYMENT + digitsOf(Buffer.concat([bytes, deploymentCheck(bytes)]), WORD_DIGITS);
}

/** The stored id that a text from outside names, in either form. What is neither stays as it is, and names nothing. */
export function storedDeploymentId(text: string): string {
  if (text.length !== DEPLOYMENT.length + WORD_DIGITS || !text.startsWith(DEPLOYMENT)) return text;
  const bytes = bytesOf(text.slice(DEPLOYMENT.length), WORD_BYTES);
  if (!bytes) return text;
  const id = `dp_${bytes.subarray(0, DEPLOYMENT_BYTES).toString("base64url")}`;
  return shownDeploymentId(id) === text ? id : text;
}

const deploymentCheck = (bytes: Uint8Array): Uint8Array => digest(1, "deployment id", bytes);

/** The text with the ids in it as they are shown: of what is said where ids are stored ones. */
export const withShownIds = (text: string): string =>
  text.includes("inv_") || text.includes("dp_")
    ? text.replaceAll(/(?<![\w-])(?:inv_[\w-]{31,52}|dp_[\w-]{20})(?![\w-])/gu, (id) =>
        isInvocationId(id) ? shownId(id) : shownDeploymentId(id),
      )
    : text;

/** Derives from what names the subscription: so one that is made once more has the id that it had. */
export const subscriptionId = (...names: readonly string[]): string =>
  SUBSCRIPTION + digitsOf(digest(WORD_BYTES, "subscription", ...names), WORD_DIGITS);
