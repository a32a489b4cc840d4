/**
 * A light client for AWS's services whose operations are paths and methods: Lambda and EventBridge Scheduler. It retries and throws as
 * json-service.ts does.
 */
import { AWS_ATTEMPTS_MAX, AWS_REQUEST_MS_MAX } from "../limits/aws.ts";
import { parseAnswer, retried, serviceError } from "./service-error.ts";
import type { HttpAnswer, ServiceRequest, Sends } from "./signed-http.ts";

type RestRequest = Pick<ServiceRequest, "method" | "query" | "signal"> & {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
  readonly timeoutMs?: number;
};

export class RestService {
  readonly #http: Sends;
  readonly #attemptsMax: number;

  constructor(http: Sends, attemptsMax: number = AWS_ATTEMPTS_MAX) {
    this.#http = http;
    this.#attemptsMax = attemptsMax;
  }

  async ask({
    headers,
    body = "",
    timeoutMs = AWS_REQUEST_MS_MAX,
    ...asked
  }: RestRequest): Promise<HttpAnswer> {
    const request = {
      ...asked,
      headers: { "content-type": "application/json", ...headers },
      body,
      timeoutMs,
    };
    return await retried(this.#attemptsMax, async () => accepted(await this.#http.send(request)));
  }
}

/** The answer, if it is a success. */
export function accepted(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw serviceError(answer, parseAnswer(answer));
}

/** Where Lambda takes an invocation. `name`: a function's name or ARN, with its version or alias. */
export const invocationPath = (name: string): string =>
  `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`;

/** How the function failed, if it has. The payload then says why. */
export function functionErrorIn({ headers }: HttpAnswer): string | undefined {
  const header = headers["x-amz-function-error"];
  return typeof header === "string" ? header : undefined;
}
