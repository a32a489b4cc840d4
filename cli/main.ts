#!/usr/bin/env node
/** The command line: finds the command and runs it. Each command is a file in this folder. */
import { CommandError, UsageError } from "./command.ts";
import { checkNode } from "./node-version.ts";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { dev } from "./dev.ts";
import { verifyAws } from "./verify-aws.ts";

const COMMANDS = new Map([dev, verifyAws].map((command) => [command.name, command]));

const HELP = `Durable functions in TypeScript, without a server.

Usage: perdure <command> [options]

Commands:
${[...COMMANDS.values()].map(({ name, summary }) => `  ${name.padEnd(12)}${summary}`).join("\n")}

  perdure <command> --help    shows a command's options
  perdure --version           shows the version
`;

async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined) throw new UsageError("no command given", HELP);
  if (name === "--help" || name === "-h" || name === "help") return void process.stdout.write(HELP);
  if (name === "--version" || name === "-v") return void process.stdout.write(`${PACKAGE_VERSION}\n`);
  const command = COMMANDS.get(name);
  if (!command) throw new UsageError(`there is no command "${name}"`, HELP);
  if (rest.includes("--help") || rest.includes("-h")) return void process.stdout.write(command.help);
  checkNode(process.versions.node);
  await command.run(rest);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`perdure: ${error.message}\n\n${error.help}`);
    process.exitCode = 2;
  } else if (error instanceof CommandError) {
    process.stderr.write(`perdure: ${error.message}\n`);
    process.exitCode = 1;
  } else {
    throw error;
  }
}
