/**
 * What a service's function may be given. Props that Lambda functions of the CDK have too keep their names and types, and are
 * handed on. What the engine sets itself is refused with the reason.
 */
import type { Duration } from "aws-cdk-lib";
import type { IManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { Architecture, Code, FunctionOptions, IFunction } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { ENVIRONMENT } from "../lib/environment.ts";
import type { InFlightPolicy } from "../lib/model/in-flight-policy.ts";
import type { BundlingOptions } from "./bundling.ts";
import type { PerdureRuntimeBase } from "./runtime-base.ts";
import type { ServiceMailboxProps } from "./service-mailbox.ts";

/** Handed on to the function as they are. */
const PASSED_ON = [
  ...(["vpc", "vpcSubnets", "securityGroups", "allowAllOutbound", "allowAllIpv6Outbound"] as const),
  ...(["ipv6AllowedForDualStack", "allowPublicSubnet", "filesystem", "ephemeralStorageSize"] as const),
  ...(["layers", "tracing", "insightsVersion", "adotInstrumentation", "paramsAndSecrets"] as const),
  ...(["functionName", "description", "initialPolicy", "codeSigningConfig"] as const),
] satisfies readonly (keyof FunctionOptions)[];

/** These props of a CDK function, by the same names: its network, layers, tracing, disks, and name. */
export type PassedOn = Pick<FunctionOptions, (typeof PASSED_ON)[number]>;

export interface ServiceFunctionProps extends PassedOn {
  /** MiB. @default 512 */
  readonly memory?: number;
  /** At most 15 minutes. @default the runtime's turnTimeout */
  readonly timeout?: Duration;
  /** @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** @default none: as many as the dispatcher asks for */
  readonly reservedConcurrency?: number;
  /** @default the runtime's */
  readonly architecture?: Architecture;
  /** @default the runtime's */
  readonly logRetention?: RetentionDays;
  /** The most that the function's role may ever do. @default none, but what `PermissionsBoundary.of(scope)` sets */
  readonly permissionsBoundary?: IManagedPolicy;
}

/** The code is bundled here. */
export interface EntryProps {
  /**
   * The file that exports the services, or a `handler` made of them. A relative path starts at the working directory, which is that
   * of `cdk.json`.
   */
  readonly entry: string;
  /**
   * The names of the services in the file. The function's role is confined to them.
   * @default what the file serves: it is bundled, loaded in a process of its own, and asked
   */
  readonly services?: readonly string[];
  readonly bundling?: BundlingOptions;
  readonly code?: never;
  readonly handler?: never;
}

/** The code is a build of your own. */
export interface CodeProps {
  readonly code: Code;
  /** Where in the code the handler is that `createLambdaHandler` has made: `"index.handler"`. */
  readonly handler: string;
  readonly services: readonly string[];
  readonly entry?: never;
  readonly bundling?: never;
}

export interface RegisteredProps {
  readonly runtime: PerdureRuntimeBase;
  /**
   * Services that earlier versions of the file had, and that have moved to another file or are not called any more. The role keeps
   * access to their items, so what is in flight on those versions ends there. A deployment says when a name is missing here.
   * @default none
   */
  readonly formerServices?: readonly string[];
  /**
   * The construct that had these services before, and has them still, so that what is in flight ends there. Calls go to whichever was
   * deployed last: leave that one as it is until you take it away (docs/operations.md).
   * @default none: a service that another construct has fails the synth
   */
  readonly replaces?: Construct;
  /**
   * Registers a version even if it removes a handler or changes its kind, although others may call it. A service that it has no more
   * is given up, with what is in flight of it on earlier versions, unless `formerServices` names it.
   * @default false: the deployment fails and is rolled back
   */
  readonly allowBreakingChanges?: boolean;
  /**
   * What becomes of invocations that are open when new code is deployed (docs/deploy.md). Before it takes over, it replays their journals
   * without effects.
   *
   * - `"pin"`: they end on the version that they began on.
   * - `"block"`: the same. If a journal does not fit the new code, the deployment fails and says which ones, at which operation.
   * - `"move"`: those whose journals fit go on with the new code. The others end where they are.
   *
   * What was not tried never fails a deployment: beyond `inFlightSample`, too large, out of time.
   * @default "pin"
   */
  readonly inFlight?: InFlightPolicy;
  /**
   * How many open invocations are replayed at most, the newest and the oldest ones. Each costs a read. With `"pin"`, what was found is in the
   * registrar's log and in `inFlightReport`.
   * @default 500; with `"pin"` none
   */
  readonly inFlightSample?: number;
  /** Whether its handlers invoke those of other services, and are invoked by them, without a message. @default the runtime's */
  readonly directCalls?: boolean;
  /**
   * A mailbox of its own, with dispatchers of its own: so its slow turns, and what is queued for it, make no other service wait. It costs
   * $0.32 a month, and one queue more for each message. Taken away, the deployment waits until it is empty, and fails if it does not
   * get so.
   * @default the runtime's mailbox, with all other services
   */
  readonly mailbox?: ServiceMailboxProps;
}

export type PerdureServiceProps = RegisteredProps & ServiceFunctionProps & (EntryProps | CodeProps);

/** For a function that is made elsewhere. */
export interface FunctionServiceProps extends RegisteredProps {
  /** Its handler is made by `createLambdaHandler`. */
  readonly function: IFunction;
  readonly services: readonly string[];
  /**
   * Changes with the function's code and settings, so that a version is published: a commit, for instance. If another app makes the
   * function, it is needed, and that app sets the variables of `PerdureService.environmentOf(…)` and `recursiveLoop: ALLOW`.
   * @default derived from the template of the function
   */
  readonly fingerprint?: string;
}

const ELSEWHERE = "Use PerdureService.fromFunction for a function that has it.";
const NEVER_ASYNC = "Handlers are invoked and waited for: what fails is tried again by the engine.";

/** Props of a CDK function that a service's function cannot have. TypeScript refuses them too, if it sees them. */
const REFUSED: Readonly<Record<string, string>> = {
  memorySize: "It is called `memory`.",
  reservedConcurrentExecutions: "It is called `reservedConcurrency`.",
  environmentEncryption: "The runtime's `encryptionKey` says it.",
  recursiveLoop: "It is always allowed: handlers, queues and dispatchers are a loop.",
  role: `A service has a role of its own, confined to its services. ${ELSEWHERE}`,
  logGroup: `A service has a log group of its own. ${ELSEWHERE}`,
  currentVersionOptions: "The runtime publishes versions, and deletes those that nothing needs.",
  provisionedConcurrentExecutions:
    "Invocations stay on the version that they began on, so each version that is kept would cost its provision.",
  snapStart: "Lambda has none for Node.",
  ...Object.fromEntries(
    [
      ...["deadLetterQueue", "deadLetterQueueEnabled", "deadLetterTopic", "onFailure", "onSuccess"],
      ...["retryAttempts", "maxEventAge"],
    ].map((name) => [name, NEVER_ASYNC]),
  ),
  events:
    "Its handler takes Perdure's requests only. Let the source call the ingress, or use another function.",
};

/** Throws `TypeError` for what the engine sets itself. */
export function passedOn(props: PerdureServiceProps): PassedOn {
  for (const name of Object.keys(props)) {
    const reason = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined;
    if (reason !== undefined) throw new TypeError(`PerdureService takes no \`${name}\`. ${reason}`);
  }
  for (const name of Object.keys(props.environment ?? {}))
    if (OWN_VARIABLES.has(name))
      throw new TypeError(`environment: ${name} is one of Perdure's own variables. The construct sets it.`);
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => (props[name] === undefined ? [] : [[name, props[name]]])),
  );
}

const OWN_VARIABLES: ReadonlySet<string> = new Set(Object.values(ENVIRONMENT));
