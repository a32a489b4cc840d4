/** What a command is, and how it fails. */
import { parseArgs, type ParseArgsConfig } from "node:util";

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

/** It was called wrongly: exit code 2, after the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** It could not be done: exit code 1, after the message and nothing else. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** `parseArgs`, with its complaints as {@link UsageError}s. */
export function parse<T extends ParseArgsConfig["options"]>(
  args: readonly string[],
  help: string,
  options: T,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("ERR_PARSE_ARGS_") !== true) throw error;
    // What follows the first sentence is advice on positionals that begin with a dash.
    throw new UsageError(message.split(". ")[0] ?? message, help);
  }
}
