/** The examples as a CDK app, which `cdk.json` runs. When the stack is deleted, everything is deleted, also the tables. */
import { join } from "node:path";
import { App, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PerdureRuntime, PerdureService } from "./index.ts";

/** What each file of the examples serves. */
export const SERVICES: Readonly<Record<string, readonly string[]>> = {
  "01-greeter": ["Greeter"],
  "02-bank-account": ["Account", "Transfer"],
  "03-order-saga": ["Order", "PaymentGateway", "Warehouse", "Courier"],
  "04-signup": ["Signup", "UserAccount", "Outbox"],
};

export const stack = new Stack(new App({ analyticsReporting: false }), "Perdure", {
  description: "Perdure and its examples",
});
const runtime = new PerdureRuntime(stack, "Runtime", { removalPolicy: RemovalPolicy.DESTROY });
for (const [name, services] of Object.entries(SERVICES)) {
  const entry = join(import.meta.dirname, "..", "examples", `${name}.ts`);
  new PerdureService(stack, name, { runtime, entry, services });
}
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
