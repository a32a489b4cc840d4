/** `perdure init`: a new project. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import { TEMPLATES } from "./templates.ts";

const AFTER = `
Templates:
${TEMPLATES.map(({ name, about }) => `  ${name.padEnd(8)} ${about}`).join("\n")}

On a terminal it asks for what you do not say. Otherwise, and with --yes, it takes the defaults. It writes into an empty folder only.

Examples:
  perdure init
  perdure init shop --template order
  perdure init shop --yes --no-install
`;

export function addInit(program: Program): void {
  program
    .command("init")
    .summary("make a project: services, tests, a CDK app")
    .description(
      "Makes a project: TypeScript services, tests, a CDK app, settings for editors and notes for coding agents.",
    )
    .argument("[folder]", "a new or an empty folder (default: the current one)")
    .option(
      "-t, --template <name>",
      `one of ${TEMPLATES.map(({ name }) => name).join(", ")} (default ${TEMPLATES[0].name})`,
    )
    .option("--name <name>", "the package's name (default: the folder's)")
    .option("--package-manager <name>", "npm, pnpm, yarn or bun (default: the one that started this)")
    .option("--perdure <spec>", "what is installed as perdure: a version, or a file (default: this version)")
    .option("--no-cdk", "without a CDK app")
    .option("--no-install", "write the files only")
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, folder, options) => {
        const { initialize } = await import("./initialize.ts");
        await initialize(cli, folder, options);
      }),
    );
}
