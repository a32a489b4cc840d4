/**
 * What a service answers when it refuses, as AWS's own clients throw it, as far as fault.ts and the adapters look at it: an Error
 * with the service's name for it, its fields, and `$metadata`. And what to do about it: the retries of their standard mode.
 */
import { AWS_RETRY_BASE_MS, AWS_THROTTLED_BASE_MS } from "../limits/aws.ts";
import { isConflictCode, isThrottlingCode } from "./fault.ts";
import { type HttpAnswer, named } from "./signed-http.ts";

interface ServiceFault {
  readonly __type?: unknown;
  readonly message?: unknown;
  readonly Message?: unknown;
}

export function serviceError({ status, headers }: HttpAnswer, json: object): Error {
  const { __type: type, message, Message, ...fields } = json as ServiceFault;
  const name = shortOf(textOf(type) || textOf(headers["x-amzn-errortype"])) || `status ${status}`;
  return Object.assign(named(name, textOf(message) || textOf(Message)), fields, {
    $metadata: { httpStatusCode: status },
  });
}

/** Of `com.amazonaws.sqs#RequestThrottled:http://…` the name. */
const shortOf = (type: string): string => type.slice(type.indexOf("#") + 1).replace(/:.*/, "");

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** An answer's body. Throws an Error as {@link serviceError}: a proxy's page, or an answer that was cut off. The request may have
 * taken effect. */
export function parseAnswer(
  { status, body }: HttpAnswer,
  revive?: (name: string, value: unknown) => unknown,
): object {
  try {
    return (body === "" ? {} : JSON.parse(body, revive)) as object;
  } catch (error) {
    throw Object.assign(named("SyntaxError", `an answer with status ${status} is not JSON`), {
      cause: error,
      $response: { statusCode: status },
      $metadata: { httpStatusCode: status },
    });
  }
}

/** Asks until there is an answer, or an error that does not pass. Between two tries it pauses at random, longer each time. */
export async function retried<T>(attemptsMax: number, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= attemptsMax || !isPassing(error)) throw error;
      const baseMs = isThrottled(error) ? AWS_THROTTLED_BASE_MS : AWS_RETRY_BASE_MS;
      const pauseMs = Math.random() * baseMs * 2 ** (attempt - 1);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

interface Answered extends Error {
  readonly $metadata?: { readonly httpStatusCode: number };
}

const isThrottled = ({ name, $metadata }: Answered): boolean =>
  $metadata?.httpStatusCode === 429 || isThrottlingCode(name);

/** Whether trying again may help: throttled, the service's own fault, no answer. */
function isPassing(error: unknown): error is Answered {
  if (!(error instanceof Error) || error.name === "AbortError") return false;
  const status = (error as Answered).$metadata?.httpStatusCode;
  return (
    status === undefined ||
    status >= 500 ||
    "$response" in error ||
    isThrottled(error) ||
    isConflictCode(error.name)
  );
}
