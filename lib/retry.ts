/** Retry policies. Pauses grow exponentially. Attempts are bounded, and the policy says what happens at the bound. */
import {
  DELAY_MS_MAX,
  RETRY_FACTOR,
  RETRY_INITIAL_INTERVAL_MS,
  RETRY_MAX_ATTEMPTS,
  RETRY_MAX_INTERVAL_MS,
} from "./limits.ts";
import { askedDelayMs } from "./duration.ts";
import type { HandlerManifest, RetryPolicy, ServiceManifest } from "./model/manifest.ts";

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  initialIntervalMs: RETRY_INITIAL_INTERVAL_MS,
  maxIntervalMs: RETRY_MAX_INTERVAL_MS,
  factor: RETRY_FACTOR,
  maxAttempts: RETRY_MAX_ATTEMPTS,
  onMaxAttempts: "pause",
};

/** What the handler sets goes before what its service sets, and that before the default. */
export function retryPolicyOf(
  service: ServiceManifest | undefined,
  handler: HandlerManifest | undefined,
): RetryPolicy {
  return { ...DEFAULT_RETRY_POLICY, ...service?.retryPolicy, ...handler?.retryPolicy };
}

export type RetryDecision =
  | { readonly kind: "retry"; readonly delayMs: number }
  | { readonly kind: "pause" }
  | { readonly kind: "kill" };

/** What happens after attempt number `attempt` has failed; the first is 1. The `retryAfterMs` of an error goes before the
 * policy's delay. */
export function decideRetry(policy: RetryPolicy, attempt: number, retryAfterMs?: number): RetryDecision {
  // A manifest travels as JSON, in which "without end" (Infinity) is null.
  const attemptsMax = (policy.maxAttempts as number | null) ?? Number.POSITIVE_INFINITY;
  if (attempt >= attemptsMax) return { kind: policy.onMaxAttempts };
  return { kind: "retry", delayMs: askedDelayMs(retryAfterMs) ?? backoffMs(policy, attempt) };
}

/** The pause after attempt number `attempt`, in milliseconds. */
export function backoffMs(
  policy: Pick<RetryPolicy, "initialIntervalMs" | "maxIntervalMs" | "factor">,
  attempt: number,
): number {
  const ms = Math.round(policy.initialIntervalMs * policy.factor ** (attempt - 1));
  // Zero times a factor that has grown to infinity is no number.
  return Number.isNaN(ms) ? 0 : Math.min(policy.maxIntervalMs, ms, DELAY_MS_MAX);
}
