/** A runtime that another stack has made, as `PerdureRuntime.fromAttributes` returns it. */
import { Duration } from "aws-cdk-lib";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import { type IRole, Role } from "aws-cdk-lib/aws-iam";
import { Table } from "aws-cdk-lib/aws-dynamodb";
import { Key } from "aws-cdk-lib/aws-kms";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { Data, RuntimeRoles } from "./access.ts";
import type { MailboxHost } from "./service-mailbox.ts";
import { WAITED_TIMEOUT_MINUTES_MAX } from "../lib/limits/aws.ts";
import { type AdminDoor, PerdureRuntimeBase } from "./runtime-base.ts";
import { type HandlerProps, type HandlerSettings, handlerSettingsOf } from "./runtime-props.ts";

export interface PerdureRuntimeAttributes extends HandlerProps {
  readonly journalTableArn: string;
  readonly stateTableArn: string;
  readonly registryTableArn: string;
  readonly mailboxArn: string;
  /** With `ingressRoleArn`, calls of this stack's handlers run where they are accepted. @default they go by the queue */
  readonly delayQueueArn?: string;
  readonly ingressRoleArn?: string;
  /** The table of guards, with `delayQueueArn` and `ingressRoleArn`. @default guards of this stack's handlers wait in the delay queue */
  readonly guardTableArn?: string;
  /** With `mailboxDeadLettersArn`, services of this stack may have mailboxes of their own. The runtime needs `ownMailboxes`. */
  readonly dispatcherFunctionArn?: string;
  readonly mailboxDeadLettersArn?: string;
  /** The runtime's `runtimeName`. @default such a mailbox has no alarm MessagesComeAgain: its metric is told by this name */
  readonly runtimeName?: string;
  /** What the alarms of such mailboxes do. @default nothing */
  readonly alarmActions?: readonly IAlarmAction[];
  readonly dispatcherRoleArn: string;
  readonly registrarRoleArn: string;
  /** @default the runtime has no admin API (`admin: false`) */
  readonly adminRoleArn?: string;
  readonly reconcilerRoleArn: string;
  readonly registrarFunctionArn: string;
  readonly ingressApiId: string;
  /** Of a runtime whose ingress has a function URL for IAM principals. */
  readonly ingressFunctionArn?: string;
  readonly adminApiId?: string;
  /** Instead of `adminApiId`, of a runtime with `admin: "function"`. */
  readonly adminFunctionArn?: string;
  /** @default keys that AWS owns */
  readonly encryptionKeyArn?: string;
}

export class ImportedRuntime extends PerdureRuntimeBase {
  readonly data: Data;
  readonly roles: RuntimeRoles;
  readonly registrarArn: string;
  readonly handlerSettings: HandlerSettings;
  readonly mailboxHost: MailboxHost | undefined;
  /** It is not known here. The registrar says if there is none. */
  readonly listsOpen = true;
  protected readonly ingressApiId: string;
  protected readonly ingressUrlFunctionArn: string | undefined;
  protected readonly adminDoor: AdminDoor;

  constructor(scope: Construct, id: string, attributes: PerdureRuntimeAttributes) {
    super(scope, id);
    const { mailboxArn, delayQueueArn, guardTableArn, ingressRoleArn, encryptionKeyArn, adminRoleArn } =
      attributes;
    const mailbox = Queue.fromQueueArn(this, "Mailbox", mailboxArn);
    const isAtDoor = delayQueueArn !== undefined && ingressRoleArn !== undefined;
    const delayQueue = isAtDoor ? Queue.fromQueueArn(this, "Delay", delayQueueArn) : undefined;
    const encryptionKey = encryptionKeyArn ? Key.fromKeyArn(this, "Key", encryptionKeyArn) : undefined;
    const table = (name: string, arn: string) => Table.fromTableArn(this, name, arn);
    const role = (name: string, arn: string): IRole => Role.fromRoleArn(this, name, arn);
    this.data = {
      tables: {
        journal: table("Journal", attributes.journalTableArn),
        state: table("State", attributes.stateTableArn),
        registry: table("Registry", attributes.registryTableArn),
      },
      mailbox,
      delayQueue,
      // A handler without a delay queue cannot set guards at all: that takes what the table does not.
      guards: delayQueue && guardTableArn !== undefined ? table("Guards", guardTableArn) : undefined,
      encryptionKey,
    };
    this.roles = {
      dispatcher: role("DispatcherRole", attributes.dispatcherRoleArn),
      ingress: isAtDoor ? role("IngressRole", ingressRoleArn) : undefined,
      registrar: role("RegistrarRole", attributes.registrarRoleArn),
      admin: adminRoleArn === undefined ? undefined : role("AdminRole", adminRoleArn),
      reconciler: role("ReconcilerRole", attributes.reconcilerRoleArn),
    };
    this.registrarArn = attributes.registrarFunctionArn;
    this.ingressApiId = attributes.ingressApiId;
    this.ingressUrlFunctionArn = attributes.ingressFunctionArn;
    const { adminApiId: apiId, adminFunctionArn: functionArn } = attributes;
    this.adminDoor = {
      ...(apiId === undefined ? {} : { apiId }),
      ...(functionArn === undefined ? {} : { functionArn }),
    };
    this.handlerSettings = handlerSettingsOf(attributes, encryptionKey);
    this.mailboxHost = this.#hostOf(attributes);
  }

  #hostOf({
    dispatcherFunctionArn,
    mailboxDeadLettersArn,
    runtimeName,
    alarmActions = [],
  }: PerdureRuntimeAttributes): MailboxHost | undefined {
    if (dispatcherFunctionArn === undefined || mailboxDeadLettersArn === undefined) return undefined;
    return {
      dispatcherFunctionArn,
      // The longest that it may be: a queue's messages must be hidden for as long as its consumer may run.
      waitedTurnTimeout: Duration.minutes(WAITED_TIMEOUT_MINUTES_MAX),
      deadLetters: Queue.fromQueueArn(this, "MailboxDeadLetters", mailboxDeadLettersArn),
      ...{ hasAlarms: true, runtimeName, alarmActions },
      expect: () => undefined,
      show: () => undefined,
    };
  }
}
