/** `perdure verify-aws`: deploys a stack of its own into an AWS account, tries there what no emulator can show, and destroys it. */
import { type GlobalOptions, withCli } from "./cli.ts";
import { CommandError, UsageError } from "./exit.ts";
import type { Program } from "./root.ts";
import { STEPS, type StepName } from "./verify-aws/check.ts";
import type { Settings } from "./verify-aws/settings.ts";

const STACK_PREFIX = "PerdureVerify-";
const STACK_PREFIX_PATTERN = /^[A-Za-z][A-Za-z0-9-]{0,40}$/;

const AFTER = `
It uses the credentials and the region of your shell, as the AWS CLI does. It takes about fifteen minutes and costs about
five cents, with --slow an hour and a half and twenty cents. It writes verify-aws-<region>-<date>.json into the current folder: send
that file with whatever you report. The account needs \`npx cdk bootstrap\`, once for a region. With --endpoint it tries an emulator: it
bootstraps it, asks nothing, and skips what it lacks.
`;

interface Options {
  readonly slow?: boolean;
  readonly only?: string;
  readonly keep?: boolean;
  readonly report?: string;
  readonly stackPrefix?: string;
}

export function addVerifyAws(program: Program): void {
  program
    .command("verify-aws")
    .summary("deploy to your AWS account, try everything there, and destroy it")
    .description("Verifies Perdure in an AWS account: deploys a stack of its own, tries it, and destroys it.")
    .option(
      "--slow",
      "also what takes long: alarms, a restore, timers of 16 minutes, pauses of up to 6 minutes",
    )
    .option("--only <step,step>", `only these steps, and those that they need: ${STEPS.join(", ")}`)
    .option("--keep", "do not destroy the stack at the end")
    .option("--report <file>", "where the results go, as JSON")
    .option("--stack-prefix <text>", `the stack's name begins with it (default ${STACK_PREFIX})`)
    .addHelpText("after", AFTER)
    .action(
      withCli(async ({ options: everyCommands }, options: Options) => {
        const settings = verifySettings(options, everyCommands);
        // The CDK's command line runs in a process of its own.
        if (everyCommands.profile !== undefined) process.env["AWS_PROFILE"] = everyCommands.profile;
        // It loads clients of AWS, which no other command needs.
        const { verifyAccount } = await import("./verify-aws/run.ts");
        process.exitCode = await verifyAccount(settings);
      }),
    );
}

/** Throws {@link UsageError}. */
export function verifySettings(options: Options, everyCommands: GlobalOptions = {}): Settings {
  const prefix = options.stackPrefix ?? STACK_PREFIX;
  if (!STACK_PREFIX_PATTERN.test(prefix)) {
    throw new UsageError(`--stack-prefix takes letters, digits and dashes, not "${prefix}"`);
  }
  const { report, only } = options;
  const { region, endpoint, yes = false } = everyCommands;
  return {
    stackPrefix: prefix,
    only: only === undefined ? STEPS : stepsOf(only),
    slow: options.slow === true,
    keep: options.keep === true,
    yes,
    ...(region === undefined ? {} : { region }),
    ...(report === undefined ? {} : { report }),
    ...(endpoint === undefined ? {} : { endpoint: urlOf(endpoint) }),
  };
}

function stepsOf(text: string): readonly StepName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(STEPS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--only: there is no step "${unknown}"`);
  return STEPS.filter((step) => names.includes(step));
}

function urlOf(text: string): string {
  try {
    return new URL(text).origin;
  } catch {
    throw new CommandError(`--endpoint takes a URL, not "${text}"`);
  }
}
