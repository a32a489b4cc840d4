/** Removes versions of Lambda functions. */
import { toOperational } from "../../lib/aws/fault.ts";
import type { RestService } from "../../lib/aws/rest-service.ts";

const VERSION_ARN = /^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+):(\d+)$/;

/** It has gone already. Or it is the function's newest, which its alias stands for, and goes with the function. */
const STAYS: ReadonlySet<string> = new Set(["ResourceNotFoundException", "ResourceConflictException"]);

export class LambdaVersions {
  readonly #lambda: RestService;

  constructor(lambda: RestService) {
    this.#lambda = lambda;
  }

  /** Harmless to repeat. Does nothing if the address is not a version's: then it is not ours to remove. */
  async remove(address: string): Promise<void> {
    const [, functionArn, version] = VERSION_ARN.exec(address) ?? [];
    if (functionArn === undefined || version === undefined) return;
    const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}`;
    try {
      await this.#lambda.ask({ method: "DELETE", path, query: `Qualifier=${version}` });
    } catch (error) {
      if (error instanceof Error && STAYS.has(error.name)) return;
      throw toOperational(error, "the removal of a version");
    }
  }
}
