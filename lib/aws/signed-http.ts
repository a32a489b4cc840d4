/** One signed request to a service of AWS, over connections that are kept (docs/decisions/0012-light-client.md). */
import type { Agent, IncomingHttpHeaders } from "node:http";
import { amzDate, authorization, type Credentials } from "./signature.ts";

export interface Connected {
  /** The service's name in signatures: `dynamodb`. */
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  /** Asked for at each request, since they may have been renewed. */
  readonly credentials: () => Credentials;
}

interface HttpRequest {
  /** Absent: `/`. */
  readonly path?: string;
  /** In lower case, besides those of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Http = ReturnType<typeof nodeHttp>;

export class SignedHttp {
  readonly #options: Connected;
  readonly #http: Http;
  readonly #agent: Agent;

  constructor(options: Connected) {
    this.#options = options;
    // Loaded at the first event: Node takes longer for this module than for all of the SDK's.
    this.#http = nodeHttp(options.endpoint.protocol);
    this.#agent = new this.#http.Agent({ keepAlive: true });
  }

  /** Throws Node's error if there is no answer. `wasKept`: its connection had been used before. */
  post({ path = "/", headers: given, body, timeoutMs }: HttpRequest): Promise<HttpAnswer> {
    const { endpoint } = this.#options;
    const headers = this.#signed(path, given, body);
    return new Promise((resolve, reject) => {
      const request = this.#http.request(
        endpoint,
        { method: "POST", path, headers, agent: this.#agent, timeout: timeoutMs },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(chunks).toString(),
            }),
          );
        },
      );
      request.on("timeout", () => request.destroy(named("TimeoutError", `no answer in ${timeoutMs} ms`)));
      request.on("error", (error) => reject(Object.assign(error, { wasKept: request.reusedSocket })));
      request.end(body);
    });
  }

  /** Ends its connections. */
  destroy(): void {
    this.#agent.destroy();
  }

  #signed(path: string, given: HttpRequest["headers"], body: string): Record<string, string | number> {
    const { service, region, endpoint, credentials } = this.#options;
    const held = credentials();
    const nowMs = Date.now();
    const headers = {
      ...given,
      host: endpoint.host,
      "x-amz-date": amzDate(nowMs),
      ...(held.sessionToken === undefined ? {} : { "x-amz-security-token": held.sessionToken }),
    };
    const signing = { service, region, credentials: held, nowMs, path };
    return {
      ...headers,
      authorization: authorization(headers, body, signing),
      "content-length": Buffer.byteLength(body),
    };
  }
}

const nodeHttp = (protocol: string) =>
  process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http");

export const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
