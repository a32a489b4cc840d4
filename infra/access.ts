/**
 * Who may do what. Each permission of the stack is a line here and a line of the table in docs/security.md. A test
 * compares the two, and the templates with them. No construct's own `grant` method is used, because it would give more
 * than is needed.
 *
 * All partition keys of a service begin with its tag (`lib/model/ids.ts`). So a handler's role is confined to the items of
 * its own services. Of the registry it reads what is served, and by which function: that decides where a call goes.
 */
import { ArnFormat, Stack } from "aws-cdk-lib";
import { type IRole, Policy, PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { serviceTag } from "../lib/model/ids.ts";
import { GUARD_PARTITIONS, GUARD_PASS_KEY } from "../lib/store/guard-table.ts";
import type { PerdureFunction } from "./function.ts";
import type { PerdureTables, TableReference } from "./tables.ts";

const READ = ["dynamodb:GetItem", "dynamodb:Query"];
const WRITE = ["dynamodb:PutItem", "dynamodb:UpdateItem"];
const DELETE = ["dynamodb:DeleteItem"];
const SCAN = ["dynamodb:Scan"];
const SEND = ["sqs:SendMessage"];
export const CONSUME = [
  "sqs:ReceiveMessage",
  "sqs:DeleteMessage",
  "sqs:ChangeMessageVisibility",
  "sqs:GetQueueAttributes",
];

export interface Data {
  readonly tables: PerdureTables;
  readonly mailbox: IQueue;
  /** Absent: handlers of a runtime that another stack has made, and of which this is not known. They cannot guard their turns. */
  readonly delayQueue?: IQueue | undefined;
  /** Where guards wait. Never without `delayQueue`. Absent: handlers of a runtime of another stack, of which this is not known. Theirs
   * wait in the delay queue. */
  readonly guards?: TableReference | undefined;
  readonly encryptionKey: IKey | undefined;
}

/** The roles of the functions that run turns, ask what is served, and delete versions that are not needed any more. */
export interface RuntimeRoles {
  readonly dispatcher: IRole;
  /** Absent: this is not known of a runtime that another stack has made. All its calls go by the queue. */
  readonly ingress?: IRole | undefined;
  readonly registrar: IRole;
  readonly admin: IRole | undefined;
  readonly reconciler: IRole;
}

export interface TimerTargets {
  readonly delayQueueArn: string;
  /** The schedules in the group. */
  readonly schedulesArn: string;
  readonly schedulerRoleArn: string;
}

export function allowDispatcher(dispatcher: PerdureFunction, data: Data, timers: TimerTargets): void {
  const { journal, state, registry } = data.tables;
  dispatcher.allow([...READ, ...WRITE], [journal.tableArn]);
  dispatcher.allow([...READ, ...WRITE, ...DELETE], [state.tableArn]);
  dispatcher.allow(["dynamodb:GetItem"], [registry.tableArn]);
  allowGuards(dispatcher, data);
  allowToConsume(dispatcher, data.mailbox.queueArn);
  allowToSend(dispatcher, data.mailbox.queueArn);
  allowToSchedule(dispatcher, timers);
  dispatcher.allow(["scheduler:DeleteSchedule"], [timers.schedulesArn]);
  allowKey(dispatcher, data.encryptionKey);
}

export function allowIngress(ingress: PerdureFunction, data: Data, timers: TimerTargets): void {
  const { journal, state, registry } = data.tables;
  ingress.allow(["dynamodb:GetItem", "dynamodb:PutItem", ...DELETE], [journal.tableArn]);
  ingress.allow(["dynamodb:GetItem"], [state.tableArn]);
  ingress.allow(["dynamodb:GetItem", ...SCAN], [registry.tableArn]);
  allowGuards(ingress, data);
  allowToSend(ingress, data.mailbox.queueArn);
  allowToSchedule(ingress, timers);
  allowKey(ingress, data.encryptionKey);
}

/** `indexes`: the names of the journal's indexes. */
export function allowAdmin(admin: PerdureFunction, data: Data, indexes: readonly string[]): void {
  const { journal, state, registry } = data.tables;
  admin.allow([...READ, ...WRITE, ...DELETE, ...SCAN], [journal.tableArn]);
  for (const index of indexes) admin.allow(["dynamodb:Query"], [`${journal.tableArn}/index/${index}`]);
  admin.allow([...READ, "dynamodb:PutItem", ...DELETE, ...SCAN], [state.tableArn]);
  admin.allow(["dynamodb:GetItem", "dynamodb:PutItem", ...DELETE, ...SCAN], [registry.tableArn]);
  allowToSend(admin, data.mailbox.queueArn);
  allowKey(admin, data.encryptionKey);
}

/** Of each source it also may read: see `events/`. */
export function allowSourceDoor(door: PerdureFunction, data: Data): void {
  const { journal, registry } = data.tables;
  door.allow(["dynamodb:GetItem", ...WRITE, ...DELETE], [journal.tableArn]);
  door.allow(["dynamodb:GetItem"], [registry.tableArn]);
  allowToSend(door, data.mailbox.queueArn);
  allowKey(door, data.encryptionKey);
}

export function allowTimers(timers: PerdureFunction, data: Data, targets: TimerTargets): void {
  timers.allow(["dynamodb:GetItem"], [data.tables.journal.tableArn]);
  if (data.guards) timers.allow([...READ, "dynamodb:PutItem"], [data.guards.tableArn]);
  allowToConsume(timers, targets.delayQueueArn);
  allowToSend(timers, data.mailbox.queueArn);
  allowToSchedule(timers, targets);
  allowKey(timers, data.encryptionKey);
}

export function allowReconciler(reconciler: PerdureFunction, data: Data, deadLettersArn: string): void {
  const { journal, registry } = data.tables;
  // It sends the next pass over guards if the last one is lost.
  if (data.guards && data.delayQueue) {
    reconciler.allow(["dynamodb:GetItem"], [data.guards.tableArn], ofPasses());
    allowToSend(reconciler, data.delayQueue.queueArn);
  }
  reconciler.allow(["dynamodb:GetItem", ...WRITE, ...SCAN], [journal.tableArn]);
  reconciler.allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], [deadLettersArn]);
  reconciler.allow(["dynamodb:GetItem", "dynamodb:UpdateItem", ...DELETE, ...SCAN], [registry.tableArn]);
  allowToSend(reconciler, data.mailbox.queueArn);
  allowKey(reconciler, data.encryptionKey);
}

export function allowRegistrar(registrar: PerdureFunction, data: Data): void {
  const { registry } = data.tables;
  registrar.allow(["dynamodb:GetItem", "dynamodb:PutItem", ...DELETE, ...SCAN], [registry.tableArn]);
  allowKey(registrar, data.encryptionKey);
}

/** For services whose new code is asked about their open invocations: the registrar reads their journals, and writes them if it moves what fits. */
export function allowGate(
  scope: Construct,
  services: readonly string[],
  { data, roles, moves }: { readonly data: Data; readonly roles: RuntimeRoles; readonly moves: boolean },
): void {
  const { tableArn } = data.tables.journal;
  const tags = services.map(serviceTag);
  const statement = (action: string, on: string, keys: readonly string[]): PolicyStatement =>
    new PolicyStatement({ actions: [action], resources: [on], conditions: leadingKeys(keys) });
  const own = tags.map((tag) => `${tag}.*`);
  new Policy(scope, "GateAccess", {
    roles: [roles.registrar],
    statements: [
      statement("dynamodb:Query", tableArn, own),
      // A shard of the list of open invocations is a tag and a digit.
      statement(
        "dynamodb:Query",
        `${tableArn}/index/open`,
        tags.map((tag) => `${tag}?`),
      ),
      ...(moves ? [statement("dynamodb:UpdateItem", tableArn, own)] : []),
    ],
  });
}

/** What has a role that can be given permissions. */
interface Allowed extends Construct {
  allow(actions: string[], resources: string[], conditions?: Record<string, unknown>): void;
}

/** For a user's handler function, which serves `services`. `directAlias`: it may invoke the functions that have it. */
export function allowHandler(
  handler: Allowed,
  services: readonly string[],
  data: Data,
  directAlias: string | undefined,
): void {
  const { journal, state, registry } = data.tables;
  const own = leadingKeys(services.map((service) => `${serviceTag(service)}.*`));
  handler.allow([...READ, ...WRITE], [journal.tableArn, state.tableArn], own);
  handler.allow(["dynamodb:GetItem"], [registry.tableArn], leadingKeys(["service.*"]));
  if (directAlias !== undefined) handler.allow(["lambda:InvokeFunction"], [doors(handler, directAlias)]);
  allowToSend(handler, data.mailbox.queueArn);
  if (data.delayQueue) allowToSend(handler, data.delayQueue.queueArn);
  allowGuards(handler, data);
  allowKey(handler, data.encryptionKey);
}

/** The functions of a runtime's services, by an alias that they alone have: they are not known by name here, and may be in other stacks. */
const doors = (scope: Construct, alias: string): string =>
  Stack.of(scope).formatArn({
    service: "lambda",
    resource: "function",
    resourceName: `*:${alias}`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });

/** What a runtime's functions may do with a user's function. Where it is about versions it covers all, since their numbers are not
 * known. */
export function allowOnHandler(scope: Construct, functionArn: string, roles: RuntimeRoles): void {
  const versions = [`${functionArn}:*`];
  const allow = (id: string, role: IRole, ...actions: string[]): Policy =>
    // It is a policy of the service's stack. The role belongs to the runtime's stack, which must not depend on this one.
    new Policy(scope, id, {
      roles: [role],
      statements: [new PolicyStatement({ actions, resources: versions })],
    });
  allow("DispatcherAccess", roles.dispatcher, "lambda:InvokeFunction");
  if (roles.ingress) allow("IngressAccess", roles.ingress, "lambda:InvokeFunction");
  // It deletes what it has published and not registered.
  const onVersions = ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration", "lambda:DeleteFunction"];
  allow("RegistrarAccess", roles.registrar, ...onVersions).addStatements(
    new PolicyStatement({ actions: ["lambda:PublishVersion"], resources: [functionArn] }),
  );
  if (roles.admin) allow("AdminAccess", roles.admin, "lambda:InvokeFunction");
  allow("ReconcilerAccess", roles.reconciler, "lambda:DeleteFunction");
}

/** What the runtime's functions may do with a mailbox of a service's own. */
export function allowOnMailbox(scope: Construct, queueArn: string, roles: RuntimeRoles): Policy[] {
  const allow = (id: string, role: IRole, actions: string[]): Policy =>
    new Policy(scope, id, {
      roles: [role],
      statements: [new PolicyStatement({ actions, resources: [queueArn] })],
    });
  return [
    allow("DispatcherAccess", roles.dispatcher, [...CONSUME, ...SEND]),
    allow("RegistrarAccess", roles.registrar, ["sqs:GetQueueAttributes"]),
  ];
}

/** Lets CloudWatch Logs encrypt this account's log groups with the key. Does nothing if the stack does not own its policy. */
export function allowLogsToUse(key: IKey, scope: Construct): void {
  const { region, partition, account } = Stack.of(scope);
  key.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
      actions: [
        ...["kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
        ...["kms:GenerateDataKey", "kms:DescribeKey"],
      ],
      // In a key's own policy it means this key.
      resources: ["*"],
      conditions: {
        ArnLike: {
          "kms:EncryptionContext:aws:logs:arn": `arn:${partition}:logs:${region}:${account}:log-group:*`,
        },
      },
    }),
    true,
  );
}

/** The request must name a key, and each key that it names must begin so. */
function leadingKeys(patterns: readonly string[]): Record<string, unknown> {
  return {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": patterns },
    Null: { "dynamodb:LeadingKeys": "false" },
  };
}

/** To set guards, and to see whether they are looked through; not to see what others have set. */
function allowGuards(guarded: Allowed, { guards }: Data): void {
  if (!guards) return;
  guarded.allow(["dynamodb:PutItem"], [guards.tableArn], leadingKeys([`${GUARD_PARTITIONS}*`]));
  guarded.allow(["dynamodb:GetItem"], [guards.tableArn], ofPasses());
}

const ofPasses = (): Record<string, unknown> => leadingKeys([GUARD_PASS_KEY.pk]);

function allowToConsume(consumer: PerdureFunction, queueArn: string): void {
  consumer.allow(CONSUME, [queueArn]);
}

function allowToSend(sender: Allowed, queueArn: string): void {
  sender.allow(SEND, [queueArn]);
}

function allowToSchedule(scheduling: PerdureFunction, timers: TimerTargets): void {
  const { delayQueueArn, schedulesArn, schedulerRoleArn } = timers;
  allowToSend(scheduling, delayQueueArn);
  scheduling.allow(["scheduler:CreateSchedule"], [schedulesArn]);
  scheduling.allow(["iam:PassRole"], [schedulerRoleArn], {
    StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" },
  });
}

/** DynamoDB and SQS use the user's own key in the caller's name. */
function allowKey(user: Allowed, key: IKey | undefined): void {
  if (key) user.allow(["kms:Decrypt", "kms:GenerateDataKey"], [key.keyArn]);
}
