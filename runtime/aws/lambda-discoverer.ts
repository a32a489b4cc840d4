/** Asks a Lambda function version what it serves. */
import { InvokeCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { OperationalError } from "../../lib/errors.ts";
import { isFunctionVersion, type Reachable } from "../../lib/model/manifest.ts";
import { type DiscoveryRequest, type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { EXCERPT_CHARS_MAX } from "../../lib/limits/aws.ts";

/** For some seconds after a permission was given, IAM still answers like this. So does Lambda for a new version. */
const NOT_YET: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "ResourceConflictException",
  "ResourceNotFoundException",
  "ResourceNotReadyException",
]);

/** Throws {@link OperationalError} if the function was not reached, which may pass. Throws Error if its answer is wrong. */
export class LambdaDiscoverer {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient) {
    this.#client = client;
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
    const command = new InvokeCommand({
      FunctionName: address,
      Payload: Buffer.from(JSON.stringify(request)),
    });
    const { FunctionError: died, Payload = new Uint8Array() } = await this.#client
      .send(command)
      .catch((error: unknown) => {
        throw toDiscoveryError(error);
      });
    const text = Buffer.from(Payload).toString();
    if (died !== undefined) throw new Error(`the function failed: ${text.slice(0, EXCERPT_CHARS_MAX)}`);
    return JSON.parse(text) as DiscoveryResponse;
  }
}

function toDiscoveryError(error: unknown): unknown {
  if (error instanceof Error && NOT_YET.has(error.name)) {
    return new OperationalError("unavailable", `the function cannot be invoked: ${error.message}`, error);
  }
  return toOperational(error, "a discovery");
}
