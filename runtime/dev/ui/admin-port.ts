/**
 * All that the admin port of a server on this machine answers: the UI's files, word of changes, the ingress under `/ingress`, and
 * the admin API. Pages of other sites get none of it (local-site.ts).
 *
 * The ingress is here so that the UI's playground calls handlers from its own origin: its policy lets it ask nobody else.
 */
import type { HttpRequest, HttpResponse } from "../../http/message.ts";
import type { RequestHandler } from "../http-server.ts";
import { localSiteOnly } from "../local-site.ts";
import type { Changes } from "./changes.ts";
import { isUiPath, type UiFiles } from "./ui-files.ts";

const INGRESS = "/ingress";

type Handle = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface AdminPortParts {
  readonly ui: UiFiles;
  readonly changes: Changes;
  readonly ingress: Handle;
  readonly admin: Handle;
}

/** `host`: the address that the server listens on. */
export const adminPort = ({ ui, changes, ingress, admin }: AdminPortParts, host: string): RequestHandler =>
  localSiteOnly(
    async (request, signal) => {
      const own = ui.answer(request) ?? changes.answer(request);
      if (own !== undefined) return own;
      const path = belowIngress(request.path);
      if (path === undefined) return await admin(request, signal);
      return asData(await ingress({ ...request, path }, signal));
    },
    host,
    { mayBeLinked: ({ path }) => path === "/" || isUiPath(path) },
  );

/** A handler answers what it likes. Here it is data, and no page: one would have this origin. */
export const asData = (answer: HttpResponse): HttpResponse => ({
  ...answer,
  headers: {
    ...answer.headers,
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
  },
});

/** The path that the ingress knows; `undefined` if it is none of the ingress's. */
export const belowIngress = (path: string): string | undefined =>
  path.startsWith(`${INGRESS}/`) ? path.slice(INGRESS.length) : undefined;
