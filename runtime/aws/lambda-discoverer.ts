/** Asks a Lambda function version what it serves. */
import { SPEAKS_RESTATE } from "../../lib/error-codes.ts";
import { OperationalError } from "../../lib/errors.ts";
import { isFunctionVersion, type Reachable } from "../../lib/model/manifest.ts";
import { type DiscoveryRequest, type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { functionErrorIn, invocationPath, type RestService } from "../../lib/aws/rest-service.ts";
import type { HttpAnswer } from "../../lib/aws/signed-http.ts";
import { FUNCTION_DISCOVERY_MS_MAX } from "../../lib/limits/aws.ts";
import { deathIn } from "./function-death.ts";

/** For some seconds after a permission was given, IAM still answers like this. So does Lambda for a new version. */
const NOT_YET: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "ResourceConflictException",
  "ResourceNotFoundException",
  "ResourceNotReadyException",
]);

/**
 * Throws {@link OperationalError} if the function was not reached, which may pass. Throws Error if its answer is wrong, or does not
 * come: a module that waits for something at load would be waited for until the function's timeout, and is started anew after that.
 */
export class LambdaDiscoverer {
  readonly #lambda: RestService;
  readonly #attempts: number;

  constructor(lambda: RestService, attempts = 1) {
    this.#lambda = lambda;
    this.#attempts = attempts;
  }

  /** The address is a qualified ARN. */
  async discover(deployment: Reachable): Promise<DiscoveryResponse> {
    const { address } = deployment;
    if (!isFunctionVersion(deployment)) {
      throw new OperationalError(
        "unavailable",
        "only versions of functions are reached from here, by their ARN",
      );
    }
    const request: DiscoveryRequest = { kind: "discover", version: PROTOCOL_VERSION };
    const answer = await this.#ask({ path: invocationPath(address), body: JSON.stringify(request) });
    const { body: text } = answer;
    if (functionErrorIn(answer) !== undefined) {
      const hint = RESTATE_SDK.test(text) ? `. If it was written for Restate: ${SPEAKS_RESTATE}` : "";
      throw new Error(`the function failed: ${deathIn(text)}${hint}`);
    }
    return JSON.parse(text) as DiscoveryResponse;
  }

  async #ask(asked: { readonly path: string; readonly body: string }): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      const late = AbortSignal.timeout(FUNCTION_DISCOVERY_MS_MAX);
      try {
        return await this.#lambda.ask({ ...asked, timeoutMs: 2 * FUNCTION_DISCOVERY_MS_MAX, signal: late });
      } catch (error) {
        if (!late.aborted) throw unreached(error, "a discovery");
        if (attempt === this.#attempts) throw new Error(SILENT, { cause: error });
      }
    }
  }
}

/** In the stack of its handler, which takes the request for one of API Gateway's. */
const RESTATE_SDK = /@restatedev\/restate-sdk/;
const SILENT = `the function has not said in ${FUNCTION_DISCOVERY_MS_MAX / 1000} seconds what it serves. Look for what its module waits for when it is loaded: a top-level await, a connection`;

/** An {@link OperationalError} that names `what` was asked, or else the error itself. */
export function unreached(error: unknown, what: string): unknown {
  if (error instanceof Error && NOT_YET.has(error.name)) {
    return new OperationalError("unavailable", `the function cannot be invoked: ${error.message}`, error);
  }
  return toOperational(error, what);
}
