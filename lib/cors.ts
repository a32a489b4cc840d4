/**
 * Which pages of other origins a browser lets call the ingress, and read its answers: the setting, wherever it comes from.
 *
 * By default every page may, as in Restate, but without credentials. An authorizer in front of the ingress may read a cookie, and then any
 * page could act for the visitor who has it. So with credentials, the origins are named one by one.
 */
import { type Environment, ENVIRONMENT } from "./environment.ts";

export interface Cors {
  /** As browsers send them: `https://shop.example`. `"*"`: every page. */
  readonly origins: "*" | readonly string[];
  /** Whether pages may send cookies, and what the browser knows of logins. */
  readonly credentials: boolean;
}

export const EVERY_PAGE: Cors = { origins: "*", credentials: false };
export const NO_PAGE: Cors = { origins: [], credentials: false };

/** The headers of an answer that a page may read, besides those that every page may. */
export const EXPOSED_HEADERS = [
  "x-restate-id",
  "x-restate-error-source",
  "idempotency-expires",
  "location",
  "retry-after",
] as const;

/** Throws `RangeError` for what a browser would never send as an origin, and for credentials to every page. */
export function corsOf(origins: readonly string[], credentials = false): Cors {
  if (origins.includes("*")) {
    if (origins.length > 1) throw new RangeError('the origins are "*" alone, or named one by one');
    if (credentials)
      throw new RangeError("credentials need origins that are named: any page could act for its visitors");
    return EVERY_PAGE;
  }
  const wrong = origins.find((origin) => !isOrigin(origin));
  if (wrong === undefined) return { origins, credentials };
  throw new RangeError(
    `${JSON.stringify(wrong)} is not an origin: one is written as https://shop.example, without a path`,
  );
}

/** What the stack has chosen, or the user of `perdure dev`. */
export function corsIn(environment: Environment): Cors {
  const origins = environment[ENVIRONMENT.corsOrigins];
  if (origins === undefined) return EVERY_PAGE;
  const named = origins.split(",").map((origin) => origin.trim());
  return corsOf(
    named.filter((origin) => origin !== ""),
    environment[ENVIRONMENT.corsCredentials] === "true",
  );
}

function isOrigin(text: string): boolean {
  if (text.includes("*") || !URL.canParse(text)) return false;
  const { protocol, host } = new URL(text);
  return host !== "" && text === `${protocol}//${host}`;
}
