/** Bytes, outcomes and times in the form in which people and their tools read them. */
import { TIME_UNITS } from "../../lib/duration.ts";
import { isSecretName, REDACTED } from "../../lib/log/redaction.ts";
import { shownHeaders } from "../../lib/model/header-names.ts";
import { load } from "../../lib/store/value-store.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { decodeOutcome } from "../../lib/model/outcome.ts";
import type { ItemStore } from "../../lib/ports.ts";
import type { Value } from "../../lib/model/value.ts";
import { chunksOf } from "../../lib/model/value-ref.ts";

export interface BytesView {
  /** The bytes as text, if they are UTF-8. */
  readonly value?: string;
  /** Otherwise in base64. */
  readonly value_base64?: string;
}

export function viewBytes(bytes: Uint8Array): BytesView {
  try {
    return { value: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { value_base64: Buffer.from(bytes).toString("base64") };
  }
}

/** What people see of an invocation's headers. Who may look at it must not be able to act for its caller. */
export const viewHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(shownHeaders(headers)).map(([name, value]) => [
      name,
      isSecretName(name) ? REDACTED : value,
    ]),
  );

/** Loads values that have items of their own, up to a total, because the length of an answer is bounded. */
export class ValueLoader {
  readonly #items: ItemStore;
  readonly #id: InvocationId;
  #leftBytes: number;

  constructor(items: ItemStore, id: InvocationId, bytesMax: number) {
    this.#items = items;
    this.#id = id;
    this.#leftBytes = bytesMax;
  }

  /** `undefined` if the value is longer than what is left of the total. */
  async load(ref: string): Promise<Uint8Array | undefined> {
    if (this.#leftBytes <= (chunksOf(ref)?.bytes ?? 0)) return undefined;
    const bytes = await load(this.#items, this.#id, ref);
    if (!(bytes instanceof Uint8Array)) return undefined;
    this.#leftBytes -= bytes.byteLength;
    return bytes;
  }
}

/** What an operation ended with: its bytes, or `{failure}`, or `{value_ref}` if the bytes were too many to load. `null` stays
 * `null`. */
export async function viewOutcome(loader: ValueLoader, value: Value): Promise<object | null> {
  if (value === null) return null;
  const outcome = decodeOutcome(value);
  if (!outcome.ok) return { failure: outcome.failure };
  if (!("ref" in outcome)) return viewBytes(outcome.value);
  const bytes = await loader.load(outcome.ref);
  return bytes === undefined ? { value_ref: outcome.ref } : viewBytes(bytes);
}

/** Where a view has values: its own, and those of what it took and gave. */
const HOLDERS = new Set(["result", "input", "output"]);

/** The same with each value cut after so many characters; `value_bytes` says how long the whole is. */
export function withValuesCut(view: object, charsMax: number): object {
  const cut = ([name, field]: [string, unknown]): [string, unknown][] => {
    if (HOLDERS.has(name) && typeof field === "object" && field !== null)
      return [[name, withValuesCut(field, charsMax)]];
    const isValue = (name === "value" || name === "value_base64") && typeof field === "string";
    if (!isValue || field.length <= charsMax) return [[name, field]];
    const encoding = name === "value" ? "utf8" : "base64";
    // Four characters of base64 are three bytes.
    const length = encoding === "utf8" ? charsMax : charsMax - (charsMax % 4);
    return [
      [name, field.slice(0, length).toWellFormed()],
      ["value_bytes", Buffer.byteLength(field, encoding)],
    ];
  };
  return Object.fromEntries(Object.entries(view).flatMap(cut));
}

/** Older versions took sleeps that end beyond what a date can hold: one of them must not make a list unreadable. */
export function viewTime(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? `beyond all dates (${epochMs} ms)` : date.toISOString();
}

const UNITS = [...TIME_UNITS, ["ms", 1]] as const;

/** `1d`, `1m 30s`, `0s`. */
export function viewDuration(ms: number): string {
  const parts: string[] = [];
  let left = ms;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
  }
  return parts.join(" ") || "0s";
}
