/** The stack's output that `perdure --stack` reads (docs/decisions/0036-the-command-line.md). */
import { CfnOutput, Stack } from "aws-cdk-lib";
import type { FunctionUrl } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import type { PerdureFunction } from "./function.ts";
import type { RuntimeSettings } from "./runtime-props.ts";
import type { PerdureTables } from "./tables.ts";
import { STACK_OUTPUT_VERSION, type StackOutput } from "../lib/stack-output.ts";

interface Told {
  readonly runtimeName: string;
  readonly settings: RuntimeSettings;
  readonly tables: PerdureTables;
  readonly ingress: { readonly url: string };
  readonly ingressFunctionUrl: FunctionUrl | undefined;
  readonly functions: { readonly admin?: PerdureFunction };
}

/** `adminUrl`: of a runtime whose admin API is an HTTP API. */
export function tellCommandLine(runtime: Construct & Told, adminUrl: string | undefined): void {
  const { ingressAuthorization: access, ingressFunctionUrl: urlAccess } = runtime.settings;
  const { tables, ingressFunctionUrl } = runtime;
  const adminFunction = runtime.functions.admin?.function.functionName;
  const output: StackOutput = {
    ...{ perdure: STACK_OUTPUT_VERSION, runtime: runtime.runtimeName, ingress: runtime.ingress.url },
    ...(adminUrl === undefined ? (adminFunction ? { adminFunction } : {}) : { admin: adminUrl }),
    ingressAccess: typeof access === "string" ? access : "other",
    ...(urlAccess && ingressFunctionUrl
      ? { ingressUrl: ingressFunctionUrl.url, ingressUrlAccess: urlAccess }
      : {}),
    journal: tables.journal.tableName,
    ...{ state: tables.state.tableName, registry: tables.registry.tableName },
  };
  new CfnOutput(runtime, "CommandLine", {
    description: "Perdure: what `perdure --stack` reads",
    value: Stack.of(runtime).toJsonString(output),
  });
}
