/** AWS Signature Version 4 of a POST without a query, whose whole body is known. */
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
  /** As it is sent. Absent: `/`. */
  readonly path?: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** `20260102T030405Z`. */
export const amzDate = (nowMs: number): string => new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, "");

/** The `authorization` header of a request. All of these headers are signed; their names are in lower case. */
export function authorization(
  headers: Readonly<Record<string, string>>,
  body: string,
  { service, region, credentials, nowMs, path = "/" }: Signing,
): string {
  const date = amzDate(nowMs);
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const names = Object.keys(headers).toSorted();
  const signed = names.join(";");
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim()}\n`).join("");
  // Its escapes are escaped once more.
  const pathAgain = path.split("/").map(encodeURIComponent).join("/");
  const request = ["POST", pathAgain, "", lines, signed, sha256(body)].join("\n");
  const text = [ALGORITHM, date, scope, sha256(request)].join("\n");
  const key = [date.slice(0, 8), region, service, "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = hmac(key, text).toString("hex");
  return `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
