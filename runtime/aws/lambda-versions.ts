/** Removes versions of Lambda functions. */
import { DeleteFunctionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import { toOperational } from "../../lib/aws/fault.ts";

const VERSION_ARN = /^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+):(\d+)$/;

export class LambdaVersions {
  readonly #client: LambdaClient;

  constructor(client: LambdaClient) {
    this.#client = client;
  }

  /** Harmless to repeat. Does nothing if the address is not a version's: then it is not ours to remove. */
  async remove(address: string): Promise<void> {
    const [, functionArn, version] = VERSION_ARN.exec(address) ?? [];
    if (functionArn === undefined || version === undefined) return;
    const command = new DeleteFunctionCommand({ FunctionName: functionArn, Qualifier: version });
    try {
      await this.#client.send(command);
    } catch (error) {
      if (error instanceof Error && error.name === "ResourceNotFoundException") return;
      throw toOperational(error, "the removal of a version");
    }
  }
}
