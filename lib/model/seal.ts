/**
 * What only an invocation's head has, and the Start that made it: its secret. An awakeable's number derives from it, so nobody can
 * compute an awakeable's id from the invocation's id, or from another awakeable's (docs/decisions/0024-secrets-and-capabilities.md).
 *
 * Of a request from outside it is the origin, which is random and told to nobody. The origin of a handler's call names that call.
 * So the caller seals its Start: with a hash of its own secret. It lies among the headers, which every version carries along.
 */
import { digest } from "../hash.ts";
import { storedHeaders, storedOrigin } from "./head.ts";
import { SEAL } from "./header-names.ts";
import type { InvocationId } from "./ids.ts";
import type { Attributes } from "./item.ts";

const SEAL_BYTES = 12;
const NUMBER_BYTES = 4;
/** Below are the numbers of earlier versions: they counted from 17. */
const NUMBER_MIN = 1 << 20;

interface Sealed {
  readonly origin: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** `undefined`: an earlier version has made the call. */
export const secretOf = ({ origin, headers }: Sealed): string | undefined =>
  headers[SEAL] ?? (origin.includes(".") ? undefined : origin);

/** Of the invocation that a turn runs. The head may have no headers before the invocation rests, and a repeated Start no seal. */
export function secretIn({
  start,
  head,
}: {
  readonly start?: Sealed;
  readonly head?: Attributes;
}): string | undefined {
  const held = head && storedHeaders(head);
  const origin = start?.origin ?? (head && storedOrigin(head));
  return origin === undefined ? undefined : secretOf({ origin, headers: { ...start?.headers, ...held } });
}

/** The headers of a call's Start, with its seal. `secret`: the caller's. */
export function sealed(
  headers: Readonly<Record<string, string>>,
  secret: string | undefined,
  { command, callee }: { readonly command: number; readonly callee: InvocationId },
): Record<string, string> {
  if (secret === undefined) return { ...headers };
  const seal = digest(SEAL_BYTES, "seal", secret, String(command), callee);
  return { ...headers, [SEAL]: Buffer.from(seal).toString("base64url") };
}

/**
 * The number of an invocation's awakeable. `count`: how many the code has asked for before. `taken`: their numbers. The same on every
 * replay, since all of that is.
 */
export function awakeableNumber(secret: string, count: number, taken: ReadonlySet<number>): number {
  for (let more = 0; ; more++) {
    const bytes = digest(NUMBER_BYTES, "awakeable", secret, String(count), String(more));
    const number = Buffer.from(bytes).readUInt32BE(0);
    if (number >= NUMBER_MIN && !taken.has(number)) return number;
  }
}
