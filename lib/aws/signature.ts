/** AWS Signature Version 4 of a request whose whole body is known. */
import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Signing {
  readonly service: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  /** Absent: `POST`. */
  readonly method?: string;
  /** As it is sent. Absent: `/`. */
  readonly path?: string;
  /** As it is sent, without the question mark. */
  readonly query?: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** `20260102T030405Z`. */
export const amzDate = (nowMs: number): string => new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");

/** The `authorization` header of a request. All of these headers are signed; their names are in lower case. */
export function authorization(
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array,
  { service, region, credentials, nowMs, method = "POST", path = "/", query = "" }: Signing,
): string {
  const date = amzDate(nowMs);
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const names = Object.keys(headers).toSorted();
  const signed = names.join(";");
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim()}\n`).join("");
  const request = [method, pathAgain(path), sorted(query), lines, signed, sha256(body)].join("\n");
  const text = [ALGORITHM, date, scope, sha256(request)].join("\n");
  const key = [date.slice(0, 8), region, service, "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, text).toString("hex");
  return `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Its escapes are escaped once more. Segments without a character do not count. */
function pathAgain(path: string): string {
  const segments = path.split("/").filter((segment) => segment !== "");
  const end = path.endsWith("/") && segments.length > 0 ? "/" : "";
  return `/${segments.map(escaped).join("/")}${end}`;
}

/** The query by the names and values of its parameters. */
function sorted(query: string): string {
  const parts = query.split("&").filter((part) => part !== "");
  return parts
    .map((part) => {
      const [name = "", ...value] = part.split("=");
      return `${escaped(decodeURIComponent(name))}=${escaped(decodeURIComponent(value.join("=")))}`;
    })
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join("&");
}
