/** Publishes versions of Lambda functions. */
import {
  GetFunctionConfigurationCommand,
  type LambdaClient,
  PublishVersionCommand,
} from "@aws-sdk/client-lambda";
import { OperationalError } from "../../lib/errors.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import { LambdaVersions } from "./lambda-versions.ts";

/** A permission that was just given, or an update of the function that is not over. */
const NOT_YET: ReadonlySet<string> = new Set(["AccessDeniedException", "ResourceConflictException"]);
const GONE = "ResourceNotFoundException";

export class LambdaPublisher extends LambdaVersions {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient) {
    super(client);
    this.#client = client;
  }

  async publish(
    functionArn: string,
    description: string,
  ): Promise<{ readonly arn: string; readonly description: string }> {
    const command = new PublishVersionCommand({ FunctionName: functionArn, Description: description });
    try {
      const { Version, Description = "" } = await this.#client.send(command);
      if (Version === undefined) throw new Error("Lambda's answer names no version");
      return { arn: `${functionArn}:${Version}`, description: Description };
    } catch (error) {
      throw toPublishing(error, "publishing a version");
    }
  }

  /** Throws `Error` with Lambda's reason if it can never be invoked. */
  async state(arn: string): Promise<"ready" | "preparing" | "gone"> {
    try {
      const command = new GetFunctionConfigurationCommand({ FunctionName: arn });
      const { State, StateReason = "" } = await this.#client.send(command);
      if (State === "Failed") throw new Error(`the version ${arn} cannot be used: ${StateReason}`);
      // One that was not invoked for weeks is woken by an invocation.
      return State === "Pending" ? "preparing" : "ready";
    } catch (error) {
      if (error instanceof Error && error.name === GONE) return "gone";
      throw toPublishing(error, "a look at a version");
    }
  }
}

function toPublishing(error: unknown, action: string): unknown {
  if (error instanceof Error && NOT_YET.has(error.name))
    return new OperationalError("unavailable", `${action} is not possible yet: ${error.message}`, error);
  return toOperational(error, action);
}
