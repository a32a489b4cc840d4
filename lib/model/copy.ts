/** A deep copy of plain data, far cheaper than `structuredClone`: what is stored must not change when the caller changes
 * what it holds. Each kind of byte array becomes a `Uint8Array` with a buffer of its own. A property that is `undefined` is
 * left out. */
export function copyOf<T>(data: T): T {
  if (typeof data !== "object" || data === null) return data;
  return copyOfObject(data) as T;
}

function copyOfObject(data: object): unknown {
  if (data instanceof Uint8Array) return new Uint8Array(data);
  if (Array.isArray(data)) return data.map((held: unknown) => copyOf(held));
  const copy: Record<string, unknown> = {};
  for (const [name, held] of Object.entries(data)) {
    if (held === undefined) continue;
    // An assignment would set the prototype.
    if (name === "__proto__") Object.defineProperty(copy, name, { value: copyOf(held), enumerable: true });
    else copy[name] = copyOf(held);
  }
  return copy;
}
