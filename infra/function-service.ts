/**
 * Services of a function that is made elsewhere, as `PerdureService.fromFunction` returns them.
 *
 * What such a function needs is done to it here, if this app makes it: variables, permissions, that Lambda lets it be part of a
 * loop, and a timeout, if it has none.
 */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import {
  CfnFunction,
  type Function as LambdaFunction,
  type IFunction,
  type IVersion,
  RuntimeFamily,
} from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { allowHandler } from "./access.ts";
import { environmentFrom } from "./function.ts";
import { allowedServices, directAliasOf, handlerVariables, PerdureServiceBase } from "./service-base.ts";
import type { ServiceMailbox } from "./service-mailbox.ts";
import { claimNames } from "./service-names.ts";
import type { FunctionServiceProps } from "./service-props.ts";
import { tracingActions, tracingVariables } from "./tracing.ts";

export class FunctionService extends PerdureServiceBase {
  readonly function: IFunction;
  readonly services: readonly string[];
  readonly version: IVersion;
  readonly mailbox: ServiceMailbox | undefined;

  constructor(scope: Construct, id: string, props: FunctionServiceProps) {
    super(scope, id);
    const { runtime, services } = props;
    this.function = props.function;
    this.services = services;
    assertFits(props);
    claimNames(this, services, props);
    prepare(props);
    allowHandler(this, allowedServices(services, props), runtime.data, directAliasOf(props));
    const traced = tracingActions(runtime.handlerSettings.tracing);
    if (traced.length > 0) this.allow(traced, ["*"]);
    const { version, mailbox } = this.register(props, props.fingerprint);
    this.version = version;
    this.mailbox = mailbox;
  }

  /** Gives the function's role a permission. */
  allow(actions: string[], resources: string[], conditions?: Record<string, unknown>): void {
    const statement = new PolicyStatement({ actions, resources, ...(conditions ? { conditions } : {}) });
    if (this.function.grantPrincipal.addToPrincipalPolicy(statement).statementAdded) return;
    throw new TypeError(
      `${this.function.node.path} has a role that this app cannot change. Import the role with mutable: true, or give the function one of its own.`,
    );
  }
}

/** Undefined if another app makes it. */
const resourceOf = ({ function: given }: FunctionServiceProps): CfnFunction | undefined =>
  given.node.defaultChild instanceof CfnFunction ? given.node.defaultChild : undefined;

/** Throws `TypeError` with the reason, for what cannot serve. */
function assertFits(props: FunctionServiceProps): void {
  const { function: given, fingerprint } = props;
  const { path } = given.node;
  if ("lambda" in given)
    throw new TypeError(`${path} is a version or an alias. Pass the function: versions are published of it.`);
  if (resourceOf(props)) {
    const { name, family } = (given as LambdaFunction).runtime;
    if (family === undefined || family === RuntimeFamily.NODEJS || family === RuntimeFamily.OTHER) return;
    throw new TypeError(`${path} runs on ${name}. Handlers need Node.`);
  }
  if (!given.role)
    throw new TypeError(
      `${path} has no role that is known here. Import it by fromFunctionAttributes, with its role.`,
    );
  if (fingerprint !== undefined) return;
  throw new TypeError(
    `${path} is not made by this app. Call fromFunction in the app that makes it, or pass a fingerprint: a text that changes with its code. Then that app sets the variables of PerdureService.environmentOf(…) and recursiveLoop: ALLOW.`,
  );
}

/** Variables and settings that its maker does not know of. */
function prepare(props: FunctionServiceProps): void {
  const resource = resourceOf(props);
  if (!resource) return;
  const made = props.function as LambdaFunction;
  const traced = tracingVariables(props.runtime, props.runtime.handlerSettings.tracing);
  for (const [name, value] of Object.entries({ ...traced, ...environmentFrom(handlerVariables(props)) }))
    made.addEnvironment(name, value);
  resource.recursiveLoop = "Allow";
  if (made.timeout === undefined) resource.timeout = props.runtime.handlerSettings.turnTimeout.toSeconds();
}
