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
import { isThrottlingCode } from "./fault.ts";
import { type Connected, type HttpAnswer, named, SignedHttp } from "./signed-http.ts";
import { AWS_ATTEMPTS_MAX, AWS_REQUEST_MS_MAX, AWS_RETRY_BASE_MS } from "../limits/aws.ts";

export interface JsonServiceOptions extends Connected {
  /** What stands before an operation's name in `X-Amz-Target`: `DynamoDB_20120810`. */
  readonly target: string;
  readonly maxAttempts?: number;
}

const CONTENT_TYPE = "application/x-amz-json-1.0";

export class JsonService {
  readonly #options: JsonServiceOptions;
  readonly #http: SignedHttp;

  constructor(options: JsonServiceOptions) {
    this.#options = options;
    this.#http = new SignedHttp(options);
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
    this.#http.destroy();
  }

  #post(operation: string, body: string): Promise<HttpAnswer> {
    return this.#http.post({
      headers: { "content-type": CONTENT_TYPE, "x-amz-target": `${this.#options.target}.${operation}` },
      body,
      timeoutMs: AWS_REQUEST_MS_MAX,
    });
  }
}

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

function parse({ status, body }: HttpAnswer): unknown {
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
