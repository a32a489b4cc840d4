/** Runs turns by invoking a Lambda function version and waiting for its answer. */
import { FunctionError } from "../../lib/errors.ts";
import type { Reached } from "../../lib/model/manifest.ts";
import type { Invoker } from "../../lib/ports.ts";
import { encodeTurnRequest, type TurnOutcome, type TurnRequest } from "../../lib/protocol.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { outcomeIn } from "../../lib/aws/function-answer.ts";
import { accepted, functionErrorIn, invocationPath } from "../../lib/aws/rest-service.ts";
import type { SignedHttp } from "../../lib/aws/signed-http.ts";
import { INVOKE_MS_MAX } from "../../lib/limits/aws.ts";

/** Nothing ran, but waiting helps: too many run already, or the function is not ready yet. */
const THROTTLED: ReadonlySet<string> = new Set([
  "EC2ThrottledException",
  "ResourceConflictException",
  "ResourceNotReadyException",
  "SnapStartNotReadyException",
  "TooManyRequestsException",
]);
/** Nothing ran, and waiting does not help. The text says what somebody must do. Most of these have the status 502, as if they
 * would pass, so only their names tell. */
const REFUSED: Readonly<Record<string, string>> = {
  AccessDeniedException: "the dispatcher's role must allow lambda:InvokeFunction on it",
  EC2AccessDeniedException: "its role may not set up its VPC access",
  EC2UnexpectedException: "its VPC access cannot be set up",
  EFSIOException: "its file system cannot be read",
  EFSMountConnectivityException: "its file system cannot be reached",
  EFSMountFailureException: "its file system cannot be mounted",
  EFSMountTimeoutException: "its file system cannot be mounted in time",
  ENILimitReachedException: "the VPC's network interfaces are used up",
  InvalidRuntimeException: "its runtime is not supported any longer",
  InvalidSecurityGroupIDException: "its security group does not exist",
  InvalidSubnetIDException: "its subnet does not exist",
  InvalidZipFileException: "its code cannot be unpacked",
  KMSAccessDeniedException: "its role may not decrypt its environment variables",
  KMSDisabledException: "the key of its environment variables is disabled",
  KMSInvalidStateException: "the key of its environment variables cannot be used",
  KMSNotFoundException: "the key of its environment variables does not exist",
  RecursiveInvocationException: "its recursive loop detection must be set to Allow",
  ResourceNotFoundException:
    "this version does not exist any longer: resume the invocation on another deployment, or kill it",
  SnapStartException: "its snapshot cannot be restored",
  SnapStartTimeoutException: "its snapshot cannot be restored in time",
  SubnetIPAddressLimitReachedException: "its subnet's addresses are used up",
};

/**
 * `deployment.address` is the qualified ARN of a function version. The event is the turn request as JSON. The answer is the
 * outcome as JSON: an object, not a string that holds one.
 *
 * Nothing stops a function once it runs. So a turn is let go of by dropping the connection: the function goes on
 * (docs/decisions/0025-long-turns-are-let-go.md).
 *
 * It asks once, but over a connection that was closed: the retry policy decides what follows. If that one had been read from, the
 * turn runs twice at once. That is harmless (J2).
 */
export class LambdaInvoker implements Invoker {
  readonly #http: Pick<SignedHttp, "sendAgain">;

  constructor(http: Pick<SignedHttp, "sendAgain">) {
    this.#http = http;
  }

  async invoke(deployment: Reached, request: TurnRequest, letGo?: AbortSignal): Promise<TurnOutcome> {
    const asked = {
      path: invocationPath(deployment.address),
      headers: { "content-type": "application/json", "x-amz-invocation-type": "RequestResponse" },
      body: encodeTurnRequest(request),
      timeoutMs: INVOKE_MS_MAX,
      signal: letGo,
    };
    try {
      const answer = accepted(await this.#http.sendAgain(asked));
      return outcomeIn(answer.body, functionErrorIn(answer));
    } catch (error) {
      throw toInvokeError(error);
    }
  }
}

function toInvokeError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof FunctionError) return error;
  const { name, message } = error;
  if (THROTTLED.has(name)) {
    return new FunctionError(
      "throttled",
      `the function was not run: ${name}${reasonOf(error)}: ${message}`,
      error,
    );
  }
  if (name === "RequestTooLargeException") {
    return new FunctionError(
      "too-large",
      `the turn's request is larger than Lambda takes: ${message}`,
      error,
    );
  }
  const remedy = REFUSED[name];
  if (remedy !== undefined) {
    // Callers may read this. AWS's own text names accounts and roles: it is in the log alone.
    return new FunctionError("refused", `the function was not run: ${remedy} (${name})`, error);
  }
  return toOperational(error, "an invocation");
}

/** Which limit it was: that of the account, of the function, or of the rate of calls. */
function reasonOf(error: Error & { readonly Reason?: unknown }): string {
  return typeof error.Reason === "string" ? ` (${error.Reason})` : "";
}
