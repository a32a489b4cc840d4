/** Headers that are too long for a head: one value of the invocation, whose name stands in their place (0024). The seal and the trace stay. */
import { INLINE_HEADERS_BYTES_MAX } from "../limits.ts";
import { HEADERS_AT, isOfTraces, SEAL } from "./header-names.ts";
import { refOf } from "./value-ref.ts";

export type Headers = Readonly<Record<string, string>>;

interface HeadersValue {
  readonly ref: string;
  readonly bytes: Uint8Array;
}

/** `undefined`: the head holds them itself, or they are a value already. */
export function headersValueOf({ [SEAL]: _seal, ...headers }: Headers): HeadersValue | undefined {
  if (headers[HEADERS_AT] !== undefined || sizeOfHeaders(headers) <= INLINE_HEADERS_BYTES_MAX)
    return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify(headers));
  return { ref: refOf(bytes), bytes };
}

/** Names and texts in UTF-8. */
export const sizeOfHeaders = (headers: Headers): number =>
  Object.entries(headers).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );

/** As a head has them. */
export function headersInHead(headers: Headers): Record<string, string> {
  const value = headersValueOf(headers);
  if (!value) return { ...headers };
  // Nobody shall have to read the value in order to know the trace.
  const held = Object.entries(headers).filter(([name]) => name === SEAL || isOfTraces(name));
  return { ...Object.fromEntries(held), [HEADERS_AT]: value.ref };
}

/** All of them, of those that a head or a Start has, and the value that they name. */
export const headersIn = ({ [HEADERS_AT]: _at, ...held }: Headers, bytes: Uint8Array): Headers => ({
  ...(JSON.parse(new TextDecoder().decode(bytes)) as Headers),
  ...held,
});
