/** `npm create perdure`: `perdure init` as a package of its own, small and without dependencies. `create-perdure/` packs it. */
import { parseArgs } from "node:util";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { makeProject } from "./make.ts";
import { TEMPLATES } from "./templates.ts";

const HELP = `npm create perdure [folder] -- [options]

Makes a project for Perdure: TypeScript services, tests, a CDK app, settings for editors and notes for coding agents.

  -t, --template <name>      ${TEMPLATES.map(({ name }) => name).join(", ")}
  --name <name>              the package's name (default: the folder's)
  --package-manager <name>   npm, pnpm, yarn or bun (default: the one that started this)
  --perdure <spec>           what is installed as perdure: a version, or a file
  --no-cdk                   without a CDK app
  --no-install               write the files only
  -y, --yes                  the defaults for what is not said
  -h, --help, -V, --version

Templates:
${TEMPLATES.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join("\n")}
`;

const OPTIONS = {
  template: { type: "string", short: "t" },
  name: { type: "string" },
  "package-manager": { type: "string" },
  perdure: { type: "string" },
  cdk: { type: "boolean" },
  install: { type: "boolean" },
  yes: { type: "boolean", short: "y" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "V" },
} as const;

function parsed() {
  try {
    const options = OPTIONS;
    return parseArgs({ options, allowPositionals: true, allowNegative: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parsed();
  const [folder, ...more] = positionals;
  if (more.length > 0)
    throw new UsageError(`one folder, not ${positionals.length}: ${positionals.join(", ")}`);
  if (values.help === true) return void process.stdout.write(HELP);
  if (values.version === true) return void process.stdout.write(`${PACKAGE_VERSION}\n`);
  const { "package-manager": packageManager, ...flags } = values;
  const asks = process.stdin.isTTY && process.stderr.isTTY;
  await makeProject(
    {
      ...flags,
      ...(folder === undefined ? {} : { folder }),
      ...(packageManager === undefined ? {} : { packageManager }),
    },
    {
      cwd: process.cwd(),
      environment: process.env,
      ...(asks ? { terminal: { input: process.stdin, output: process.stderr } } : {}),
      say: (line) => void process.stderr.write(`${line}\n`),
    },
  );
}

try {
  await main();
} catch (error) {
  const isExpected = error instanceof CommandError || error instanceof UsageError;
  if (!isExpected) throw error;
  process.stderr.write(`create-perdure: ${error.message}\n`);
  if (error instanceof CommandError && error.advice !== undefined) process.stderr.write(`${error.advice}\n`);
  if (error instanceof UsageError) process.stderr.write("`npm create perdure -- --help` explains it.\n");
  process.exitCode = error instanceof CommandError ? error.exitCode : EXIT.usage;
}
