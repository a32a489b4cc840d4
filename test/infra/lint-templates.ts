/**
 * `npm run lint:templates`: cfn-lint reads what the constructs make, by default, with every option, and with a subscription of each source. It knows CloudFormation's own
 * schemas: names and types of properties, values of enumerations, references. Any finding but those that are named here is a failure.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { Architecture } from "aws-cdk-lib/aws-lambda";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { PerdureRuntime, PerdureService } from "../../infra/index.ts";
import { installedPackages } from "../support/python-packages.ts";
import { subscribeToAll } from "./all-sources.ts";

const IGNORED: Readonly<Record<string, string>> = {
  W3005:
    "the CDK lists a function's role beside its policy in DependsOn: the role is implied, and does no harm",
};

const example = (name: string): string => join(import.meta.dirname, "../..", "examples", `${name}.ts`);

function byDefault(app: App): void {
  const stack = new Stack(app, "Default");
  const runtime = new PerdureRuntime(stack, "Runtime");
  new PerdureService(stack, "Greeter", { runtime, entry: example("01-greeter"), services: ["Greeter"] });
}

/** The options that change which resources there are, or which properties they have. */
function withEverything(app: App): void {
  const stack = new Stack(app, "Everything");
  const issuer = "https://issuer.example";
  const runtime = new PerdureRuntime(stack, "Runtime", {
    ...{ encryptionKey: new Key(stack, "Key"), removalPolicy: RemovalPolicy.DESTROY },
    ingressAuthorization: new HttpJwtAuthorizer("Jwt", issuer, { jwtAudience: ["callers"] }),
    ...{ alarms: "all", alarmActions: [new SnsAction(new Topic(stack, "Topic"))], dashboard: true },
    ...{ listing: ["open", "ended"], ownMailboxes: true, mailboxEpoch: 1 },
    ...{ maxConcurrency: 10, reservedConcurrency: { ingress: 10 }, memory: { ingress: 512 } },
    ...{
      turnTimeout: Duration.minutes(15),
      reconcileEvery: Duration.minutes(30),
      architecture: Architecture.X86_64,
    },
    ...{ directCalls: true, delayQueueMax: Duration.minutes(5), logLevel: "debug", awsSdk: "bundled" },
  });
  new PerdureService(stack, "Greeter", {
    ...{ runtime, entry: example("01-greeter"), services: ["Greeter"], mailbox: { maxConcurrency: 5 } },
    ...{ environment: { STAGE: "test" }, memory: 1024, reservedConcurrency: 10, allowBreakingChanges: true },
  });
  new PerdureService(stack, "Bank", {
    ...{ runtime, entry: example("02-bank-account"), services: ["Account", "Transfer"], directCalls: false },
  });
}

/** A runtime and a service in stacks of their own, with what the one takes from the other. */
function acrossStacks(app: App): void {
  const runtime = new PerdureRuntime(new Stack(app, "RuntimeAlone"), "Runtime", {
    ingressAuthorization: "open",
  });
  const services = new Stack(app, "ServiceAlone");
  new PerdureService(services, "Greeter", { runtime, entry: example("01-greeter"), services: ["Greeter"] });
}

/** Each source, by default and with a key of the user's own. */
function withSubscriptions(app: App): void {
  const stack = new Stack(app, "Subscriptions");
  subscribeToAll(stack, new PerdureRuntime(stack, "Runtime", { alarms: "all", dashboard: true }));
  const encrypted = new Stack(app, "SubscriptionsEncrypted");
  const encryptionKey = new Key(encrypted, "Key");
  subscribeToAll(encrypted, new PerdureRuntime(encrypted, "Runtime", { encryptionKey }));
}

const outdir = mkdtempSync(join(tmpdir(), "perdure-templates-"));
try {
  const packages = installedPackages("cfn-lint", join(import.meta.dirname, "cfn-lint-requirements.txt"));
  const app = new App({ analyticsReporting: false, outdir });
  for (const build of [byDefault, withEverything, acrossStacks, withSubscriptions]) build(app);
  const files = app.synth().stacks.map(({ templateFullPath }) => templateFullPath);
  for (const [rule, reason] of Object.entries(IGNORED)) console.log(`${rule} is ignored: ${reason}`);
  const ignored = Object.keys(IGNORED).flatMap((rule) => ["--ignore-checks", rule]);
  const args = [
    "-c",
    "from cfnlint.runner import main; main()",
    "--regions",
    "us-east-1",
    "--non-zero-exit-code",
    "informational",
  ];
  const env = { PATH: process.env["PATH"] ?? "", HOME: outdir, PYTHONPATH: packages };
  const { status, error } = spawnSync("python3", [...args, ...ignored, "--template", ...files], {
    ...{ stdio: "inherit", env },
  });
  if (error) throw error;
  if (status === 0) console.log(`cfn-lint: nothing found in ${files.length} templates`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(outdir, { recursive: true, force: true });
}
