/** A whole run: what was asked for, in order. The stack is destroyed whatever happens, unless it is to be kept. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { asError } from "../../lib/errors.ts";
import { CommandError } from "../exit.ts";
import type { AwsAccount } from "./account.ts";
import { openAccount } from "./aws-account.ts";
import { openCdk, requireCdk } from "./cdk.ts";
import { Ledger } from "./check.ts";
import { openChannel } from "../aws/signed-http.ts";
import { dispatchersFor } from "./preflight.ts";
import { capabilityTable, reportJson, reportName, resultLine, resultTable } from "./report.ts";
import { scaleOf } from "./scale.ts";
import type { Settings } from "./settings.ts";
import { runSteps } from "./steps.ts";
import { CAPABILITIES, Capabilities, type Verification } from "./verification.ts";
import { destroy } from "./destroy.ts";

const NAME_BYTES = 3;
const INTERRUPTED = 130;

/** Returns the exit code: 0 if nothing has failed. Throws {@link CommandError} if nothing could be tried. */
export async function verifyAccount(settings: Settings): Promise<number> {
  const cli = requireCdk();
  const account = await opened(settings);
  const { account: accountId } = await identified(account);
  const startMs = Date.now();
  const ledger = new Ledger({ now: Date.now, report: (result) => console.log(resultLine(result)) });
  const stackName = `${settings.stackPrefix}${randomBytes(NAME_BYTES).toString("hex")}`;
  await confirmed(settings, { accountId, region: account.region, stackName });
  const dispatchers = await dispatchersFor({ ledger, account });
  const isEmulator = settings.endpoint !== undefined;
  const { region } = account;
  const tool = openCdk({
    ...{ cli, stack: stackName, region, account: accountId, dispatchers, endpoint: settings.endpoint },
    log: (line) => {
      if (process.env["PERDURE_LOG_LEVEL"] === "debug" && line.trim() !== "") console.log(`  | ${line}`);
    },
  });
  const verification: Verification = {
    ...{ settings, ledger, account, stackName, tool, openChannel },
    state: { begun: false, settings: {}, tables: [] },
    scale: scaleOf(isEmulator, settings.slow),
    clock: { now: Date.now, pause: (ms) => new Promise((done) => void setTimeout(done, ms)) },
    capabilities: new Capabilities(isEmulator),
    progress: (text) => console.log(`… ${text}`),
  };
  const interrupted = await carriedOut(verification, accountId);
  tool.close();
  account.close();
  const { results } = ledger;
  const capabilities = verification.capabilities.found;
  console.log(`\n${capabilityTable(capabilities, CAPABILITIES)}\n${resultTable(results)}`);
  const file = resolve(settings.report ?? reportName(region, startMs));
  const times = { startMs, endMs: Date.now() };
  const { endpoint, slow } = settings;
  const found = { results, region, accountId, ...times, endpoint, slow, capabilities, interrupted };
  writeFileSync(file, reportJson(found));
  console.log(`written: ${file}`);
  if (interrupted) return INTERRUPTED;
  return ledger.hasFailed ? 1 : 0;
}

/** Runs the steps, and then destroys what they have made. Returns whether it was interrupted. */
export async function carriedOut(verification: Verification, accountId: string): Promise<boolean> {
  const { settings, state, tool, stackName, account, ledger } = verification;
  let signals = 0;
  let interrupt: (() => void) | undefined;
  const interruption = new Promise<boolean>((done) => (interrupt = () => done(true)));
  const howToDelete = `aws cloudformation delete-stack --stack-name ${stackName} --region ${account.region}`;
  const onSignal = (): void => {
    signals++;
    if (signals > 1) {
      console.log(`stopped. The stack ${stackName} may be there. To delete it: ${howToDelete}`);
      process.exit(INTERRUPTED);
    }
    console.log("stopping: the stack is destroyed first (once more: at once, and it stays)");
    ledger.stop();
    tool.stop();
    interrupt?.();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  const steps = runSteps(verification, accountId)
    .catch((error: unknown) => {
      const { message } = asError(error);
      return void ledger.check("destroy", "all steps were tried", async () => {
        throw new Error(message);
      });
    })
    .then(() => false);
  const wasInterrupted = await Promise.race([steps, interruption]);
  if (state.begun && settings.keep) {
    console.log(
      `the stack ${stackName} stays, and costs about a dollar a month. To delete it: ${howToDelete}`,
    );
    for (const table of state.tables)
      console.log(`and: aws dynamodb delete-table --table-name ${table} --region ${account.region}`);
  } else if (state.begun) {
    // What is under way must end before the stack can go.
    await tool.settled();
    await destroy(verification);
    if ((await account.stackStatus(stackName).catch(() => "?")) !== undefined)
      console.log(`the stack ${stackName} may be left. To delete it: ${howToDelete}`);
  }
  process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  return wasInterrupted;
}

async function opened({ region, endpoint }: Settings): Promise<AwsAccount> {
  try {
    return await openAccount({ region, endpoint });
  } catch (error) {
    const { message } = asError(error);
    throw new CommandError(
      `there are no credentials or no region in this shell: ${message}. Try \`aws sts get-caller-identity\`.`,
    );
  }
}

async function identified(account: AwsAccount) {
  try {
    return await account.identity();
  } catch (error) {
    throw new CommandError(`the credentials of this shell are not accepted: ${asError(error).message}`);
  }
}

interface Asked {
  readonly accountId: string;
  readonly region: string;
  readonly stackName: string;
}

/** Throws {@link CommandError} unless the answer is yes. */
async function confirmed({ yes, endpoint, slow }: Settings, asked: Asked): Promise<void> {
  const { accountId, region, stackName } = asked;
  console.log(`perdure verify-aws: stack ${stackName}, account ${accountId}, region ${region}`);
  if (yes || endpoint !== undefined) return;
  if (!process.stdin.isTTY) throw new CommandError("there is no terminal to ask at. Pass --yes to go on.");
  const cost = slow ? "20 cents and 90 minutes" : "5 cents and 15 minutes";
  const line = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await line.question(`Deploy it, try it and destroy it? That takes about ${cost}. [y/N] `);
  line.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError("nothing was deployed");
}
