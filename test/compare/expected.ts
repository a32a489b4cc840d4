/** Which differences are expected, and why. */
import { isDeepStrictEqual } from "node:util";
import type { Answer } from "./client.ts";

/** Headers that Perdure always sends when it knows the value, and Restate only sometimes. */
const MORE: Readonly<Record<string, string>> = {
  "idempotency-expires": "it says until when the result can be asked for wherever it is retained",
  "x-restate-id": "it names the invocation wherever it knows which one is meant",
};

/** The reason for an expected difference, if there is no other difference. */
export function whyExpected(restate: Answer | undefined, perdure: Answer | undefined): string | undefined {
  if (!restate || !perdure) return undefined;
  const added = Object.keys(MORE).filter(
    (name) => restate.headers[name] === false && perdure.headers[name] === true,
  );
  if (added.length === 0) return undefined;
  const headers = { ...restate.headers, ...Object.fromEntries(added.map((name) => [name, true])) };
  if (!isDeepStrictEqual({ ...restate, headers }, perdure)) return undefined;
  return added.map((name) => MORE[name]).join("; ");
}
