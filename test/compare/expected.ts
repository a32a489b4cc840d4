/** What may differ, and why it should. */
import { isDeepStrictEqual } from "node:util";
import type { Answer } from "./client.ts";

/** Headers that Perdure sends wherever it knows what they say, and Restate only at some places. */
const MORE: Readonly<Record<string, string>> = {
  "idempotency-expires": "it says until when the result can be asked for wherever it is retained",
  "x-restate-id": "it names the invocation wherever it knows which one is meant",
};

/** Why the answers differ, if nothing but that differs. */
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
