// JavaScript, since the packages of the peers are not there to be checked against.
import { withDurableExecution } from "@aws/durable-execution-sdk-js";

export const handler = withDurableExecution(
  async (name, ctx) => await ctx.step("greet", async () => `hello ${name}`),
);

/** As the SDK does before its first checkpoint. */
export async function ready() {
  const { LambdaClient } = await import("@aws-sdk/client-lambda");
  return new LambdaClient({});
}
