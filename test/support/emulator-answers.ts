/** An AWS endpoint that gives the answers of a test. For services without an emulator, and for faults. */
import { Readable } from "node:stream";
import type { HttpAnswer, ServiceRequest } from "../../lib/aws/signed-http.ts";
import { DUMMY_CREDENTIALS, REGION } from "./emulator-dynamo.ts";

export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
export interface CannedAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface HandledRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** Answers a request; may throw what a network would. */
export type Answerer = (request: SentRequest) => CannedAnswer;

/**
 * A configuration for any AWS client, and the requests that the client has sent. It opens no socket. `maxAttempts` is 1
 * unless a test is about retries.
 */
export function answering(answer: Answerer) {
  const sent: SentRequest[] = [];
  const requestHandler = {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request: HandledRequest) {
      const { method, path, query = {}, headers, body } = request;
      const seen: SentRequest = { method, path, query, headers, body: textOf(body) };
      sent.push(seen);
      const { status = 200, headers: answered = {}, body: text = "" } = answer(seen);
      return {
        response: { statusCode: status, headers: answered, body: Readable.from([Buffer.from(text)]) },
      };
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  const config = {
    region: REGION,
    credentials: DUMMY_CREDENTIALS,
    endpoint: "http://127.0.0.1:1",
    maxAttempts: 1,
    requestHandler,
  };
  return { config, sent };
}

/** The same for a light client: what carries its requests, and the requests. It does not try again by itself. */
export function carrying(answer: Answerer) {
  const sent: SentRequest[] = [];
  const send = async (request: ServiceRequest): Promise<HttpAnswer> => {
    const { method = "POST", path = "/", query = "", headers, body } = request;
    const seen = { method, path, query: Object.fromEntries(new URLSearchParams(query)), headers, body };
    sent.push(seen);
    const { status = 200, headers: answered = {}, body: text = "" } = await Promise.resolve(answer(seen));
    return { status, headers: answered, body: text };
  };
  return { http: { send, sendAgain: send }, sent };
}

function textOf(body: unknown): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
}

/** An error as the JSON protocols spell it. */
export const jsonError = (type: string, message: string, status = 400): CannedAnswer => ({
  status,
  headers: { "x-amzn-errortype": type, "content-type": "application/json" },
  body: JSON.stringify({ __type: type, message }),
});

/** What Node throws when the other side hangs up. */
export const connectionReset = (): Error =>
  Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
