/** The attributes of an item as a data file holds them. Files of older versions have bodies that node:v8 has serialized. */
import { deserialize } from "node:v8";
import { invariant } from "../../lib/errors.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { isPacked, pack, unpack } from "../../lib/packed.ts";

/** Throws `TypeError` if the attributes are not plain data. */
export const packedBody = (attributes: Attributes): Uint8Array => pack(attributes);

/** They share no memory with the body. */
export const attributesIn = (body: Uint8Array): Attributes =>
  (isPacked(body) ? unpack(body) : detached(deserialize(body))) as Attributes;

/** The body in a row of the table of items. */
export function bodyIn(row: Readonly<Record<string, unknown>>): Uint8Array {
  const body = row["body"];
  invariant(body instanceof Uint8Array, "J1", "an item without a body");
  return body;
}

/** The same data, which nobody else has, but with bytes of their own: `deserialize` makes views of the whole body. */
function detached<T>(data: T): T {
  if (Array.isArray(data)) {
    for (const [index, held] of (data as unknown[]).entries()) {
      if (isView(held)) (data as unknown[])[index] = new Uint8Array(held);
      else detached(held);
    }
  } else if (typeof data === "object" && data !== null) detachWithin(data as Record<string, unknown>);
  return data;
}

function detachWithin(data: Record<string, unknown>): void {
  for (const [name, held] of Object.entries(data)) {
    if (!isView(held)) detached(held);
    // An assignment would set the prototype.
    else if (name === "__proto__") Object.defineProperty(data, name, { value: new Uint8Array(held) });
    else data[name] = new Uint8Array(held);
  }
}

const isView = (held: unknown): held is Uint8Array => held instanceof Uint8Array;
