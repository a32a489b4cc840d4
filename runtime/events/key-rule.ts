/**
 * What the key of an object or a workflow is taken from: `record`, `header:NAME`, `json:$.a.b[0]`, `constant:TEXT`, `random`.
 *
 * A keyed handler never gets the key "" for a record without one: all of them would stand in one queue, and nobody would see why.
 */
import { KEY_BYTES_MAX } from "../../lib/limits.ts";
import { KEY_PATH_STEPS_MAX } from "../../lib/limits/events.ts";
import { isEventFields, textOfBytes } from "./event-fields.ts";
import type { SourceRecord } from "./source-record.ts";

export type KeyRule =
  | { readonly from: "record" }
  | { readonly from: "header"; readonly name: string }
  | { readonly from: "json"; readonly path: readonly (string | number)[] }
  | { readonly from: "constant"; readonly text: string }
  /** Of the record, so that it is the same when the record comes again. */
  | { readonly from: "random" };

/** Says in words what is wrong with it. */
export function parseKeyRule(text: string): KeyRule | string {
  if (text === "record" || text === "random") return { from: text };
  const [, from, rest = ""] = /^(header|json|constant):(.+)$/su.exec(text) ?? [];
  if (from === "header") return { from, name: rest.toLowerCase() };
  if (from === "constant")
    return Buffer.byteLength(rest) > KEY_BYTES_MAX
      ? `a key has at most ${KEY_BYTES_MAX} bytes`
      : { from, text: rest };
  const path = from === "json" ? parsePath(rest) : undefined;
  return path === undefined
    ? "must be record, random, header:NAME, json:$.PATH or constant:TEXT"
    : { from: "json", path };
}

/** `$.a.b[0]`. `undefined`: it is none, or too long. */
function parsePath(text: string): readonly (string | number)[] | undefined {
  if (!/^\$(?:\.[\w-]+|\[\d+\])+$/u.test(text)) return undefined;
  const steps = [...text.matchAll(/\.([\w-]+)|\[(\d+)\]/gu)].map(([, name, index]) => name ?? Number(index));
  return steps.length > KEY_PATH_STEPS_MAX ? undefined : steps;
}

/** `undefined`: the record has none. Throws {@link KeyError} for one that cannot be a key. `random`: what derives from the record. */
export function keyOfRecord(rule: KeyRule, record: SourceRecord, random: () => string): string | undefined {
  switch (rule.from) {
    case "record":
      return ownKey(record);
    case "header":
      return record.headers[rule.name];
    case "json":
      return inValue(record, rule.path);
    case "constant":
      return rule.text;
    case "random":
      return random();
  }
}

/** There is a key, and it cannot be one. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

function ownKey({ key }: SourceRecord): string | undefined {
  if (key === undefined || typeof key === "string") return key;
  const text = textOfBytes(key);
  if (text === undefined) throw new KeyError("the record's key is not UTF-8");
  return text;
}

function inValue({ input }: SourceRecord, path: readonly (string | number)[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(textOfBytes(input) ?? "");
  } catch {
    throw new KeyError("the record's value is not JSON, so no key can be found in it");
  }
  for (const step of path) value = stepInto(value, step);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return String(value);
  throw new KeyError("what the path leads to is neither a text nor a number");
}

function stepInto(value: unknown, step: string | number): unknown {
  if (typeof step === "number") return Array.isArray(value) ? (value as unknown[])[step] : undefined;
  return isEventFields(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}
