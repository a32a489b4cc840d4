/** The examples as an app: what `cdk.json` runs. Everything goes when the stacks go, the tables too. */
import { join } from "node:path";
import { App, CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PerdureRuntime, PerdureService } from "./index.ts";

const examples = join(import.meta.dirname, "..", "examples");

const app = new App({ analyticsReporting: false });
const stack = new Stack(app, "Perdure", { description: "Perdure and its examples" });
const runtime = new PerdureRuntime(stack, "Runtime", { removalPolicy: RemovalPolicy.DESTROY });
new PerdureService(stack, "Greeter", {
  runtime,
  entry: join(examples, "01-greeter.ts"),
  services: ["Greeter"],
});
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
