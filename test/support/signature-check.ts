/**
 * A server that checks signatures (AWS Signature Version 4) as the documents describe them, from what has arrived. It shares no code with what signs.
 */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Secret {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}
export interface Arrived {
  readonly line: string;
  readonly scope: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface CheckingServer {
  readonly url: string;
  /** What came with a right signature. */
  readonly arrived: Arrived[];
  readonly close: () => void;
}

/** Answers 200 and `answer` to what is signed with the secret, 403 to all else. */
export async function checkingServer(secret: () => Secret, answer: string): Promise<CheckingServer> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const scope = scopeIfSigned(request, body, secret());
      if (scope !== undefined)
        arrived.push({
          ...{ line: `${request.method} ${request.url}`, scope, headers: request.headers },
          body: body.toString(),
        });
      response.writeHead(scope === undefined ? 403 : 200, { "content-type": "application/json" });
      response.end(scope === undefined ? '{"message":"Forbidden"}' : answer);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, arrived, close: () => void server.close() };
}

const hash = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const mac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const encoded = (text: string): string =>
  [...Buffer.from(text)]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

/** The scope, if the signature is right and all is signed that must be. */
function scopeIfSigned(request: IncomingMessage, body: Buffer, secret: Secret): string | undefined {
  const { headers, method = "", url = "" } = request;
  const [, id, scope = "", names = "", given] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    ) ?? [];
  const list = names.split(";");
  const must = Object.keys(headers).filter((name) => name === "host" || name.startsWith("x-amz-"));
  if (id !== secret.accessKeyId || !must.every((name) => list.includes(name))) return undefined;
  if (headers["x-amz-security-token"] !== secret.sessionToken) return undefined;
  const [path = "", query = ""] = url.split("?");
  const parameters = [...new URLSearchParams(query)].map(
    ([name, value]) => `${encoded(name)}=${encoded(value)}`,
  );
  const canonical = [
    method,
    path.split("/").map(encoded).join("/"),
    parameters.toSorted().join("&"),
    ...list.map((name) => `${name}:${String(headers[name] ?? "")}`),
    "",
    names,
    hash(body),
  ].join("\n");
  const date = String(headers["x-amz-date"]);
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash(canonical)}`;
  let key: string | Buffer = `AWS4${secret.secretAccessKey}`;
  for (const part of scope.split("/")) key = mac(key, part);
  return mac(key, text).toString("hex") === given ? scope : undefined;
}
