/** The stack that `perdure verify-aws` deploys: a runtime, and handlers that do what is tried. Nothing is left of it when it is destroyed. */
import { extname, join } from "node:path";
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Table } from "aws-cdk-lib/aws-dynamodb";
import { AccountPrincipal, Role } from "aws-cdk-lib/aws-iam";
import { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { PerdureRuntime, PerdureService, type PerdureTables } from "../../../infra/index.ts";
import { type Outputs, VARIANTS, VERIFY_VARIABLES } from "./variables.ts";

/** The longest turn. The handler that never ends has less. */
const TURN_TIMEOUT = Duration.seconds(60);
const DEATHS_TIMEOUT = Duration.seconds(10);
/** As little as Lambda gives, to run out of it soon. */
const DEATHS_MIB = 128;
/** A sleep of a minute already goes by EventBridge Scheduler. */
const DELAY_QUEUE_MAX = Duration.seconds(20);

const setting = (name: keyof typeof VERIFY_VARIABLES, otherwise: string): string =>
  process.env[VERIFY_VARIABLES[name]] ?? otherwise;
const handlers = (name: string): string =>
  join(import.meta.dirname, `${name}-handlers${extname(import.meta.filename)}`);

const variant = VARIANTS.find((each) => each === setting("variant", "plain")) ?? "plain";
const build = setting("build", "1");

const app = new App({ analyticsReporting: false });
export const verifyStack = new Stack(app, setting("stack", "PerdureVerify"), {
  description: "Perdure: what verify-aws tries. It can be deleted.",
});
const restored = restoredTables();
const runtime = new PerdureRuntime(verifyStack, "Runtime", {
  removalPolicy: RemovalPolicy.DESTROY,
  alarms: "all",
  turnTimeout: TURN_TIMEOUT,
  delayQueueMax: DELAY_QUEUE_MAX,
  maxConcurrency: Number(setting("dispatchers", "50")),
  ...(restored === undefined ? {} : { tables: restored }),
});
const main = new PerdureService(verifyStack, "MainService", {
  runtime,
  entry: handlers("main"),
  services: ["Greeter", "Account", "Keys", "Blobs", "Waiting", "Line"],
});
const deaths = new PerdureService(verifyStack, "DeathsService", {
  runtime,
  entry: handlers("death"),
  services: ["Deaths"],
  memory: DEATHS_MIB,
  timeout: DEATHS_TIMEOUT,
});
new PerdureService(verifyStack, "VersionsService", {
  runtime,
  entry: handlers("version"),
  services: ["Versions", "Across"],
  allowBreakingChanges: variant === "breaking-allowed" || variant === "moved",
  environment: { [VERIFY_VARIABLES.build]: build, [VERIFY_VARIABLES.variant]: variant },
});
new PerdureService(verifyStack, "MovingService", {
  runtime,
  entry: handlers(variant === "moved" ? "staying" : "moving"),
  services: variant === "moved" ? ["Stays"] : ["Stays", "Moves"],
  // Its role keeps what invocations need that began here.
  ...(variant === "moved" ? { formerServices: ["Moves"] } : {}),
  allowBreakingChanges: variant === "moved",
});
if (variant === "moved") {
  new PerdureService(verifyStack, "MovedService", { runtime, entry: handlers("moved"), services: ["Moves"] });
}

/** What may be called with {@link PerdureRuntime.grantInvokeService} alone. */
const caller = new Role(verifyStack, "GreeterCaller", {
  assumedBy: new AccountPrincipal(verifyStack.account),
});
runtime.grantInvokeService(caller, "Greeter");

const { functions, tables, queues } = runtime;
const schedules = runtime.node.findChild("TimerSchedules");
const outputs: Outputs = {
  IngressUrl: runtime.ingress.url,
  AdminUrl: runtime.admin.url,
  IngressApi: runtime.ingress.api.apiId,
  CallerRole: caller.roleArn,
  ScheduleGroup: schedules instanceof ScheduleGroup ? schedules.scheduleGroupName : "",
  MailboxUrl: queues.mailbox.queueUrl,
  MailboxName: queues.mailbox.queueName,
  MailboxDeadLettersUrl: queues.mailboxDeadLetters.queueUrl,
  DelayUrl: queues.delay.queueUrl,
  DelayName: queues.delay.queueName,
  JournalTable: tables.journal.tableName,
  StateTable: tables.state.tableName,
  RegistryTable: tables.registry.tableName,
  Dispatcher: functions.dispatcher.function.functionName,
  Ingress: functions.ingress.function.functionName,
  Timers: functions.timers.function.functionName,
  Main: main.handler.function.functionName,
  Deaths: deaths.handler.function.functionName,
  DispatcherLogs: functions.dispatcher.function.logGroup.logGroupName,
  IngressLogs: functions.ingress.function.logGroup.logGroupName,
  TimersLogs: functions.timers.function.logGroup.logGroupName,
  MainLogs: main.handler.function.logGroup.logGroupName,
  DeathsLogs: deaths.handler.function.logGroup.logGroupName,
  RuntimeName: runtime.node.path,
};
for (const [name, value] of Object.entries(outputs)) new CfnOutput(verifyStack, name, { value });

function restoredTables(): PerdureTables | undefined {
  const [journal, state, registry] = setting("tables", "").split(",");
  if (journal === undefined || state === undefined || registry === undefined) return undefined;
  const named = (id: string, name: string) => Table.fromTableName(verifyStack, id, name);
  return {
    journal: named("RestoredJournal", journal),
    state: named("RestoredState", state),
    registry: named("RestoredRegistry", registry),
  };
}
