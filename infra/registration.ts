/**
 * Registers a function's services with a runtime. The runtime's registrar publishes a version of the function first, so that
 * nothing is left in the way of the next deployment if this one fails (docs/decisions/0027).
 */
import { CustomResource, Duration, Lazy, Stack } from "aws-cdk-lib";
import { CfnAlias, CfnFunction, type IFunction, type IVersion, Version } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { digest } from "../lib/hash.ts";
import type { InFlightPolicy } from "../lib/model/in-flight-policy.ts";
import { REGISTRAR_MINUTES_MAX } from "../lib/limits/aws.ts";

interface RegistrationProps {
  readonly registrarArn: string;
  readonly function: IFunction;
  readonly services: readonly string[];
  readonly formerServices: readonly string[];
  readonly allowBreakingChanges: boolean;
  /** Absent: open invocations are not asked about. */
  readonly inFlight?: InFlightPolicy;
  readonly inFlightSample?: number;
  /** Of the services' own mailbox. */
  readonly mailboxUrl?: string;
  /** The alias by which handlers of the runtime invoke each other. Absent: they do not invoke this one. */
  readonly directAlias?: string | undefined;
  /** Changes with the function's code and settings. Needed if no template of the app makes the function. */
  readonly fingerprint?: string;
}

interface RegisteredFunction {
  readonly resource: CustomResource;
  /** What was published. */
  readonly version: IVersion;
}

/** An answer comes before that, unless the registrar itself cannot run. */
const SERVICE_TIMEOUT = Duration.minutes(REGISTRAR_MINUTES_MAX + 1);

/** Its ids are those of the stacks that earlier versions made: CloudFormation would delete what is registered with another one. */
export function registerWith(scope: Construct, props: RegistrationProps): RegisteredFunction {
  const { function: target, services, mailboxUrl, directAlias } = props;
  const resource = new CustomResource(scope, "Registration", {
    serviceToken: props.registrarArn,
    resourceType: "Custom::PerdureDeployment",
    serviceTimeout: SERVICE_TIMEOUT,
    properties: {
      FunctionArn: target.functionArn,
      Services: services,
      FormerServices: props.formerServices,
      Breaking: props.allowBreakingChanges,
      ...(mailboxUrl ? { MailboxUrl: mailboxUrl } : {}),
      ...(props.inFlight ? { InFlight: props.inFlight, InFlightSample: props.inFlightSample } : {}),
      ...revisionOf(scope, target, props.fingerprint),
    },
  });
  // After the version is registered: until then, and if it is refused, calls find the one before behind it.
  if (directAlias !== undefined) {
    const { functionName } = target;
    const functionVersion = resource.getAttString("Version");
    new CfnAlias(scope, "Direct", { name: directAlias, functionName, functionVersion });
  }
  const version = Version.fromVersionArn(scope, "Version", resource.getAttString("VersionArn"));
  return { resource, version };
}

/** No part of a version. */
const UNVERSIONED = ["CodeSigningConfigArn", "ReservedConcurrentExecutions", "Tags"];

/** Two properties that change when another version would be published, and so make CloudFormation ask for one. */
function revisionOf(
  scope: Construct,
  target: IFunction,
  fingerprint: string | undefined,
): Record<string, unknown> {
  if (fingerprint !== undefined) return { Fingerprint: fingerprint };
  const resource = target.node.defaultChild;
  if (!(resource instanceof CfnFunction))
    throw new RangeError(`${target.node.path}: no template of this app makes it, so it needs a fingerprint`);
  // When the template is written: others may change the function until then.
  const settings = (): unknown => settingsOf(resource);
  const revision = { Fingerprint: Lazy.string({ produce: () => hex(JSON.stringify(settings())) }) };
  // They mean something in the function's own stack alone.
  if (Stack.of(resource) !== Stack.of(scope)) return revision;
  return {
    ...revision,
    // Not kept from the first time: what is of another stack is an import only when the app has been prepared.
    References: Lazy.uncachedAny({ produce: () => referencesIn(settings()) }),
  };
}

const hex = (text: string): string => Buffer.from(digest(16, text)).toString("hex");

function settingsOf(resource: CfnFunction): unknown {
  // oxlint-disable-next-line no-underscore-dangle -- nothing else tells what the template will say
  const template = resource._toCloudFormation();
  const { Resources } = Stack.of(resource).resolve(template) as {
    Resources: Record<string, { Properties?: Record<string, unknown> }>;
  };
  const [properties = {}] = Object.values(Resources).map(({ Properties }) => Properties);
  const versioned = Object.entries(properties).filter(([name]) => !UNVERSIONED.includes(name));
  return Object.fromEntries(versioned.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const REFERENCE = /^(Ref|Fn::GetAtt|Fn::ImportValue)$/;

/** What the settings name of other resources. It can change although the text of the template stays: a queue is replaced, a
 * parameter gets another value. */
function referencesIn(value: unknown): unknown[] {
  const found = new Map<string, unknown>();
  const look = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    const [first, ...others] = Object.entries(part) as [string, unknown][];
    const isReference = first !== undefined && others.length === 0 && REFERENCE.test(first[0]);
    if (isReference && !String(first[1]).startsWith("AWS::")) found.set(JSON.stringify(part), part);
    else for (const each of Object.values(part)) look(each);
  };
  look(value);
  return [...found.keys()].toSorted().map((text) => found.get(text));
}
