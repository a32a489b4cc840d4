/**
 * Services that are registered with a runtime: what is the same whether their function is made here or elsewhere. At each change of
 * the function's code or settings the runtime's registrar publishes a version of it. An invocation stays on the version that it began
 * on. The reconciler deletes versions that are not needed any more.
 */
import type { Connections, IConnectable } from "aws-cdk-lib/aws-ec2";
import { type IGrantable, type IPrincipal, Policy } from "aws-cdk-lib/aws-iam";
import type { IFunction, IVersion } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { allowGate, allowOnHandler } from "./access.ts";
import type { Variables } from "./function.ts";
import { registerWith } from "./registration.ts";
import type { PerdureRuntimeBase } from "./runtime-base.ts";
import { ServiceMailbox, type ServiceMailboxProps } from "./service-mailbox.ts";
import type { RegisteredProps } from "./service-props.ts";
import type { InFlightPolicy } from "../lib/model/in-flight-policy.ts";
import { within } from "./runtime-props.ts";
import { GATE_SAMPLE_DEFAULT, GATE_SAMPLE_MAX } from "../lib/limits/replay.ts";

interface Registered {
  readonly version: IVersion;
  readonly mailbox: ServiceMailbox | undefined;
}

/** What is granted to it, its function's role gets. Where its function is in a VPC, its connections are the function's. */
export abstract class PerdureServiceBase extends Construct implements IGrantable, IConnectable {
  abstract readonly function: IFunction;
  /** The names of the services. */
  abstract readonly services: readonly string[];
  /** The version that new invocations go to. */
  abstract readonly version: IVersion;
  abstract readonly mailbox: ServiceMailbox | undefined;

  #inFlightReport = "";

  /** What the deployment has found about open invocations, in a line that only the deployment knows: for an output. */
  get inFlightReport(): string {
    return this.#inFlightReport;
  }

  get grantPrincipal(): IPrincipal {
    return this.function.grantPrincipal;
  }

  /** Throws if the function is in no VPC. */
  get connections(): Connections {
    return this.function.connections;
  }

  /** When all that a handler needs is made. */
  protected register(props: RegisteredProps, fingerprint?: string): Registered {
    const { runtime } = props;
    runtime.dashboard?.showHandler(this, this.function, directAliasOf(props));
    allowOnHandler(this, this.function.functionArn, runtime.roles);
    const gate = gateOf(props);
    if (gate) {
      const { data, roles } = runtime;
      allowGate(this, this.services, { data, roles, moves: gate.inFlight === "move" });
    }
    const mailbox = props.mailbox ? this.#ownMailbox(props.mailbox, runtime) : undefined;
    const { resource: registration, version } = registerWith(this, {
      registrarArn: runtime.registrarArn,
      function: this.function,
      services: this.services,
      formerServices: props.formerServices ?? [],
      allowBreakingChanges: props.allowBreakingChanges ?? false,
      directAlias: directAliasOf(props),
      ...gate,
      ...(mailbox ? { mailboxUrl: mailbox.queue.queueUrl } : {}),
      ...(fingerprint === undefined ? {} : { fingerprint }),
    });
    // It is made after the permissions, and removed before them.
    for (const child of this.node.findAll())
      if (child instanceof Policy) registration.node.addDependency(child);
    // Also after its event source, so after the dispatcher, which must know of such mailboxes.
    if (mailbox) registration.node.addDependency(mailbox);
    this.#inFlightReport = registration.getAttString("InFlight");
    return { version, mailbox };
  }

  #ownMailbox(
    props: ServiceMailboxProps,
    { mailboxHost: host, data, roles }: PerdureRuntimeBase,
  ): ServiceMailbox {
    if (host) return new ServiceMailbox(this, "Mailbox", props, { host, data, roles });
    throw new RangeError(
      "mailbox: the runtime's attributes need dispatcherFunctionArn and mailboxDeadLettersArn",
    );
  }
}

/** Absent: open invocations are not asked about. Throws `RangeError` for what cannot be. */
function gateOf({
  runtime,
  inFlight = "pin",
  inFlightSample,
}: RegisteredProps): { readonly inFlight: InFlightPolicy; readonly inFlightSample: number } | undefined {
  if (inFlight === "pin" && inFlightSample === undefined) return undefined;
  const sample = inFlightSample ?? GATE_SAMPLE_DEFAULT;
  within("inFlightSample", sample, 1, GATE_SAMPLE_MAX);
  if (!runtime.listsOpen)
    throw new RangeError(
      'inFlight: the runtime keeps no list of open invocations. Its `listing` needs "open".',
    );
  return { inFlight, inFlightSample: sample };
}

/** Those whose items the function's role may use. */
export const allowedServices = (
  names: readonly string[],
  { formerServices = [] }: RegisteredProps,
): string[] => [...new Set([...names, ...formerServices])];

/** A turn that another handler has invoked sets its own guard. Without a delay queue it cannot: that takes what the table of guards does not. */
export function directAliasOf({
  runtime,
  directCalls,
}: Pick<RegisteredProps, "runtime" | "directCalls">): string | undefined {
  const { data, handlerSettings: settings } = runtime;
  return data.delayQueue && (directCalls ?? settings.directCalls) ? runtime.directAlias : undefined;
}

/** What a handler's function reads from its environment. */
export function handlerVariables(props: Pick<RegisteredProps, "runtime" | "directCalls">): Variables {
  const { tables, mailbox, delayQueue, guards } = props.runtime.data;
  const directAlias = directAliasOf(props);
  return {
    journalTable: tables.journal.tableName,
    stateTable: tables.state.tableName,
    registryTable: tables.registry.tableName,
    mailboxUrl: mailbox.queueUrl,
    ...(delayQueue ? { delayQueueUrl: delayQueue.queueUrl } : {}),
    ...(guards ? { guardTable: guards.tableName } : {}),
    ...(directAlias === undefined ? {} : { directAlias }),
  };
}
