/**
 * A user's handlers: one function. At each change of its code or settings the runtime's registrar publishes a version of it. An
 * invocation stays on the version that it began on. The reconciler deletes versions that are not needed any more.
 */
import { resolve } from "node:path";
import type { Duration } from "aws-cdk-lib";
import { Policy } from "aws-cdk-lib/aws-iam";
import type { IVersion } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { allowHandler, allowOnHandler } from "./access.ts";
import { handlerCode } from "./bundle.ts";
import { PerdureFunction } from "./function.ts";
import { registerWith } from "./registration.ts";
import { ServiceMailbox, type ServiceMailboxProps } from "./service-mailbox.ts";
import type { PerdureRuntimeBase } from "./runtime-base.ts";

export interface PerdureServiceProps {
  readonly runtime: PerdureRuntimeBase;
  /** The file that exports the services, or a `handler` made of them. Relative to the working directory. */
  readonly entry: string;
  /** The names of the services in the file. The function's role is confined to them. */
  readonly services: readonly string[];
  /**
   * Services that earlier versions of the file had, and that have moved to another file or are not called any more. The role keeps
   * access to their items, so what is in flight on those versions ends there. A deployment says when a name is missing here.
   * @default none
   */
  readonly formerServices?: readonly string[];
  /**
   * Registers a version even if it removes a handler or changes its kind, although others may call it. A service that it has no more
   * is given up, with what is in flight of it on earlier versions, unless `formerServices` names it.
   * @default false: the deployment fails and is rolled back
   */
  readonly allowBreakingChanges?: boolean;
  /** Whether its handlers invoke those of other services, and are invoked by them, without a message. @default the runtime's */
  readonly directCalls?: boolean;
  /** MiB. @default 512 */
  readonly memory?: number;
  /** @default the runtime's turnTimeout */
  readonly timeout?: Duration;
  /** @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * A mailbox of its own, with dispatchers of its own: so its slow turns, and what is queued for it, make no other service wait. It costs
   * $0.32 a month, and one queue more for each message. Taken away, the deployment waits until it is empty, and fails if it does not
   * get so.
   * @default the runtime's mailbox, with all other services
   */
  readonly mailbox?: ServiceMailboxProps;
  /** @default none: as many as the dispatcher asks for */
  readonly reservedConcurrency?: number;
}

const MEMORY_MIB = 512;

export class PerdureService extends Construct {
  readonly handler: PerdureFunction;
  /** The version that new invocations go to. */
  readonly version: IVersion;
  readonly mailbox: ServiceMailbox | undefined;

  constructor(scope: Construct, id: string, props: PerdureServiceProps) {
    super(scope, id);
    const { runtime, services, formerServices = [] } = props;
    const { data, handlerSettings: settings } = runtime;
    const directAlias = directAliasOf(props);
    this.handler = new PerdureFunction(this, "Handler", {
      description: `Perdure: ${services.join(", ")}`,
      code: handlerCode(resolve(props.entry), settings.awsSdk),
      memoryMiB: props.memory ?? MEMORY_MIB,
      timeout: props.timeout ?? settings.turnTimeout,
      variables: {
        journalTable: data.tables.journal.tableName,
        stateTable: data.tables.state.tableName,
        registryTable: data.tables.registry.tableName,
        mailboxUrl: data.mailbox.queueUrl,
        ...(data.delayQueue ? { delayQueueUrl: data.delayQueue.queueUrl } : {}),
        ...(directAlias === undefined ? {} : { directAlias }),
      },
      environment: props.environment ?? {},
      inLoop: true,
      reservedConcurrency: props.reservedConcurrency,
      architecture: settings.architecture,
      runtime: settings.nodeRuntime,
      logRetention: settings.logRetention,
      encryptionKey: settings.encryptionKey,
    });
    allowHandler(this.handler, [...new Set([...services, ...formerServices])], data, directAlias);
    runtime.dashboard?.showHandler(this, this.handler.function, directAlias);
    const { functionArn } = this.handler.function;
    allowOnHandler(this, functionArn, runtime.roles);
    this.mailbox = props.mailbox ? this.#ownMailbox(props.mailbox, runtime) : undefined;
    const { resource: registration, version } = registerWith(this, {
      registrarArn: runtime.registrarArn,
      function: this.handler.function,
      services,
      formerServices,
      allowBreakingChanges: props.allowBreakingChanges ?? false,
      directAlias,
      ...(this.mailbox ? { mailboxUrl: this.mailbox.queue.queueUrl } : {}),
    });
    this.version = version;
    // It is made after the permissions, and removed before them.
    for (const child of this.node.findAll())
      if (child instanceof Policy) registration.node.addDependency(child);
    // Also after its event source, so after the dispatcher, which must know of such mailboxes.
    if (this.mailbox) registration.node.addDependency(this.mailbox);
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

/** A turn that another handler has invoked sets its own guard, by the delay queue. */
function directAliasOf({ runtime, directCalls }: PerdureServiceProps): string | undefined {
  const { data, handlerSettings: settings } = runtime;
  return data.delayQueue && (directCalls ?? settings.directCalls) ? runtime.directAlias : undefined;
}
