/** A stack with a runtime and a service, and its template. */
import { join } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Key } from "aws-cdk-lib/aws-kms";
import {
  type ServiceMailboxProps,
  PerdureRuntime,
  type PerdureRuntimeProps,
  PerdureService,
} from "../../infra/index.ts";

export const GREETER = join(import.meta.dirname, "..", "..", "examples", "01-greeter.ts");

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

export interface TestStack {
  readonly stack: Stack;
  readonly runtime: PerdureRuntime;
  readonly service: PerdureService;
  readonly template: Template;
  /** By logical id. */
  readonly resources: Readonly<Record<string, Resource>>;
}

export function makeStack({
  services = ["Greeter"],
  ownKey = false,
  mailbox,
  ...props
}: PerdureRuntimeProps & {
  readonly ownKey?: boolean;
  readonly services?: readonly string[];
  readonly mailbox?: ServiceMailboxProps;
} = {}): TestStack {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const key = ownKey ? { encryptionKey: new Key(stack, "Key") } : {};
  const runtime = new PerdureRuntime(stack, "Runtime", { ...key, ...props });
  const own = mailbox ? { mailbox } : {};
  const service = new PerdureService(stack, "Greeter", { runtime, entry: GREETER, services, ...own });
  const template = Template.fromStack(stack);
  const resources = template.toJSON()["Resources"] as Record<string, Resource>;
  return { stack, runtime, service, template, resources };
}

/** Of one type, with their logical ids. */
export const ofType = (resources: TestStack["resources"], type: string): [string, Resource][] =>
  Object.entries(resources).filter(([, resource]) => resource.Type === type);
