/** The command line without a command yet: its name, and the options that all commands take. */
import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { EXIT } from "./exit.ts";
import { TIME_FORMATS } from "./time.ts";

const EXIT_CODES = `
Without colours: --no-color, or NO_COLOR in the environment.
Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${name}`)
  .join(", ")}.
`;

export const emptyProgram = () =>
  new Command("perdure")
    .description("Durable functions in TypeScript, without a server.")
    .version(PACKAGE_VERSION, "-V, --version", "show the version")
    .helpOption("-h, --help", "show help")
    .optionsGroup("Options of every command:")
    .addOption(
      new Option("--url <url>", "the admin API's address (default: http://127.0.0.1:9070)").conflicts([
        "env",
        "stack",
      ]),
    )
    .addOption(
      new Option("--env <name>", "an environment of `perdure env`; local: this machine").conflicts("stack"),
    )
    .option("--stack <name>", "a deployed runtime's stack; /id behind it, if it has several runtimes")
    .option("--ingress-url <url>", "the ingress's address (default: the admin API or the stack says it)")
    .option("--region <region>", "of AWS (default: your shell's, or the profile's)")
    .option("--profile <name>", "whose AWS credentials are used (default: your shell's)")
    .option("--endpoint <url>", "an emulator of AWS")
    .option("--json", "print one JSON document")
    .addOption(new Option("--jsonl", "print a line of JSON for each row").conflicts("json"))
    .option("--wide", "all columns of a table, and nothing cut")
    .addOption(
      new Option("--time-format <format>", "how times are shown (default: human, in the local zone)").choices(
        TIME_FORMATS,
      ),
    )
    .option("-q, --quiet", "no notes, only data, warnings and errors")
    .option("-v, --verbose", "each request, and how long it took")
    .option("-y, --yes", "do not ask")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /u, "perdure: ")) })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText("after", EXIT_CODES);

export type Program = ReturnType<typeof emptyProgram>;

/** After what is wrong with a call: how the command is used, in short. */
export const usageOf = (command: CommandUnknownOpts): string =>
  `\nUsage: ${command.createHelp().commandUsage(command)}\n\`${pathOf(command)} --help\` explains it.`;

/** Each command says so if it is called wrongly. */
export function explainErrors(command: CommandUnknownOpts): void {
  command.showHelpAfterError(usageOf(command));
  for (const each of command.commands) explainErrors(each);
}

const pathOf = (command: CommandUnknownOpts): string =>
  command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
