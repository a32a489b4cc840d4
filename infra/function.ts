/**
 * A Lambda function like all functions of the stack: arm64, a current Node, a log group of its own with a retention, and a
 * role of its own. At first the role may only write to that log group. access.ts grants the rest.
 */
import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import {
  Effect,
  type IManagedPolicy,
  Policy,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  type FunctionOptions,
  RecursiveLoop,
  Runtime,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { ENVIRONMENT, type EnvironmentVariable } from "../lib/environment.ts";
import { HANDLER } from "./bundle.ts";
import { type TracingSetting, tracingActions, tracingVariables } from "./tracing.ts";

export type Variables = Partial<Record<EnvironmentVariable, string>>;

export interface FunctionSettings {
  readonly architecture: Architecture;
  readonly runtime: Runtime;
  readonly logRetention: RetentionDays;
  readonly encryptionKey: IKey | undefined;
  readonly tracing: TracingSetting;
}

/** What Lambda needs for a function in a VPC. It cannot be confined to some of them: they are not there yet. */
const NETWORK_INTERFACES = [
  ...["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"],
  ...["ec2:DescribeSubnets", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"],
];

export const DEFAULT_ARCHITECTURE = Architecture.ARM_64;
export const DEFAULT_RUNTIME = Runtime.NODEJS_24_X;

export interface PerdureFunctionProps extends FunctionSettings {
  readonly description: string;
  readonly code: Code;
  /** @default where the bundle has it */
  readonly handler?: string;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly variables: Variables;
  /** The user's own variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it is part of the loop mailbox → dispatcher → handler → mailbox. Lambda stops such a loop after 16 rounds, unless
   * it is allowed. */
  readonly inLoop: boolean;
  readonly reservedConcurrency: number | undefined;
  readonly permissionsBoundary?: IManagedPolicy | undefined;
  /** What else a user's function has. */
  readonly options?: FunctionOptions;
}

export class PerdureFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: PerdureFunctionProps) {
    super(scope, id);
    const { encryptionKey, reservedConcurrency, permissionsBoundary, options = {} } = props;
    const logGroup = new LogGroup(this, "Logs", {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
    this.role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      ...(permissionsBoundary ? { permissionsBoundary } : {}),
    });
    this.allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logGroup.logGroupArn]);
    if (options.vpc) this.allow(NETWORK_INTERFACES, ["*"]);
    const traced = tracingActions(props.tracing);
    if (traced.length > 0) this.allow(traced, ["*"]);
    this.function = new LambdaFunction(this, "Function", {
      description: props.description,
      ...options,
      code: props.code,
      handler: props.handler ?? HANDLER,
      runtime: props.runtime,
      architecture: props.architecture,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      role: this.role,
      logGroup,
      environment: {
        ...tracingVariables(this, props.tracing),
        ...props.environment,
        ...environmentFrom(props.variables),
      },
      ...(props.inLoop ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: reservedConcurrency }),
      ...(encryptionKey ? { environmentEncryption: encryptionKey } : {}),
    });
    if (options.vpc) this.#keepNetworkFromCode();
  }

  /** Lambda makes the network interfaces in the function's role. The code in it has no business there. */
  #keepNetworkFromCode(): void {
    const conditions = { ArnEquals: { "lambda:SourceFunctionArn": this.function.functionArn } };
    const denied = { effect: Effect.DENY, actions: NETWORK_INTERFACES, resources: ["*"], conditions };
    new Policy(this, "NetworkAccess", { roles: [this.role], statements: [new PolicyStatement(denied)] });
  }

  allow(actions: string[], resources: string[], conditions?: Record<string, unknown>): void {
    const statement = { actions, resources, ...(conditions ? { conditions } : {}) };
    this.role.addToPrincipalPolicy(new PolicyStatement(statement));
  }
}

/** By the names that the functions know them by. */
export function environmentFrom(variables: Variables): Record<string, string> {
  const entries = Object.entries(variables) as [EnvironmentVariable, string][];
  return Object.fromEntries(entries.map(([variable, value]) => [ENVIRONMENT[variable], value]));
}
