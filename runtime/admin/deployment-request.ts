/** Reads what a request says about a deployment: where it is, and what is to be done about it. */
import { type Deployment, isFunctionVersion, type Reachable } from "../../lib/model/manifest.ts";
import type { WantedDeployment, WantedMove } from "../deployments/registration.ts";
import { type HttpRequest, parseJsonObject } from "../http/message.ts";
import { AdminError, badField } from "./error.ts";

type Json = Record<string, unknown>;

const UNSUPPORTED = ["assume_role_arn", "auth"] as const;
/** Restate's older API, in which `force` is the default. */
const OLDER_API = /^\/v2\//u;

export function wantedDeployment(request: HttpRequest): WantedDeployment {
  const json = bodyOf(request);
  const metadata = mapIn(json, "metadata");
  return {
    target: targetIn(json, undefined),
    ...(metadata === undefined ? {} : { metadata }),
    force: flagIn(json, "force", OLDER_API.test(request.path)),
    breaking: flagIn(json, "breaking", false),
    dryRun: flagIn(json, "dry_run", false),
  };
}

/** What the request leaves out stays as it is. */
export function wantedMove(request: HttpRequest, known: Deployment): WantedMove {
  const json = bodyOf(request);
  return {
    target: targetIn(json, known),
    overwrite: flagIn(json, "overwrite", false),
    dryRun: flagIn(json, "dry_run", false),
  };
}

function bodyOf({ body }: HttpRequest): Json {
  const json = parseJsonObject(body);
  if (!json) throw badField("request body", "must be a JSON object");
  const unsupported = UNSUPPORTED.find((name) => !isNothing(json[name]));
  if (unsupported !== undefined) throw badField(`request field '${unsupported}'`, "is not supported");
  return json;
}

function targetIn(json: Json, known: Reachable | undefined): Reachable {
  const headers = mapIn(json, "additional_headers", checkHeader) ?? known?.headers;
  const isMoved = json["uri"] !== undefined || json["arn"] !== undefined;
  const address = isMoved || !known ? addressIn(json) : known.address;
  const http11 = flagIn(json, "use_http_11", known?.http11 ?? false);
  const isUrl = !isFunctionVersion({ address });
  if (!isUrl && !isNothing(headers)) {
    throw badField("request field 'additional_headers'", "is of no use to a function, which has no headers");
  }
  return {
    address,
    ...(isNothing(headers) || headers === undefined ? {} : { headers }),
    ...(isUrl && http11 ? { http11 } : {}),
  };
}

function addressIn({ uri, arn }: Json): string {
  if (typeof arn === "string" && uri === undefined) {
    // An unqualified ARN, or $LATEST, is not immutable: what is in flight would change under its journal.
    if (/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:\d+$/.test(arn)) return arn;
    throw badField("request field 'arn'", "must name a version: arn:…:function:{name}:{number}");
  }
  if (typeof uri !== "string" || arn !== undefined) {
    throw new AdminError(422, "The request body is invalid. Reason: needs either 'uri', a URL, or 'arn'");
  }
  if (!URL.canParse(uri)) {
    throw badField(
      "request field 'uri'",
      `The provided uri ${uri} is not absolute, only absolute URIs can be used.`,
    );
  }
  const { href, protocol, username, password } = new URL(uri);
  if (protocol !== "http:" && protocol !== "https:") {
    throw badField("request field 'uri'", `must begin with http:// or https://, not ${protocol}`);
  }
  if (username !== "" || password !== "") {
    throw badField("request field 'uri'", "must not hold credentials: use 'additional_headers'");
  }
  return href;
}

function flagIn(json: Json, name: string, preset: boolean): boolean {
  const value = json[name] ?? preset;
  if (typeof value !== "boolean") throw badField(`request field '${name}'`, "must be true or false");
  return value;
}

function mapIn(
  json: Json,
  name: string,
  check: (key: string, value: string) => boolean = () => true,
): Record<string, string> | undefined {
  const value = json[name];
  if (value === undefined || value === null) return undefined;
  const isMap =
    typeof value === "object" &&
    !Array.isArray(value) &&
    Object.entries(value).every(([key, held]) => typeof held === "string" && check(key, held));
  if (!isMap)
    throw new AdminError(422, `The request field '${name}' is invalid. Reason: not a map of strings`);
  return { ...value };
}

/** Names and values that HTTP can carry, and none of those that belong to a connection. */
const checkHeader = (name: string, value: string): boolean =>
  /^[\w!#$%&'*+.^`|~-]+$/u.test(name) &&
  /^[\t\x20-\x7e\x80-\xff]*$/u.test(value) &&
  !OWN_HEADERS.has(name.toLowerCase());
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "te",
  "transfer-encoding",
  "upgrade",
]);

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
