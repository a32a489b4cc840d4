/**
 * Which values a type of Arrow takes, and which type takes given values. A column of SQL has a type only by convention: a union or a
 * `case` may mix numbers and texts. So the texts take anything, and what fits nothing better becomes a text.
 *
 *   bool                      true, false, 0, 1
 *   integers                  integers within the type's range, as numbers or bigints
 *   timestamp_ms, duration_ms milliseconds, as int64
 *   float64                   numbers and bigints
 *   texts                     any; bytes become hexadecimal digits, as in an answer in JSON
 *   binary                    bytes
 *   lists                     arrays of what the list's type takes, and null
 *   null                      nothing but null
 *
 * Each type takes null and undefined, and both are Arrow's null.
 */
import { type ArrowType, layoutOf } from "./type.ts";

export const isNull = (value: unknown): value is null | undefined => value === null || value === undefined;

type Taker = (value: unknown) => boolean;

/** Both bounds are powers of 2, so a number is compared exactly, too. */
function integersFrom(min: bigint, end: bigint): Taker {
  const [minNumber, endNumber] = [Number(min), Number(end)];
  return (value) => {
    if (typeof value === "bigint") return value >= min && value < end;
    return typeof value === "number" && Number.isInteger(value) && value >= minNumber && value < endNumber;
  };
}

const INTEGERS = {
  signed4: integersFrom(-(2n ** 31n), 2n ** 31n),
  signed8: integersFrom(-(2n ** 63n), 2n ** 63n),
  unsigned4: integersFrom(0n, 2n ** 32n),
  unsigned8: integersFrom(0n, 2n ** 64n),
} as const;
const isBit = integersFrom(0n, 2n);
const anything: Taker = () => true;

/** Tells whether the type takes a value that is not null. */
function takerOf(type: ArrowType): Taker {
  const layout = layoutOf(type);
  switch (layout.kind) {
    case "nothing":
      return () => false;
    case "bits":
      return (value) => typeof value === "boolean" || isBit(value);
    case "numbers":
      if (layout.format !== "float") return INTEGERS[`${layout.format}${layout.bytes}`];
      return (value) => typeof value === "number" || typeof value === "bigint";
    case "bytes":
      return layout.of === "text" ? anything : (value) => value instanceof Uint8Array;
    case "list":
      return (value) => Array.isArray(value) && firstMisfit(layout.of, value) === -1;
  }
}

/** Where the first value is that the type does not take; -1 if it takes all. */
export function firstMisfit(type: ArrowType, values: readonly unknown[]): number {
  const takes = takerOf(type);
  return values.findIndex((value) => !isNull(value) && !takes(value));
}

export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "bigint" || typeof value === "number") return String(value);
  // JSON has no bigint.
  const plain = (_: string, inner: unknown): unknown => (typeof inner === "bigint" ? Number(inner) : inner);
  return JSON.stringify(value, plain) ?? "";
}
