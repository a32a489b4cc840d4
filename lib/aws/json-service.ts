/**
 * A light client for AWS's JSON services, DynamoDB and SQS. AWS's own two clients take longer to load than everything else of
 * a function together, and a cold start would pay for it (docs/decisions/0012-light-client.md).
 *
 * It does what a Lambda function needs: credentials and region from the environment, connections that are kept, time limits,
 * and the retries of the standard mode. It throws what AWS's clients throw (service-error.ts).
 *
 * A retry after a lost answer is as safe as in AWS's own clients: a conditional write is refused by its first try, and the
 * writer recognises itself.
 */
import { AWS_ATTEMPTS_MAX, AWS_REQUEST_MS_MAX } from "../limits/aws.ts";
import { parseAnswer, retried, serviceError } from "./service-error.ts";
import type { HttpAnswer, Sends } from "./signed-http.ts";

/** A service's operations, by their names. */
export interface Operations {
  call(operation: string, input: object): Promise<unknown>;
}

type Requests<Named> = { readonly [Name in keyof Named]: (input: never) => Promise<unknown> };

/** Makes a service's operations, one by its name, of a client that takes any. */
export const operationsOf =
  <Named extends Requests<Named>>(service: Operations) =>
  <Name extends keyof Named & string>(name: Name) =>
  (input: object): ReturnType<Named[Name]> =>
    service.call(name, input) as ReturnType<Named[Name]>;

const CONTENT_TYPE = "application/x-amz-json-1.0";

export class JsonService implements Operations {
  readonly #http: Sends;
  readonly #target: string;
  readonly #attemptsMax: number;

  /** `target`: what stands before an operation's name in `X-Amz-Target`, `DynamoDB_20120810`. */
  constructor(http: Sends, target: string, attemptsMax: number = AWS_ATTEMPTS_MAX) {
    this.#http = http;
    this.#target = target;
    this.#attemptsMax = attemptsMax;
  }

  /** Bytes are written as base64, and read back if an attribute's value says that it is bytes (`B`). */
  async call(operation: string, input: object): Promise<unknown> {
    const request = {
      headers: { "content-type": CONTENT_TYPE, "x-amz-target": `${this.#target}.${operation}` },
      body: JSON.stringify(input, bytesToText),
      timeoutMs: AWS_REQUEST_MS_MAX,
    };
    return await retried(this.#attemptsMax, async () => parse(await this.#http.send(request)));
  }
}

function bytesToText(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}

/** A text under `B` is the bytes of an attribute. An attribute with that name would hold an object. */
function textToBytes(name: string, value: unknown): unknown {
  return name === "B" && typeof value === "string" ? new Uint8Array(Buffer.from(value, "base64")) : value;
}

function parse(answer: HttpAnswer): unknown {
  const json = parseAnswer(answer, textToBytes);
  if (answer.status >= 200 && answer.status < 300) return json;
  throw serviceError(answer, json);
}
