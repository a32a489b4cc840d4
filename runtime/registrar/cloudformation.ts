/**
 * CloudFormation's custom resources: an event names a URL, and the answer is put there. A stack waits long for a missing
 * answer. So an answer is sent in each case, also after an error, and before the function's time is over.
 */
import { asError } from "../../lib/errors.ts";
import { type Clock, elapse } from "../../lib/ports.ts";
import { digest } from "../../lib/hash.ts";
import type { Registrar, Registration } from "./registrar.ts";
import {
  dropSubscription,
  keepSubscription,
  SUBSCRIPTION_RESOURCE,
  type SubscriptionPorts,
} from "./subscription.ts";
import { CLOUDFORMATION_REASON_CHARS_MAX } from "../../lib/limits/aws.ts";
import { GATE_SAMPLE_MAX } from "../../lib/limits/replay.ts";

export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
  /** Absent: a deployment, as it is for tests and for stacks of earlier versions. */
  readonly ResourceType?: string;
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  /** Absent on creation. */
  readonly PhysicalResourceId?: string;
  /** All values are text, whatever types the template has. */
  readonly ResourceProperties: Readonly<Record<string, unknown>>;
  /** Of an update. */
  readonly OldResourceProperties?: Readonly<Record<string, unknown>>;
}

export interface ResourceAnswer {
  readonly Status: "SUCCESS" | "FAILED";
  readonly Reason?: string;
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  /** What `Fn::GetAtt` gives the rest of the stack. */
  readonly Data?: Readonly<Record<string, string>>;
}

/** The identity of a resource that was never created. Its deletion does nothing. */
const NOTHING = "nothing";

interface Answering {
  readonly clock: Clock;
  readonly leftMs: number;
  /** For subscriptions. */
  readonly items: SubscriptionPorts["items"];
}

/** Never rejects, and answers within `leftMs`. What goes on after that must not change anything any more. */
export async function answerTo(
  event: ResourceEvent,
  registrar: Registrar,
  { clock, leftMs, items }: Answering,
): Promise<ResourceAnswer> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId } = event;
  const common = { StackId, RequestId, LogicalResourceId };
  const late = elapse(clock, leftMs).then((): never => {
    throw new Error("it took longer than the registrar may run: deploy again");
  });
  const perform =
    event.ResourceType === SUBSCRIPTION_RESOURCE
      ? performSubscription(event, { items, clock })
      : performDeployment(event, registrar);
  try {
    return { ...common, Status: "SUCCESS", ...(await Promise.race([perform, late])) };
  } catch (error) {
    const Reason = asError(error).message.slice(0, CLOUDFORMATION_REASON_CHARS_MAX);
    return { ...common, Status: "FAILED", Reason, PhysicalResourceId: PhysicalResourceId ?? NOTHING };
  }
}

/** The resource's identity is the subscription's id. */
async function performSubscription(
  { RequestType, PhysicalResourceId = NOTHING, ResourceProperties }: ResourceEvent,
  ports: SubscriptionPorts,
): Promise<Pick<ResourceAnswer, "PhysicalResourceId">> {
  if (RequestType !== "Delete")
    return {
      PhysicalResourceId: await keepSubscription(ports, ResourceProperties, RequestType === "Create"),
    };
  await dropSubscription(ports, PhysicalResourceId);
  return { PhysicalResourceId };
}

/** The resource's identity is the function. If it changes, CloudFormation deletes the old resource. */
async function performDeployment(
  {
    RequestType,
    PhysicalResourceId = NOTHING,
    ResourceProperties,
    OldResourceProperties = {},
  }: ResourceEvent,
  registrar: Registrar,
): Promise<Pick<ResourceAnswer, "PhysicalResourceId" | "Data">> {
  if (RequestType === "Delete") {
    // What was never registered may have its mailbox all the same.
    await registrar.remove(PhysicalResourceId, mailboxIn(ResourceProperties));
    return { PhysicalResourceId };
  }
  const registration = registrationIn(ResourceProperties);
  const mailboxUrlBefore = mailboxIn(OldResourceProperties);
  const { versionArn: VersionArn, inFlight: InFlight } = await registrar.register({
    ...registration,
    accessBefore: accessIn(OldResourceProperties),
    ...(mailboxUrlBefore ? { mailboxUrlBefore } : {}),
  });
  const Version = VersionArn.slice(VersionArn.lastIndexOf(":") + 1);
  return { PhysicalResourceId: registration.functionArn, Data: { VersionArn, Version, InFlight } };
}

function registrationIn(properties: Readonly<Record<string, unknown>>): Registration {
  const { FunctionArn, VersionArn, Services, Breaking } = properties;
  const mailboxUrl = mailboxIn(properties);
  if (typeof FunctionArn !== "string" || !Array.isArray(Services)) {
    throw new TypeError("a registration needs FunctionArn and Services");
  }
  return {
    functionArn: FunctionArn,
    ...revisionIn(properties),
    services: Services.map(String),
    ...(typeof VersionArn === "string" ? {} : { formerServices: namesIn(properties["FormerServices"]) }),
    breaking: Breaking === "true" || Breaking === true,
    ...(mailboxUrl ? { mailboxUrl } : {}),
    ...gateIn(properties),
  };
}

/** Absent: a stack that asks for nothing, or of an earlier version. */
function gateIn({
  InFlight: policy,
  InFlightSample: sample,
}: Readonly<Record<string, unknown>>): Pick<Registration, "inFlight"> {
  if (policy === undefined) return {};
  if (policy !== "pin" && policy !== "block" && policy !== "move")
    throw new TypeError(`InFlight is none of pin, block, move: ${JSON.stringify(policy)}`);
  const count = Number(sample);
  if (!Number.isInteger(count) || count < 1 || count > GATE_SAMPLE_MAX)
    throw new TypeError(`InFlightSample is no whole number from 1 to ${GATE_SAMPLE_MAX}`);
  return { inFlight: { policy, sample: count } };
}

const accessIn = ({ Services, FormerServices }: Readonly<Record<string, unknown>>): readonly string[] => [
  ...namesIn(Services),
  ...namesIn(FormerServices),
];

/** An empty list may be left out. */
const namesIn = (list: unknown): readonly string[] => (Array.isArray(list) ? list.map(String) : []);

/** `VersionArn` is what stacks of earlier versions have. */
function revisionIn({
  VersionArn,
  Fingerprint,
  References = [],
}: Readonly<Record<string, unknown>>): Pick<Registration, "versionArn" | "fingerprint"> {
  if (typeof VersionArn === "string") return { versionArn: VersionArn };
  if (typeof Fingerprint !== "string") throw new TypeError("a registration needs a Fingerprint");
  return {
    fingerprint: Buffer.from(digest(15, Fingerprint, JSON.stringify(References))).toString("base64url"),
  };
}

function mailboxIn({ MailboxUrl }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof MailboxUrl === "string" ? MailboxUrl : undefined;
}
