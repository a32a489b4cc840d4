/**
 * CloudFormation's custom resources: an event names a URL, and the answer is put there. A stack waits an hour for a missing
 * answer. So an answer is sent in each case, also after an error.
 */
import { asError } from "../../lib/errors.ts";
import type { Registrar, Registration } from "./registrar.ts";
import { CLOUDFORMATION_REASON_CHARS_MAX } from "../../lib/limits/aws.ts";

export interface ResourceEvent {
  readonly RequestType: "Create" | "Update" | "Delete";
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
}

/** The identity of a resource that was never created. Its deletion does nothing. */
const NOTHING = "nothing";

/** Never rejects. */
export async function answerTo(event: ResourceEvent, registrar: Registrar): Promise<ResourceAnswer> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId } = event;
  const common = { StackId, RequestId, LogicalResourceId };
  try {
    return { ...common, Status: "SUCCESS", PhysicalResourceId: await perform(event, registrar) };
  } catch (error) {
    const Reason = asError(error).message.slice(0, CLOUDFORMATION_REASON_CHARS_MAX);
    return { ...common, Status: "FAILED", Reason, PhysicalResourceId: PhysicalResourceId ?? NOTHING };
  }
}

/** Answers the resource's identity, which is the function. If it changes, CloudFormation deletes the old resource. */
async function perform(
  {
    RequestType,
    PhysicalResourceId = NOTHING,
    ResourceProperties,
    OldResourceProperties = {},
  }: ResourceEvent,
  registrar: Registrar,
): Promise<string> {
  if (RequestType === "Delete") {
    // What was never registered may have its mailbox all the same.
    await registrar.remove(PhysicalResourceId, mailboxIn(ResourceProperties));
    return PhysicalResourceId;
  }
  const registration = registrationIn(ResourceProperties);
  const mailboxUrlBefore = mailboxIn(OldResourceProperties);
  await registrar.register({ ...registration, ...(mailboxUrlBefore ? { mailboxUrlBefore } : {}) });
  return registration.functionArn;
}

function registrationIn(properties: Readonly<Record<string, unknown>>): Registration {
  const { FunctionArn, VersionArn, Services, Breaking } = properties;
  const mailboxUrl = mailboxIn(properties);
  if (typeof FunctionArn !== "string" || typeof VersionArn !== "string" || !Array.isArray(Services)) {
    throw new TypeError("a registration needs FunctionArn, VersionArn and Services");
  }
  return {
    functionArn: FunctionArn,
    versionArn: VersionArn,
    services: Services.map(String),
    breaking: Breaking === "true" || Breaking === true,
    ...(mailboxUrl ? { mailboxUrl } : {}),
  };
}

function mailboxIn({ MailboxUrl }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof MailboxUrl === "string" ? MailboxUrl : undefined;
}
