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
 * A link on any page may lead to the UI's own pages: they are files, the same for everybody.
 *
 * Any page may call the ingress, as it may Restate's (`runtime/ingress/ingress.ts`), if its browser has asked before with a
 * preflight. Requests that a browser sends without asking are refused from pages of other sites: a form, an image or a link
 * there must not run a handler.
 */
import { isIP } from "node:net";
import { AdminError, adminErrorResponse } from "../admin/error.ts";
import type { HttpRequest } from "../http/message.ts";
import { ingressErrorResponse, IngressError } from "../ingress/error.ts";
import type { RequestHandler } from "./http-server.ts";

/** A server that listens on one of these is reached by every address of the machine. */
const ALL_ADDRESSES: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

export interface SiteOptions {
  /** Not even pages of other servers on this machine may ask. */
  readonly ownOriginOnly?: boolean;
  /** What a link on any page may lead to: it shows nothing by itself, and does nothing. */
  readonly mayBeLinked?: (request: HttpRequest) => boolean;
}

/** Answers 403 to pages of other sites. `host`: the address that the server listens on. */
export const localSiteOnly =
  (handle: RequestHandler, host: string, options: SiteOptions = {}): RequestHandler =>
  async (request, signal) => {
    const reason = refusal(request, host, options);
    return reason === undefined ? handle(request, signal) : adminErrorResponse(new AdminError(403, reason));
  };

/** Answers 403 to what a browser sends for a page of another site without a preflight. */
export const preflightedFromOtherSites =
  (handle: RequestHandler): RequestHandler =>
  async (request, signal) => {
    if (!isFromOtherSite(request) || needsPreflight(request)) return handle(request, signal);
    const { origin } = request.headers;
    const text =
      "a page of another site may call a handler with a request that its browser asks for before: with " +
      "content-type application/json, or with an idempotency-key";
    return ingressErrorResponse(
      new IngressError(
        403,
        text,
        origin === undefined ? {} : { headers: { "access-control-allow-origin": origin } },
      ),
    );
  };

function isFromOtherSite({ headers }: HttpRequest): boolean {
  const { host, origin } = headers;
  if (headers["sec-fetch-site"] === "cross-site") return true;
  return origin !== undefined && !isSameSite(nameIn(origin), nameIn(`http://${host ?? "localhost"}`));
}

const SIMPLE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST"]);
const SIMPLE_TYPES: ReadonlySet<string> = new Set([
  "",
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
]);
/** Headers that a page cannot set without a preflight, of those that a caller of a handler sets. */
const ASKED_HEADERS = ["idempotency-key", "authorization", "traceparent"] as const;

function needsPreflight({ method, headers }: HttpRequest): boolean {
  const type = (headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return (
    !SIMPLE_METHODS.has(method) ||
    !SIMPLE_TYPES.has(type) ||
    ASKED_HEADERS.some((name) => headers[name] !== undefined) ||
    Object.keys(headers).some((name) => name.startsWith("x-"))
  );
}

function refusal(request: HttpRequest, listened: string, options: SiteOptions): string | undefined {
  const { host, origin } = request.headers;
  // A client older than HTTP/1.1 may send none. No browser is that old.
  const asked = host === undefined ? undefined : nameIn(`http://${host}`);
  if (host !== undefined && (asked === undefined || !isOurs(asked, listened))) {
    return `the admin API is not served as "${host}": ask for localhost, or for the address that the server listens on (--host)`;
  }
  if (isFollowedLink(request) && options.mayBeLinked?.(request) === true) return undefined;
  if (options.ownOriginOnly === true ? isOwnOrigin(request) : isOwnSite(request, asked)) return undefined;
  return `the admin API takes no requests from pages of other sites${origin === undefined ? "" : ` (${origin})`}`;
}

function isOwnSite({ headers: { origin, ...headers } }: HttpRequest, asked: string | undefined): boolean {
  if (headers["sec-fetch-site"] === "cross-site") return false;
  return origin === undefined || isSameSite(nameIn(origin), asked);
}

function isOwnOrigin({ headers: { host, origin, ...headers } }: HttpRequest): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin === `http://${host}`;
}

/** The user has followed a link, or has typed an address: the browser shows what is answered, and no page can read it. */
const isFollowedLink = ({ method, headers }: HttpRequest): boolean =>
  method === "GET" && headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";

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
