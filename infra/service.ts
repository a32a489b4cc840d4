/** A user's handlers: one function, with a role that is confined to its services. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Stack } from "aws-cdk-lib";
import {
  type Architecture,
  Code,
  type Function as LambdaFunction,
  type IVersion,
} from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { TURN_TIMEOUT_MINUTES_MAX } from "../lib/limits/aws.ts";
import { allowHandler } from "./access.ts";
import { codeFolder } from "./code-folder.ts";
import { environmentFrom, PerdureFunction } from "./function.ts";
import { FunctionService } from "./function-service.ts";
import { type HandlerBundle, handlerBundle } from "./handler-bundle.ts";
import { nodeModulesFolder } from "./node-modules.ts";
import { tracingVariables } from "./tracing.ts";
import { within } from "./runtime-props.ts";
import { allowedServices, directAliasOf, handlerVariables, PerdureServiceBase } from "./service-base.ts";
import type { ServiceMailbox } from "./service-mailbox.ts";
import { claimNames, type NamesIn, namesIn } from "./service-names.ts";
import {
  type EntryProps,
  type FunctionServiceProps,
  passedOn,
  type PerdureServiceProps,
} from "./service-props.ts";

const MEMORY_MIB = 512;

export class PerdureService extends PerdureServiceBase {
  /** For a function that is made elsewhere, such as a `NodejsFunction`, of this stack or another one. */
  static fromFunction(scope: Construct, id: string, props: FunctionServiceProps): PerdureServiceBase {
    return new FunctionService(scope, id, props);
  }

  /** The variables that a function needs which another app makes: see `fromFunction`. */
  static environmentOf(
    props: Pick<FunctionServiceProps, "runtime" | "directCalls">,
  ): Readonly<Record<string, string>> {
    const { tracing } = props.runtime.handlerSettings;
    return { ...tracingVariables(props.runtime, tracing), ...environmentFrom(handlerVariables(props)) };
  }

  readonly handler: PerdureFunction;
  readonly services: readonly string[];
  /** The version that new invocations go to. */
  readonly version: IVersion;
  readonly mailbox: ServiceMailbox | undefined;

  constructor(scope: Construct, id: string, props: PerdureServiceProps) {
    super(scope, id);
    const { data, handlerSettings: settings } = props.runtime;
    const options = passedOn(props);
    const timeout = props.timeout ?? settings.turnTimeout;
    within("timeout, in seconds,", timeout.toSeconds(), 1, TURN_TIMEOUT_MINUTES_MAX * 60);
    const architecture = props.architecture ?? settings.architecture;
    const { code, handler, services, served } = this.#source(props, architecture);
    this.services = services;
    claimNames(this, services, props, served);
    this.handler = new PerdureFunction(this, "Handler", {
      description: `Perdure: ${services.join(", ")}`,
      code,
      handler,
      memoryMiB: props.memory ?? MEMORY_MIB,
      timeout,
      variables: handlerVariables(props),
      environment: props.environment ?? {},
      inLoop: true,
      reservedConcurrency: props.reservedConcurrency,
      architecture,
      runtime: settings.nodeRuntime,
      logRetention: props.logRetention ?? settings.logRetention,
      encryptionKey: settings.encryptionKey,
      tracing: settings.tracing,
      permissionsBoundary: props.permissionsBoundary,
      options,
    });
    allowHandler(this.handler, allowedServices(services, props), data, directAliasOf(props));
    const { version, mailbox } = this.register(props);
    this.version = version;
    this.mailbox = mailbox;
  }

  get function(): LambdaFunction {
    return this.handler.function;
  }

  #source(props: PerdureServiceProps, architecture: Architecture): Source {
    if (props.entry === undefined) {
      const { code, handler, services } = props;
      if (!(code as unknown)) throw new TypeError("PerdureService needs an `entry`, or `code` and `handler`");
      return { code, handler, services, served: [] };
    }
    const entry = existing(props.entry);
    const { awsSdk, tracing } = props.runtime.handlerSettings;
    const bundle = handlerBundle(entry, awsSdk, props.bundling, tracing !== false);
    const names = namesIn(this, props, { bundle, entry });
    const contents = new Map([...bundle.contents, ...this.#modules(entry, props, architecture)]);
    return { code: Code.fromAsset(codeFolder(contents)), handler: bundle.handler, ...names };
  }

  /** Not if this stack is not among those that are deployed: the installation takes seconds. */
  #modules(entry: string, { bundling }: EntryProps, architecture: Architecture): HandlerBundle["contents"] {
    const names = bundling?.nodeModules ?? [];
    if (names.length === 0 || !Stack.of(this).bundlingRequired) return new Map();
    return new Map([["node_modules", nodeModulesFolder(names, { entry, architecture })]]);
  }
}

interface Source extends NamesIn {
  readonly code: Code;
  readonly handler: string;
}

function existing(entry: string): string {
  const path = resolve(entry);
  if (existsSync(path)) return path;
  throw new Error(
    `entry: there is no file ${path}. A relative path starts at the working directory, which is that of cdk.json. For a path relative to this file use join(import.meta.dirname, "…"), or join(__dirname, "…") in CommonJS.`,
  );
}
