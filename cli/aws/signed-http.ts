/** Requests to an HTTP API or to a service of AWS: signed (SigV4) or not. To an emulator they go by its own address. */
import { createHash, createHmac } from "node:crypto";
import { Agent as HttpAgent, type OutgoingHttpHeaders, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { amzDate, type Credentials } from "../../lib/aws/signature.ts";
import { CLI_AWS_DOOR_MS_MAX } from "../../lib/limits/cli.ts";

export interface ChannelRequest {
  readonly body?: string | Uint8Array;
  /** In lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface ChannelAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** From the request to the last byte. */
  readonly ms: number;
}

/** One HTTP API, with one caller's credentials. */
export interface AwsChannel {
  /** `path`: as it is sent, with its escapes and its query. */
  request(method: string, path: string, options?: ChannelRequest): Promise<ChannelAnswer>;
  close(): void;
}

export interface ChannelOptions {
  /** The API's address. */
  readonly url: string;
  /** An emulator's address, where requests go instead. */
  readonly endpoint: string | undefined;
  readonly region: string;
  /** The service's name in signatures. Absent: that of API Gateway. */
  readonly service?: string;
  /** Absent: requests are not signed. */
  readonly credentials?: () => Promise<Credentials>;
}

const API_SERVICE = "execute-api";

export function openChannel({
  url,
  endpoint,
  region,
  service = API_SERVICE,
  credentials,
}: ChannelOptions): AwsChannel {
  const { host } = new URL(url);
  const address = new URL(endpoint ?? url);
  const secure = address.protocol === "https:";
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const send = secure ? httpsRequest : httpRequest;
  return {
    request: async (method, path, { body = "", headers = {}, timeoutMs = CLI_AWS_DOOR_MS_MAX } = {}) => {
      const held = await credentials?.();
      const bytes = Buffer.from(body as string);
      const signed = held
        ? signedHeaders({ method, path, host, headers, body: bytes, region, service, credentials: held })
        : {};
      // A browser's preflight has no length, and a GET has no body.
      const length = bytes.length > 0 || method === "POST" ? { "content-length": bytes.length } : {};
      return await exchange(send, address, {
        ...{ method, path, agent, timeoutMs, body: bytes },
        headers: { ...headers, host, ...signed, ...length },
      });
    },
    close: () => agent.destroy(),
  };
}

/** The same door, through which at most so many requests go at once. */
export function narrowed(door: AwsChannel, atOnce: number): AwsChannel {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return {
    request: async (...asked) => {
      if (free > 0) free--;
      else await new Promise<void>((enter) => void waiting.push(enter));
      try {
        return await door.request(...asked);
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free++;
      }
    },
    close: () => door.close(),
  };
}

interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  readonly agent: HttpAgent;
  readonly timeoutMs: number;
}

function exchange(send: typeof httpRequest, address: URL, asked: Exchange): Promise<ChannelAnswer> {
  const { method, path, headers, agent, timeoutMs, body } = asked;
  const { hostname, port, protocol } = address;
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const options = { protocol, hostname, port, method, path, headers, agent, setHost: false };
    const outgoing = send({ ...options, timeout: timeoutMs }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(
            Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
          ),
          body: Buffer.concat(chunks),
          ms: performance.now() - startMs,
        }),
      );
    });
    outgoing.on("timeout", () =>
      outgoing.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)),
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

interface SignedRequest {
  readonly service?: string;
  /** Of these, those that begin with `x-amz-` are signed. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly body: Buffer;
  readonly region: string;
  readonly credentials: Credentials;
  /** Epoch milliseconds. Absent: now. */
  readonly nowMs?: number;
}

/** The headers that sign a request of any method, with its query. */
export function signedHeaders(request: SignedRequest): Record<string, string> {
  const { method, path, host, body, region, credentials, nowMs = Date.now() } = request;
  const { service = API_SERVICE, headers: given = {} } = request;
  const date = amzDate(nowMs);
  const token = credentials.sessionToken;
  const headers: Record<string, string> = {
    ...Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith("x-amz-"))),
    host,
    "x-amz-date": date,
    ...(token === undefined ? {} : { "x-amz-security-token": token }),
  };
  const names = Object.keys(headers).toSorted();
  const [pathname = "/", query = ""] = path.split("?", 2);
  const canonical = [
    method,
    // Its escapes are escaped once more.
    pathname.split("/").map(escapeAll).join("/"),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    hex(body),
  ].join("\n");
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, hex(canonical)].join("\n");
  const key = scope
    .split("/")
    .reduce<string | Buffer>((held, part) => hmac(held, part), `AWS4${credentials.secretAccessKey}`);
  const { host: _, ...sent } = headers;
  const signed = `SignedHeaders=${names.join(";")}, Signature=${hmac(key, text).toString("hex")}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, ${signed}`;
  return { ...sent, authorization };
}

/** As RFC 3986 has it: `encodeURIComponent` leaves five characters. */
const escapeAll = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function canonicalQuery(query: string): string {
  const pairs = [...new URLSearchParams(query)].map(
    ([name, value]) => `${escapeAll(name)}=${escapeAll(value)}`,
  );
  return pairs.toSorted().join("&");
}

const hex = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
