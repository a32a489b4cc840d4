/** Tracing in a function of Lambda: its spans are sent when it has answered, to a collector or to X-Ray. */
import { systemClock } from "../clock.ts";
import type { Environment } from "../environment.ts";
import { SPANS_FLUSH_BEFORE_MS_MAX, SPANS_FLUSH_MS_MAX } from "../limits/tracing.ts";
import type { Logger } from "../ports.ts";
import type { PostSpans } from "../tracing/exporter.ts";
import type { TracingSettings } from "../tracing/settings.ts";
import { Tracing } from "../tracing/tracing.ts";
import { AfterAnswer } from "./after-answer.ts";
import { httpTo } from "./clients.ts";

export interface LambdaTracing {
  readonly tracing: Tracing;
  /** Call it when the function is about to answer, and wait for it. */
  answered(): Promise<void>;
}

const X_RAY = /^xray[.-][\w.-]*amazonaws\.com(\.cn)?$/;

/** `undefined`: tracing is off. Call it while the function initialises. */
export async function lambdaTracing(
  environment: Environment,
  logger: Logger,
  dropped?: (count: number) => void,
): Promise<LambdaTracing | undefined> {
  const tracing = Tracing.from(environment, {
    ...{ clock: systemClock, logger, fetch },
    postTo: (settings) => toXRay(environment, settings),
    ...(dropped ? { dropped } : {}),
  });
  if (!tracing) return undefined;
  const { exporter } = tracing;
  const api = environment["AWS_LAMBDA_RUNTIME_API"];
  const failed = (reason: string): void =>
    logger.log("warn", "spans are sent before the answer, which comes later for it", { reason });
  const after = api
    ? await AfterAnswer.register(api, async () => await exporter.flush(SPANS_FLUSH_MS_MAX), failed)
    : undefined;
  return {
    tracing,
    answered: async () => {
      if (after) after.answered();
      else await exporter.flush(SPANS_FLUSH_BEFORE_MS_MAX);
    },
  };
}

/** X-Ray takes OTLP with a signature. Others are asked without one. */
function toXRay(environment: Environment, settings: TracingSettings): PostSpans | undefined {
  const { protocol, hostname, origin, pathname } = new URL(settings.endpoint);
  if (protocol !== "https:" || !X_RAY.test(hostname)) return undefined;
  const http = httpTo(environment, "xray", origin);
  return async (body) => {
    const headers = { "content-type": "application/json" };
    const { status } = await http.sendAgain({ path: pathname, headers, body, timeoutMs: settings.timeoutMs });
    return { status };
  };
}
