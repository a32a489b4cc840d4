/**
 * Keeps pages of other sites away from the admin API of a server on this machine.
 *
 * Why: the port has no password, and a page of any site can make the browser send requests there. The page cannot read the
 * answers, and does not have to. A POST without a preflight is enough to register a deployment, or to kill an invocation.
 *
 * Two checks, of headers that a page cannot set:
 * - `Host`. A site's name may resolve to 127.0.0.1 after a while (DNS rebinding). Then the page and the admin API have the
 *   same origin, and the browser would hand the page the answers as well. But the browser still sends the site's name.
 * - `Origin` and `Sec-Fetch-Site`. They say that a page of another site asks. Programs send neither.
 *
 * The ingress has no such checks. Any page may call it, as it may Restate's (`runtime/ingress/ingress.ts`).
 */
import { isIP } from "node:net";
import { AdminError, errorResponse } from "../admin/error.ts";
import type { HttpRequest } from "../http/message.ts";
import type { HttpHandler } from "./http-server.ts";

/** A server that listens on one of these is reached by every address of the machine. */
const ALL_ADDRESSES: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Answers 403 to pages of other sites. `host`: the address that the server listens on. */
export const localSiteOnly =
  (handle: HttpHandler, host: string): HttpHandler =>
  async (request, signal) => {
    const reason = refusal(request, host);
    return reason === undefined ? handle(request, signal) : errorResponse(new AdminError(403, reason));
  };

function refusal({ headers }: HttpRequest, listened: string): string | undefined {
  const { host, origin } = headers;
  // A client older than HTTP/1.1 may send none. No browser is that old.
  const asked = host === undefined ? undefined : nameIn(`http://${host}`);
  if (host !== undefined && (asked === undefined || !isOurs(asked, listened))) {
    return `the admin API is not served as "${host}": ask for localhost, or for the address that the server listens on (--host)`;
  }
  const isForeign = headers["sec-fetch-site"] === "cross-site";
  if (!isForeign && (origin === undefined || isSameSite(nameIn(origin), asked))) return undefined;
  return `the admin API takes no requests from pages of other sites${origin === undefined ? "" : ` (${origin})`}`;
}

/** The name in a URL, in lower case, without the brackets of IPv6. */
function nameIn(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" || protocol === "https:" ? hostname.replace(/^\[(.*)\]$/u, "$1") : undefined;
}

function isOurs(name: string, listened: string): boolean {
  if (isLoopback(name) || name === nameIn(`http://${isIP(listened) === 6 ? `[${listened}]` : listened}`))
    return true;
  // No other site is named by an address, or by a name that the public DNS does not have, such as a container's.
  return ALL_ADDRESSES.has(listened) && (isIP(name) > 0 || !name.includes(".") || name.endsWith(".internal"));
}

/** The port does not count, as always with sites: other servers on this machine are the user's own. */
const isSameSite = (page: string | undefined, asked: string | undefined): boolean =>
  page !== undefined && (page === asked || (isLoopback(page) && (asked === undefined || isLoopback(asked))));

const isLoopback = (name: string): boolean =>
  name === "localhost" ||
  name.endsWith(".localhost") ||
  name === "::1" ||
  (isIP(name) === 4 && name.startsWith("127."));
