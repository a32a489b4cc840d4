/**
 * The app of test/cloud/moving.test.ts: deployments that fail, and services that move from function to function. What it deploys is
 * said by `PERDURE_CLOUD_STAGE`.
 */
import { join } from "node:path";
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PerdureRuntime, PerdureService } from "../../infra/index.ts";
import { STACK } from "./cdk.ts";

interface Stage {
  /** What the first function's module is told. */
  readonly code: string;
  readonly services?: readonly string[];
  readonly formerServices?: readonly string[];
  readonly allowBreakingChanges?: boolean;
  /** Whether there is a second function. */
  readonly hasSecond?: boolean;
}

const STAGES: Readonly<Record<string, Stage>> = {
  before: { code: "both" },
  breaking: { code: "without a handler" },
  allowed: { code: "without a handler", allowBreakingChanges: true },
  hanging: { code: "hang" },
  throwing: { code: "throw" },
  split: { code: "one", services: ["Stays"], hasSecond: true },
  kept: { code: "one", services: ["Stays"], hasSecond: true, formerServices: ["Moves"] },
};

const entry = join(import.meta.dirname, "moving-handlers.ts");
const stage = STAGES[process.env["PERDURE_CLOUD_STAGE"] ?? "before"] ?? { code: "both" };

const app = new App({ analyticsReporting: false });
const stack = new Stack(app, STACK);
const runtime = new PerdureRuntime(stack, "Runtime", {
  removalPolicy: RemovalPolicy.DESTROY,
  ingressAuthorization: "open",
  turnTimeout: Duration.seconds(20),
  alarms: "none",
});
const { code, hasSecond = false, services = ["Stays", "Moves"], ...settings } = stage;
new PerdureService(stack, "First", {
  ...{ runtime, entry, services, ...settings },
  environment: { PERDURE_CLOUD_CODE: code, PERDURE_CLOUD_WHERE: "first" },
});
if (hasSecond) {
  new PerdureService(stack, "Second", {
    ...{ runtime, entry, services: ["Moves"] },
    environment: { PERDURE_CLOUD_CODE: "two", PERDURE_CLOUD_WHERE: "second" },
  });
}
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
