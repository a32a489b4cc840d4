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
  return JSON.stringify(isPlain(value) ? value : tagged(value));
}

/** The inverse of {@link encodeJson}. Throws `SyntaxError` on text that is not JSON. */
export function decodeJson(text: string): Value {
  return untagged(JSON.parse(text) as Value);
}

// What follows runs for each frame of a turn and each message. Plain loops, and few copies: that is half of its time.

/** It is JSON as it stands, so nothing of it has to be copied. Most values are. */
function isPlain(value: Value | undefined): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.every(isPlain);
  for (const name in value) if (name.startsWith("~") || !isPlain(value[name])) return false;
  return true;
}

function tagged(value: Value | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { [BYTES_TAG]: base64Of(value) };
  if (isPlain(value)) return value;
  if (Array.isArray(value)) return value.map(tagged);
  const map: Record<string, unknown> = {};
  let isLikeTag = false;
  for (const name in value) {
    isLikeTag ||= name.startsWith("~");
    if (name === "__proto__") define(map, name, tagged(value[name]));
    else map[name] = tagged(value[name]);
  }
  return isLikeTag ? { [MAP_TAG]: map } : map;
}

/** Changes what was just parsed, in place: nobody else holds it. */
function untagged(json: Value): Value {
  if (!isNested(json)) return json;
  if (Array.isArray(json)) {
    for (let index = 0; index < json.length; index++) json[index] = untagged(json[index] ?? null);
    return json;
  }
  const base64 = json[BYTES_TAG];
  if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
  return untaggedMap(json[MAP_TAG] ?? json);
}

function untaggedMap(map: Value): Value {
  if (!isNested(map) || Array.isArray(map)) return map;
  for (const name in map) {
    const held = map[name] ?? null;
    // `__proto__` is a property of its own in what was parsed, so this sets no prototype.
    if (isNested(held)) map[name] = untagged(held);
  }
  return map;
}

const isNested = (value: Value): value is Value[] | { [name: string]: Value } =>
  typeof value === "object" && value !== null && !(value instanceof Uint8Array);
const base64Of = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");
/** An assignment would set the prototype. */
const define = (map: object, name: string, value: unknown): void =>
  void Object.defineProperty(map, name, { value, enumerable: true });

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
