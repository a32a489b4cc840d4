/** What is deployed: the runtime, and your services. `npx cdk deploy` runs it. */
import { join } from "node:path";
import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { PerdureRuntime, PerdureService } from "perdure/cdk";

const stack = new Stack(new App(), "{{stack}}");
const runtime = new PerdureRuntime(stack, "Runtime");
new PerdureService(stack, "Services", {
  runtime,
  entry: join(import.meta.dirname, "..", "src", "services.ts"),
});
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
