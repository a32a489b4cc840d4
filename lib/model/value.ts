/**
 * What an attribute of an item may hold: the DynamoDB types that Perdure uses. Messages and turn requests carry the same
 * values, as JSON in which bytes are tagged.
 */
export type Value = string | number | boolean | null | Uint8Array | Value[] | { [name: string]: Value };

const BYTES_TAG = "~b";
/** Wraps a map with a name that looks like a tag. A request's headers can bring such a name. */
const MAP_TAG = "~m";

/** A value as JSON text. Bytes become `{"~b": base64}`. A map with a name that begins with "~" becomes `{"~m": map}`. */
export function encodeJson(value: Value): string {
  return JSON.stringify(toJson(value));
}

/** The inverse of {@link encodeJson}. Throws `SyntaxError` on text that is not JSON. */
export function decodeJson(text: string): Value {
  return fromJson(JSON.parse(text) as unknown);
}

function toJson(value: Value): unknown {
  if (value instanceof Uint8Array) return { [BYTES_TAG]: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(toJson);
  if (value !== null && typeof value === "object") {
    const map = Object.fromEntries(Object.entries(value).map(([name, held]) => [name, toJson(held)]));
    return Object.keys(map).some((name) => name.startsWith("~")) ? { [MAP_TAG]: map } : map;
  }
  return value;
}

function fromJson(json: unknown): Value {
  if (Array.isArray(json)) return json.map(fromJson);
  if (json !== null && typeof json === "object") {
    const tagged = json as Record<string, unknown>;
    if (typeof tagged[BYTES_TAG] === "string")
      return new Uint8Array(Buffer.from(tagged[BYTES_TAG], "base64"));
    const map = tagged[MAP_TAG] ?? json;
    return Object.fromEntries(Object.entries(map).map(([name, held]) => [name, fromJson(held)]));
  }
  if (typeof json === "string" || typeof json === "number" || typeof json === "boolean") return json;
  return null;
}

/** Structural equality. Bytes are compared by content. */
export function equalValues(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  }
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([name, held]) => equalValues(held, (b as Record<string, Value>)[name]))
  );
}
