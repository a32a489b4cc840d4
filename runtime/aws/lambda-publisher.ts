/** Publishes versions of Lambda functions. */
import { OperationalError } from "../../lib/errors.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import type { RestService } from "../../lib/aws/rest-service.ts";
import { LambdaVersions } from "./lambda-versions.ts";

/** A permission that was just given, or an update of the function that is not over. */
const NOT_YET: ReadonlySet<string> = new Set(["AccessDeniedException", "ResourceConflictException"]);
const GONE = "ResourceNotFoundException";

/** Of a version's configuration. */
interface Published {
  readonly Version?: string;
  readonly Description?: string;
  readonly State?: string;
  readonly StateReason?: string;
}

const pathOf = (arn: string): string => `/2015-03-31/functions/${encodeURIComponent(arn)}`;

export class LambdaPublisher extends LambdaVersions {
  readonly #lambda: RestService;

  constructor(lambda: RestService) {
    super(lambda);
    this.#lambda = lambda;
  }

  async publish(
    functionArn: string,
    description: string,
  ): Promise<{ readonly arn: string; readonly description: string }> {
    const body = JSON.stringify({ Description: description });
    try {
      const answer = await this.#lambda.ask({ path: `${pathOf(functionArn)}/versions`, body });
      const { Version, Description = "" } = JSON.parse(answer.body) as Published;
      if (Version === undefined) throw new Error("Lambda's answer names no version");
      return { arn: `${functionArn}:${Version}`, description: Description };
    } catch (error) {
      throw toPublishing(error, "publishing a version");
    }
  }

  /** Throws `Error` with Lambda's reason if it can never be invoked. */
  async state(arn: string): Promise<"ready" | "preparing" | "gone"> {
    try {
      const answer = await this.#lambda.ask({ method: "GET", path: `${pathOf(arn)}/configuration` });
      const { State, StateReason = "" } = JSON.parse(answer.body) as Published;
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
