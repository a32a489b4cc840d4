/** The stack of a test's app, with a runtime that anybody may call. It leaves nothing behind. */
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { PerdureRuntime } from "../../infra/index.ts";
import { STACK } from "./cdk.ts";

export function openRuntime(): { readonly stack: Stack; readonly runtime: PerdureRuntime } {
  const stack = new Stack(new App({ analyticsReporting: false }), STACK);
  const runtime = new PerdureRuntime(stack, "Runtime", {
    removalPolicy: RemovalPolicy.DESTROY,
    ingressAuthorization: "open",
    turnTimeout: Duration.seconds(20),
    alarms: "none",
  });
  return { stack, runtime };
}
