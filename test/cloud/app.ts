/**
 * The app that `npm run test:cloud` deploys: the runtime, and the handlers of the end-to-end suite. Its ingress is open, and
 * timers go through EventBridge Scheduler after seconds already. A second deployment changes `PERDURE_CLOUD_BUILD`. A restore names
 * other tables, by `PERDURE_CLOUD_TABLES`, which stands before each of their names. `PERDURE_CLOUD_EPOCH` makes another mailbox.
 */
import { join } from "node:path";
import { App, CfnOutput, CfnResource, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { FunctionApi } from "../../infra/http-api.ts";
import { PerdureRuntime, PerdureService } from "../../infra/index.ts";

const fixtures = join(import.meta.dirname, "..", "e2e", "fixtures");
const build = process.env["PERDURE_CLOUD_BUILD"] ?? "1";

const app = new App({ analyticsReporting: false });
const stack = new Stack(app, "PerdureCloudTest");
const restored = process.env["PERDURE_CLOUD_TABLES"];
const tableOf = (name: string) => ({
  tableName: `${restored}${name}`,
  tableArn: stack.formatArn({ service: "dynamodb", resource: "table", resourceName: `${restored}${name}` }),
});
const mailboxEpoch = Number(process.env["PERDURE_CLOUD_EPOCH"] ?? 0);
const runtime = new PerdureRuntime(stack, "Runtime", {
  ...(restored === undefined
    ? {}
    : { tables: { journal: tableOf("journal"), state: tableOf("state"), registry: tableOf("registry") } }),
  mailboxEpoch,
  removalPolicy: RemovalPolicy.DESTROY,
  ingressAuthorization: "open",
  turnTimeout: Duration.seconds(20),
  delayQueueMax: Duration.seconds(5),
});
new PerdureService(stack, "Client", {
  runtime,
  entry: join(fixtures, "client.ts"),
  services: ["Greeter", "Counter", "Signup"],
});
new PerdureService(stack, "Cloud", {
  runtime,
  entry: join(import.meta.dirname, "handlers.ts"),
  services: ["Cloud", "Across", "Held"],
  environment: { PERDURE_CLOUD_BUILD: build, PERDURE_CLOUD_LOG: process.env["PERDURE_CLOUD_LOG"] ?? "" },
});
const { functions, tables, queues } = runtime;
// Another logical id is another queue.
const mailbox = queues.mailbox.node.defaultChild;
if (mailboxEpoch > 0 && mailbox instanceof CfnResource) mailbox.overrideLogicalId(`Mailbox${mailboxEpoch}`);
// The same ingress for IAM principals, as it is by default.
const signed = new FunctionApi(stack, "SignedApi", {
  description: "the ingress, for signed requests",
  target: functions.ingress.function,
  authorization: "iam",
  preflights: true,
  ...{ accessLog: false, logRetention: RetentionDays.ONE_DAY },
  ...{ encryptionKey: undefined, throttle: undefined, domain: undefined },
});
new CfnOutput(stack, "SignedUrl", { value: signed.url });
new CfnOutput(stack, "IngressFunction", { value: functions.ingress.function.functionName });
new CfnOutput(stack, "IngressUrl", { value: runtime.ingress.url });
new CfnOutput(stack, "AdminUrl", { value: runtime.admin.url });
new CfnOutput(stack, "IngressApi", { value: runtime.ingress.api.apiId });
new CfnOutput(stack, "AdminApi", { value: runtime.admin.api.apiId });
new CfnOutput(stack, "JournalTable", { value: tables.journal.tableName });
new CfnOutput(stack, "StateTable", { value: tables.state.tableName });
new CfnOutput(stack, "RegistryTable", { value: tables.registry.tableName });
new CfnOutput(stack, "DispatcherFunction", { value: functions.dispatcher.function.functionName });
new CfnOutput(stack, "TimersFunction", { value: functions.timers.function.functionName });
new CfnOutput(stack, "ReconcilerFunction", { value: functions.reconciler.function.functionName });
new CfnOutput(stack, "GuardTable", { value: tables.guards.tableName });
new CfnOutput(stack, "DelayQueueUrl", { value: queues.delay.queueUrl });
new CfnOutput(stack, "MailboxUrl", { value: queues.mailbox.queueUrl });
new CfnOutput(stack, "DeadLettersUrl", { value: queues.mailboxDeadLetters.queueUrl });
