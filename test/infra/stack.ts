/** A stack with a runtime and a service, and its template. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
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

const made = mkdtempSync(join(tmpdir(), "perdure-stack-"));
process.once("exit", () => rmSync(made, { recursive: true, force: true }));
const SDK = join(import.meta.dirname, "..", "..", "sdk", "index.ts");

/** A file that serves services of these names. */
export function entryFor(services: readonly string[]): string {
  const entry = join(made, `${services.join("-")}.ts`);
  const each = services.map((name) => `service({ name: "${name}", handlers: { run: async () => 1 } })`);
  writeFileSync(
    entry,
    `import { service } from ${JSON.stringify(SDK)};\nexport default [${each.join(", ")}];\n`,
  );
  return entry;
}

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
  inFlight,
  ...props
}: PerdureRuntimeProps & {
  readonly ownKey?: boolean;
  readonly services?: readonly string[];
  readonly mailbox?: ServiceMailboxProps;
  readonly inFlight?: "pin" | "block" | "move";
} = {}): TestStack {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const key = ownKey ? { encryptionKey: new Key(stack, "Key") } : {};
  const runtime = new PerdureRuntime(stack, "Runtime", { ...key, ...props });
  const own = { ...(mailbox ? { mailbox } : {}), ...(inFlight ? { inFlight } : {}) };
  const entry = services.join() === "Greeter" ? GREETER : entryFor(services);
  const service = new PerdureService(stack, "Greeter", { runtime, entry, services, ...own });
  const template = Template.fromStack(stack);
  const resources = template.toJSON()["Resources"] as Record<string, Resource>;
  return { stack, runtime, service, template, resources };
}

/** Of one type, with their logical ids. */
export const ofType = (resources: TestStack["resources"], type: string): [string, Resource][] =>
  Object.entries(resources).filter(([, resource]) => resource.Type === type);
