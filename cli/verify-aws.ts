/** `perdure verify-aws`: deploys a stack of its own into an AWS account, tries there what no emulator can show, and destroys it. */
import { type Command, CommandError, parse, UsageError } from "./command.ts";
import { STEPS, type StepName } from "./verify-aws/check.ts";
import type { Settings } from "./verify-aws/settings.ts";

const STACK_PREFIX = "PerdureVerify-";
const STACK_PREFIX_PATTERN = /^[A-Za-z][A-Za-z0-9-]{0,40}$/;

const HELP = `Verifies Perdure in an AWS account: deploys a stack of its own, tries it, and destroys it.

Usage: perdure verify-aws [options]

It uses the credentials and the region of your shell, as the AWS CLI does. It takes about fifteen minutes and costs about
five cents, with --slow an hour and a half and twenty cents. It writes verify-aws-<region>-<date>.json into the current folder: send
that file with whatever you report. The account needs \`npx cdk bootstrap\`, once for a region.

Options:
  --yes                  do not ask before it deploys
  --region <region>      default: your shell's
  --slow                 also what takes long: alarms, a restore, timers of 16 minutes, pauses of up to 6 minutes
  --only <step,step>     only these steps, and those that they need: ${STEPS.join(", ")}
  --keep                 do not destroy the stack at the end
  --json <file>          where the results go
  --stack-prefix <text>  the stack's name begins with it (default ${STACK_PREFIX})
  --endpoint <url>       an emulator of AWS: what it lacks is skipped. It is bootstrapped, and nothing is asked
  --help                 show this
`;

const OPTIONS = {
  yes: { type: "boolean" },
  region: { type: "string" },
  slow: { type: "boolean" },
  only: { type: "string" },
  keep: { type: "boolean" },
  json: { type: "string" },
  "stack-prefix": { type: "string" },
  endpoint: { type: "string" },
} as const;

export const verifyAws: Command = {
  name: "verify-aws",
  summary: "deploys to your AWS account, tries everything there, and destroys it",
  help: HELP,
  run: async (args) => {
    const settings = verifySettings(args);
    // It loads clients of AWS, which no other command needs.
    const { verifyAccount } = await import("./verify-aws/run.ts");
    process.exitCode = await verifyAccount(settings);
  },
};

/** Throws {@link UsageError}. */
export function verifySettings(args: readonly string[]): Settings {
  const { values, positionals } = parse(args, HELP, OPTIONS);
  if (positionals.length > 0) throw new UsageError(`perdure verify-aws takes no ${positionals[0]}`, HELP);
  const prefix = values["stack-prefix"] ?? STACK_PREFIX;
  if (!STACK_PREFIX_PATTERN.test(prefix)) {
    throw new UsageError(`--stack-prefix takes letters, digits and dashes, not "${prefix}"`, HELP);
  }
  const { region, json, endpoint } = values;
  return {
    stackPrefix: prefix,
    only: values.only === undefined ? STEPS : stepsOf(values.only),
    slow: values.slow === true,
    keep: values.keep === true,
    yes: values.yes === true,
    ...(region === undefined ? {} : { region }),
    ...(json === undefined ? {} : { json }),
    ...(endpoint === undefined ? {} : { endpoint: urlOf(endpoint) }),
  };
}

function stepsOf(text: string): readonly StepName[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !(STEPS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UsageError(`--only: there is no step "${unknown}"`, HELP);
  return STEPS.filter((step) => names.includes(step));
}

function urlOf(text: string): string {
  try {
    return new URL(text).origin;
  } catch {
    throw new CommandError(`--endpoint takes a URL, not "${text}"`);
  }
}
