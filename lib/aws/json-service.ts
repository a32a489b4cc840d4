/**
 * A light client for AWS's JSON services, DynamoDB and SQS. AWS's own two clients take longer to load than everything else of
 * a function together, and a handler's cold start would pay for it (docs/decisions/0012-light-client.md).
 *
 * It does what a Lambda function needs: credentials and region from the environment, connections that are kept, time limits,
 * and the retries of the standard mode. It throws what AWS's clients throw, as far as fault.ts and the adapters look at it: an
 * Error with the service's name for it, its fields, and `$metadata`.
 *
 * A retry after a lost answer is as safe as in AWS's own clients: a conditional write is refused by its first try, and the
 * writer recognises itself.
 */
import type { Agent } from "node:http";
import { isThrottlingCode } from "./fault.ts";
import { amzDate, authorization, type Credentials } from "./signature.ts";
import { AWS_ATTEMPTS_MAX, AWS_REQUEST_MS_MAX, AWS_RETRY_BASE_MS } from "../limits/aws.ts";

export interface JsonServiceOptions {
  /** The service's name in signatures: `dynamodb`. */
  readonly service: string;
  /** What stands before an operation's name in `X-Amz-Target`: `DynamoDB_20120810`. */
  readonly target: string;
  readonly region: string;
  readonly endpoint: URL;
  /** Asked for at each request, since they may have been renewed. */
  readonly credentials: () => Credentials;
  readonly maxAttempts?: number;
}

const CONTENT_TYPE = "application/x-amz-json-1.0";

type Http = ReturnType<typeof nodeHttp>;

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class JsonService {
  readonly #options: JsonServiceOptions;
  readonly #http: Http;
  readonly #agent: Agent;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
    // Loaded at the first event: Node takes longer for this module than for all of the SDK's.
    this.#http = process.getBuiltinModule(
      options.endpoint.protocol === "https:" ? "node:https" : "node:http",
    );
    this.#agent = new this.#http.Agent({ keepAlive: true });
  }

  /** Bytes are written as base64, and read back if an attribute's value says that it is bytes (`B`). */
  async call(operation: string, input: object): Promise<unknown> {
    const body = JSON.stringify(input, bytesToText);
    const { maxAttempts = AWS_ATTEMPTS_MAX } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return parse(await this.#post(operation, body));
      } catch (error) {
        if (attempt >= maxAttempts || !isPassing(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * AWS_RETRY_BASE_MS * 2 ** attempt));
      }
    }
  }

  /** Ends its connections. */
  destroy(): void {
    this.#agent.destroy();
  }

  #post(operation: string, body: string): Promise<Answer> {
    const { endpoint } = this.#options;
    const headers = this.#signed(operation, body);
    return new Promise((resolve, reject) => {
      const request = this.#http.request(
        endpoint,
        { method: "POST", path: "/", headers, agent: this.#agent, timeout: AWS_REQUEST_MS_MAX },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          );
        },
      );
      request.on("timeout", () =>
        request.destroy(named("TimeoutError", `no answer in ${AWS_REQUEST_MS_MAX} ms`)),
      );
      request.on("error", reject);
      request.end(body);
    });
  }

  #signed(operation: string, body: string): Record<string, string | number> {
    const { service, target, region, endpoint, credentials } = this.#options;
    const held = credentials();
    const nowMs = Date.now();
    const headers = {
      "content-type": CONTENT_TYPE,
      host: endpoint.host,
      "x-amz-date": amzDate(nowMs),
      ...(held.sessionToken === undefined ? {} : { "x-amz-security-token": held.sessionToken }),
      "x-amz-target": `${target}.${operation}`,
    };
    const signing = { service, region, credentials: held, nowMs };
    return {
      ...headers,
      authorization: authorization(headers, body, signing),
      "content-length": Buffer.byteLength(body),
    };
  }
}

const nodeHttp = (protocol: string) =>
  process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http");

function bytesToText(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** A text under `B` is the bytes of an attribute. An attribute with that name would hold an object. */
function textToBytes(name: string, value: unknown): unknown {
  return name === "B" && typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : value;
}

interface ServiceFault {
  readonly __type?: unknown;
  readonly message?: unknown;
  readonly Message?: unknown;
}

function parse({ status, body }: Answer): unknown {
  const json = parseJson(status, body) as ServiceFault;
  if (status >= 200 && status < 300) return json;
  const { __type: type, message, Message, ...fields } = json;
  const name = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : `status ${status}`;
  throw Object.assign(named(name, textOf(message) || textOf(Message)), fields, {
    $metadata: { httpStatusCode: status },
  });
}

function parseJson(status: number, body: string): unknown {
  try {
    return body === "" ? {} : (JSON.parse(body, textToBytes) as unknown);
  } catch (error) {
    // A proxy's page, or an answer that was cut off. The request may have taken effect.
    throw Object.assign(named("SyntaxError", `an answer with status ${status} is not JSON`), {
      cause: error,
      $response: { statusCode: status },
      $metadata: { httpStatusCode: status },
    });
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/** Whether trying again may help: throttled, the service's own fault, no answer. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { $metadata } = error as { $metadata?: { readonly httpStatusCode: number } };
  return (
    $metadata === undefined ||
    $metadata.httpStatusCode >= 500 ||
    $metadata.httpStatusCode === 429 ||
    "$response" in error ||
    isThrottlingCode(error.name)
  );
}
