/**
 * `perdure ui`: serves the UI on this machine, and hands what its pages ask on to a server elsewhere, with the user's credentials.
 *
 * So whoever can ask it, acts as the user. It asks nobody for a password, so these stand in front (docs/decisions/0037-the-ui.md):
 * - It listens on the loopback address alone.
 * - `Host`, `Origin` and `Sec-Fetch-Site`, as for the admin API of a local server (local-site.ts), but stricter: no page but its own may
 *   ask, not even one of another server on this machine.
 * - A key, new at each start, for other users of the machine, whose programs send what headers they like. The link that is printed has it;
 *   the answer puts it into a cookie that no script can read. The UI's files need none: they are the same for everybody.
 *
 * With `readOnly` nothing is handed on that changes anything.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { emptyResponse, type HttpRequest, type HttpResponse, jsonResponse } from "../../http/message.ts";
import { PROXY_KEY_BYTES, PROXY_REQUESTS_MAX } from "../../../lib/limits/ui.ts";
import type { RequestHandler } from "../http-server.ts";
import { localSiteOnly } from "../local-site.ts";
import { asData, belowIngress } from "./admin-port.ts";
import { isUiPath, type UiFiles } from "./ui-files.ts";

interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly timeoutMs?: number;
}

/** A way to a server. Rejects with an error whose message is for the user. */
export interface Upstream {
  send(asked: Asked): Promise<HttpResponse>;
}

export interface ProxyOptions {
  readonly ui: UiFiles;
  readonly admin: Upstream;
  readonly ingress: () => Promise<Upstream>;
  /** What is known of the server besides what it says itself: fields of `environment` in `GET /version`. */
  readonly environment: () => Promise<object>;
  readonly readOnly: boolean;
  /** Made by {@link newKey}. */
  readonly key: string;
  /** Another one, for a link that others may see: it opens the UI once. */
  readonly onceKey?: string;
}

export const newKey = (): string => randomBytes(PROXY_KEY_BYTES).toString("base64url");

const KEY = "key";

/** `host`: the loopback address that it listens on. */
export function uiProxy(options: ProxyOptions, host: string): RequestHandler {
  let onTheirWay = 0;
  const entryKeys = new Set([options.key, ...(options.onceKey === undefined ? [] : [options.onceKey])]);
  const handle: RequestHandler = async (request) => {
    const entered = enteredWith(request, entryKeys, options.key);
    if (entered) return entered;
    const page = options.ui.answer(request);
    if (page) return page;
    const reason = refusal(request, options);
    if (reason) return reason;
    if (onTheirWay >= PROXY_REQUESTS_MAX)
      return said(503, "too many requests are on their way; ask again", { "retry-after": "1" });
    onTheirWay++;
    try {
      return asData(await handOn(request, options));
    } catch (error) {
      return failed(error, request);
    } finally {
      onTheirWay--;
    }
  };
  return localSiteOnly(handle, host, {
    ownOriginOnly: true,
    mayBeLinked: ({ path }) => path === "/" || isUiPath(path),
  });
}

/** The link with the key: it goes into a cookie, and out of the address. */
function enteredWith(
  { method, path, query, headers }: HttpRequest,
  entryKeys: Set<string>,
  key: string,
): HttpResponse | undefined {
  const given = query.get(KEY);
  if (method !== "GET" || given === null || !isUiPath(path)) return undefined;
  const left = new URLSearchParams([...query].filter(([name]) => name !== KEY)).toString();
  const location = left === "" ? path : `${path}?${left}`;
  const found = [...entryKeys].find((each) => isSame(given, each));
  if (found === undefined) return emptyResponse(302, { location });
  if (found !== key) entryKeys.delete(found);
  const cookie = `${cookieName(headers)}=${key}; HttpOnly; SameSite=Strict; Path=/`;
  return emptyResponse(302, { location, "set-cookie": cookie, "cache-control": "no-store" });
}

/** `undefined`: it may be handed on. */
function refusal(request: HttpRequest, { key, readOnly }: ProxyOptions): HttpResponse | undefined {
  if (!isSame(keyIn(request.headers), key))
    return said(401, "this page has no key: open the link that `perdure ui` has printed");
  // Here nobody tells of changes: to a browser this says that it need not try again.
  if (request.path === "/changes") return emptyResponse(204);
  if (readOnly && changes(request))
    return said(403, "`perdure ui --read-only` hands on nothing that changes anything");
  return undefined;
}

const QUERY = /^(?:\/v\d+)?\/query\/?$/u;
/** Calls of handlers: by any method. */
const CALL = /^\/+(?!restate\/)|^\/+restate\/(?:call|send)\//u;

function changes({ method, path }: HttpRequest): boolean {
  const isRead = method === "GET" || method === "HEAD";
  const ingress = belowIngress(path);
  if (ingress !== undefined) return !isRead || CALL.test(decoded(ingress));
  return !isRead && !(method === "POST" && QUERY.test(path));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

async function handOn(request: HttpRequest, options: ProxyOptions): Promise<HttpResponse> {
  const { method, query, body } = request;
  const ingress = belowIngress(request.path);
  const path = `${ingress ?? request.path}${query.size === 0 ? "" : `?${query.toString()}`}`;
  const upstream = ingress === undefined ? options.admin : await options.ingress();
  const answer = await upstream.send({
    ...{ method, path, headers: passed(request.headers, NOT_ASKED) },
    ...(body.byteLength === 0 ? {} : { body }),
    // A handler answers when it has ended.
    ...(ingress === undefined ? {} : { timeoutMs: Number.POSITIVE_INFINITY }),
  });
  const passedOn = { ...answer, headers: passed(answer.headers, NOT_ANSWERED) };
  return path === "/version" && answer.status === 200 ? await withEnvironment(passedOn, options) : passedOn;
}

async function withEnvironment(
  answer: HttpResponse,
  { environment, readOnly }: ProxyOptions,
): Promise<HttpResponse> {
  const version = JSON.parse(new TextDecoder().decode(answer.body)) as { readonly environment?: object };
  const known = Object.entries(await environment()).filter(([, value]) => value !== undefined);
  const all = { ...version.environment, ...Object.fromEntries(known), read_only: readOnly };
  const { date = "" } = answer.headers;
  return jsonResponse(200, { ...version, environment: all }, date === "" ? {} : { date });
}

/** What belongs to the connection, to this origin, or to the browser. */
const NOT_ASKED =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|content-length|accept-encoding|expect|cookie|origin|referer|user-agent|(?:sec|proxy|x-amz|x-forwarded)-.*)$/u;
const NOT_ANSWERED =
  /^(?:connection|keep-alive|trailer|transfer-encoding|upgrade|content-length|set-cookie|location|refresh|(?:access-control|content-security|cross-origin|strict-transport|proxy)-.*)$/u;

const passed = (headers: Readonly<Record<string, string>>, not: RegExp): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !not.test(name)));

/** Cookies of a host have no port: those of two servers must not have one name. */
const cookieName = ({ host = "" }: HttpRequest["headers"]): string =>
  `perdure_ui_${/:(\d+)$/u.exec(host)?.[1] ?? "80"}`;

function keyIn(headers: HttpRequest["headers"]): string {
  const name = cookieName(headers);
  const pairs = (headers["cookie"] ?? "").split(";").map((pair) => pair.trim().split("="));
  return pairs.find(([of]) => of === name)?.[1] ?? "";
}

function isSame(given: string, key: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(key)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function failed(error: unknown, { method }: HttpRequest): HttpResponse {
  const { name, message, advice } = error as { name?: string; message?: string; advice?: string };
  const text = [message ?? String(error), ...(advice === undefined ? [] : [advice])].join(". ");
  const isOpen = name === "Unreachable" && method !== "GET" && method !== "HEAD";
  return isOpen ? said(503, `${text} Whether the request took effect is not known.`) : said(502, text);
}

const said = (status: number, message: string, headers: Record<string, string> = {}): HttpResponse =>
  asData(jsonResponse(status, { message, restate_code: null }, headers));
