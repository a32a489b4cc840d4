/** The reference of the command line: the help of each command, as the command line prints it. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { program } from "../../cli/program.ts";

const COLUMNS = 100;

export function cliReference(): string {
  const root = program();
  return [
    "# Commands and options",
    "What `--help` prints for each command. [The command line](./cli.md) says how they work together, and what their JSON holds.",
    ...sections(root, ""),
  ].join("\n\n");
}

function sections(command: CommandUnknownOpts, path: string): string[] {
  const name = `${path} ${command.name()}`.trim();
  command.configureHelp({ ...command.configureHelp(), helpWidth: COLUMNS });
  const own = [`## \`${name}\``, `\`\`\`text\n${command.helpInformation().trimEnd()}\n\`\`\``];
  const visible = command.createHelp().visibleCommands(command);
  return [
    ...own,
    ...visible.filter((child) => child.name() !== "help").flatMap((child) => sections(child, name)),
  ];
}
