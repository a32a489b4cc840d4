/**
 * The app of test/cloud/moving.test.ts: deployments that fail, invocations that move to new code, and services that move from function
 * to function. What it deploys is said by `PERDURE_CLOUD_STAGE`.
 */
import { join } from "node:path";
import { CfnOutput } from "aws-cdk-lib";
import { PerdureService } from "../../infra/index.ts";
import { openRuntime } from "./open-runtime.ts";

interface Stage {
  /** What the first function's module is told. */
  readonly code: string;
  readonly services?: readonly string[];
  readonly formerServices?: readonly string[];
  readonly allowBreakingChanges?: boolean;
  readonly inFlight?: "block" | "move";
  /** Whether there is a second function. */
  readonly hasSecond?: boolean;
}

const STAGES: Readonly<Record<string, Stage>> = {
  before: { code: "both" },
  breaking: { code: "without a handler" },
  diverging: { code: "diverging", inFlight: "block" },
  allowed: { code: "without a handler", allowBreakingChanges: true, inFlight: "move" },
  hanging: { code: "hang" },
  throwing: { code: "throw" },
  split: { code: "one", services: ["Stays"], hasSecond: true },
  kept: { code: "one", services: ["Stays"], hasSecond: true, formerServices: ["Moves"] },
};

const entry = join(import.meta.dirname, "moving-handlers.ts");
const stage = STAGES[process.env["PERDURE_CLOUD_STAGE"] ?? "before"] ?? { code: "both" };

const { stack, runtime } = openRuntime();
const { code, hasSecond = false, services = ["Stays", "Moves"], ...settings } = stage;
const first = new PerdureService(stack, "First", {
  ...{ runtime, entry, services, ...settings },
  environment: { PERDURE_CLOUD_CODE: code, PERDURE_CLOUD_WHERE: "first" },
});
if (hasSecond) {
  new PerdureService(stack, "Second", {
    ...{ runtime, entry, services: ["Moves"] },
    environment: { PERDURE_CLOUD_CODE: "two", PERDURE_CLOUD_WHERE: "second" },
  });
}
new CfnOutput(stack, "InFlight", { value: first.inFlightReport });
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
