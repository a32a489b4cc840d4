/** Numbers as DynamoDB keeps them: 38 digits, as text. A double would lose some. */
import { DYNAMO_DIGITS_MAX } from "../../../lib/limits/local.ts";

/** `digits * 10 ** exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;

/** Throws `TypeError` for a text that is no number. */
function decimalOf(text: string): Decimal {
  const [, sign = "", whole = "", part = "", power = "0"] = NUMBER.exec(text) ?? [];
  if (whole === "" && part === "") throw new TypeError(`${JSON.stringify(text)} is no number`);
  const digits = BigInt(whole + part) * (sign === "-" ? -1n : 1n);
  return { digits, exponent: Number(power) - part.length };
}

/** Both with the lesser exponent. */
function aligned(a: Decimal, b: Decimal): readonly [a: bigint, b: bigint, exponent: number] {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = ({ digits, exponent: own }: Decimal): bigint => digits * 10n ** BigInt(own - exponent);
  return [scaled(a), scaled(b), exponent];
}

/** Less than zero if `a` is less than `b`. */
export function compareNumbers(a: string, b: string): number {
  const [one, other] = aligned(decimalOf(a), decimalOf(b));
  return one < other ? -1 : Number(one > other);
}

export function addNumbers(a: string, b: string, sign: 1n | -1n = 1n): string {
  const [one, other, exponent] = aligned(decimalOf(a), decimalOf(b));
  return textOf({ digits: one + sign * other, exponent });
}

/** The same text for the same number. */
export const normalNumber = (text: string): string => textOf(decimalOf(text));

function textOf({ digits, exponent }: Decimal): string {
  if (digits === 0n) return "0";
  const sign = digits < 0n ? "-" : "";
  const all = String(digits < 0n ? -digits : digits);
  const significant = all.replace(/0+$/, "");
  if (significant.length > DYNAMO_DIGITS_MAX)
    throw new TypeError(`a number has more than ${DYNAMO_DIGITS_MAX} digits`);
  const power = exponent + all.length - significant.length;
  if (power >= 0) return `${sign}${significant}${"0".repeat(power)}`;
  const padded = significant.padStart(1 - power, "0");
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`;
}
