/**
 * Which headers of a request its handler gets. They are stored with the invocation. So what proves who sent the request, or says how it
 * came, is left out unless the handler names it (docs/decisions/0024-secrets-and-capabilities.md).
 */
import { HEADERS_BYTES_MAX } from "../../lib/limits.ts";
import { callerHeader } from "../../lib/model/caller.ts";
import { isReservedHeader } from "../../lib/model/header-names.ts";
import { sizeOfHeaders } from "../../lib/model/headers-value.ts";
import type { HttpRequest } from "../http/message.ts";
import { IngressError } from "./error.ts";

/** About the connection, or for the ingress alone. */
const OF_CONNECTION = patternsOf(
  "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding " +
    "upgrade expect host content-length idempotency-key",
);
/** Credentials, and what proxies say of the client. */
const WITHHELD = patternsOf(
  "authorization cookie x-api-key x-amz-* x-amzn-* forwarded x-forwarded-* via x-real-ip true-client-ip cf-* cloudfront-*",
);

interface Patterns {
  readonly names: ReadonlySet<string>;
  readonly beginnings: readonly string[];
}

function patternsOf(text: string | readonly string[]): Patterns {
  const all = (typeof text === "string" ? text.split(" ") : text).map((name) => name.toLowerCase());
  return {
    names: new Set(all.filter((name) => !name.endsWith("*"))),
    beginnings: all.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1)),
  };
}

const covers = ({ names, beginnings }: Patterns, name: string): boolean =>
  names.has(name) || beginnings.some((beginning) => name.startsWith(beginning));

/** What the handler sees in `request().headers`, and who called. `named`: its `passHeaders`. */
export function passedHeaders(
  { headers, caller }: HttpRequest,
  named: readonly string[] = [],
): Record<string, string> {
  // A header that `Connection` names is hop-by-hop as well.
  const hops = patternsOf((headers["connection"] ?? "").split(",").map((name) => name.trim()));
  const asked = patternsOf(named);
  const passed = callerHeader(caller);
  for (const [name, value] of Object.entries(headers)) {
    if (covers(OF_CONNECTION, name) || hops.names.has(name) || isReservedHeader(name)) continue;
    if (!covers(WITHHELD, name) || covers(asked, name)) passed[name] = value;
  }
  const bytes = sizeOfHeaders(passed);
  if (bytes <= HEADERS_BYTES_MAX) return passed;
  throw new IngressError(
    431,
    `the request's headers are ${bytes} bytes long; at most ${HEADERS_BYTES_MAX} are supported`,
  );
}
