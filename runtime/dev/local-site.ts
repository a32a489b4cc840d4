/**
 * Who may use the admin API of a server on this machine: whoever is on it, but not every page in a browser on it. The port
 * has no password, and a page of any site can make the browser send requests there. It cannot read the answers, and it
 * does not have to: a POST without a preflight is enough to register a deployment, or to kill what runs. Two checks, of
 * headers that a page cannot set:
 *
 * - `Host`. A site whose name resolves to 127.0.0.1 after a while (DNS rebinding) is of the same origin as what it asks, so the
 *   browser would hand it the answers as well. But the browser still sends the site's own name.
 * - `Origin` and `Sec-Fetch-Site`, which say that a page of another site asks. Programs send neither.
 *
 * The ingress has no such checks: any page may call it, as it may Restate's (`runtime/ingress/cors.ts`).
 */
import { isIP } from "node:net";
import { AdminError, errorResponse } from "../admin/error.ts";
import type { HttpRequest } from "../http/message.ts";
import type { HttpHandler } from "./http-server.ts";

/** Listened on, they stand for whatever address the machine has. */
const ALL_ADDRESSES: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/** Answers 403 to pages of other sites; `host` is what is listened on. */
export const localSiteOnly =
  (handle: HttpHandler, host: string): HttpHandler =>
  async (request, signal) => {
    const reason = refusal(request, host);
    return reason === undefined ? handle(request, signal) : errorResponse(new AdminError(403, reason));
  };

function refusal({ headers }: HttpRequest, listened: string): string | undefined {
  const { host, origin } = headers;
  // What is older than HTTP/1.1 may have none; browsers are not.
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
  // Nobody else's site has an address for its name, nor a name that the public DNS does not have, as containers have.
  return ALL_ADDRESSES.has(listened) && (isIP(name) > 0 || !name.includes(".") || name.endsWith(".internal"));
}

/** Whatever the port, as sites go: what this machine serves elsewhere is the user's own. */
const isSameSite = (page: string | undefined, asked: string | undefined): boolean =>
  page !== undefined && (page === asked || (isLoopback(page) && (asked === undefined || isLoopback(asked))));

const isLoopback = (name: string): boolean =>
  name === "localhost" ||
  name.endsWith(".localhost") ||
  name === "::1" ||
  (isIP(name) === 4 && name.startsWith("127."));
