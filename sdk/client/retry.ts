/** When a client sends its request again: the rules of Restate's published client. */
import { type Duration, toMs } from "../../lib/duration.ts";
import {
  CLIENT_RETRY_ATTEMPTS_MAX,
  CLIENT_RETRY_DURATION_MS_MAX,
  CLIENT_RETRY_INITIAL_INTERVAL_MS,
  CLIENT_RETRY_MAX_INTERVAL_MS,
} from "../../lib/limits.ts";

/** Why an attempt failed: there was no answer, or an answer that is not a success. */
export type RequestFailure =
  | { readonly kind: "network"; readonly error: unknown }
  | { readonly kind: "response"; readonly status: number; readonly headers: Headers; readonly body: string };

export interface ClientRetryPolicy {
  /** Attempts, the first included; `false`: as many as fit into `maxDuration`. Default: 6. */
  maxAttempts?: number | false;
  /** From the first attempt on, waits included; `false`: as long as `maxAttempts` take. Default: a minute. */
  maxDuration?: Duration | false;
  /** Default: 250 ms. */
  initialInterval?: Duration;
  /** Default: 3 s. */
  maxInterval?: Duration;
  /** Default: 2. */
  exponentiationFactor?: number;
  /** Wait as long as a `Retry-After` header says. Default: true. */
  respectRetryAfter?: boolean;
  /** Instead of {@link isTransient}. */
  shouldRetry?: (failure: RequestFailure, attempt: number) => boolean;
}

/** Each wait varies by this much to either side, so that clients do not return at the same time. */
const JITTER = 0.2;

/** Whether the failure may pass by itself: no answer, 408, 425, 429, 5xx. A failure of the invocation itself never counts. */
export function isTransient(failure: RequestFailure): boolean {
  if (failure.kind === "network") return true;
  const { status, headers } = failure;
  if (headers.get("x-restate-error-source") === "invocation") return false;
  return status === 408 || status === 425 || status === 429 || (status >= 500 && status <= 599);
}

/** One policy, its defaults filled in. */
export class ClientRetries {
  readonly #attemptsMax: number;
  readonly #durationMsMax: number;
  readonly #policy: ClientRetryPolicy;

  /** Throws `RangeError` for a policy without any bound. */
  constructor(policy: ClientRetryPolicy = {}) {
    const { maxAttempts = CLIENT_RETRY_ATTEMPTS_MAX, maxDuration = CLIENT_RETRY_DURATION_MS_MAX } = policy;
    if (maxAttempts === false && maxDuration === false) {
      throw new RangeError("retries need a bound: of maxAttempts and maxDuration at most one may be false");
    }
    this.#attemptsMax = maxAttempts === false ? Number.POSITIVE_INFINITY : maxAttempts;
    this.#durationMsMax = maxDuration === false ? Number.POSITIVE_INFINITY : toMs(maxDuration);
    this.#policy = policy;
  }

  /** How long to wait before the next attempt, milliseconds; `undefined`: there is none. `attempt`: 0 for the first. */
  delayMs(failure: RequestFailure, attempt: number, elapsedMs: number): number | undefined {
    const { shouldRetry = isTransient, respectRetryAfter = true } = this.#policy;
    if (attempt + 1 >= this.#attemptsMax || !shouldRetry(failure, attempt)) return undefined;
    const asked =
      failure.kind === "response" && respectRetryAfter ? retryAfterMs(failure.headers) : undefined;
    const delayMs = asked ?? this.#backoffMs(attempt);
    return elapsedMs + delayMs < this.#durationMsMax ? delayMs : undefined;
  }

  #backoffMs(attempt: number): number {
    const { initialInterval, maxInterval, exponentiationFactor = 2 } = this.#policy;
    const firstMs = toMs(initialInterval ?? CLIENT_RETRY_INITIAL_INTERVAL_MS);
    const cappedMs = Math.min(
      firstMs * exponentiationFactor ** attempt,
      toMs(maxInterval ?? CLIENT_RETRY_MAX_INTERVAL_MS),
    );
    return cappedMs * (1 - JITTER + 2 * JITTER * Math.random());
  }
}

/** Seconds, or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get("retry-after");
  if (value === null || value === "") return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}
