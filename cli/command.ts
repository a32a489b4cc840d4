/** What a command is, and the ways in which it fails. */
import { parseArgs, type ParseArgsConfig } from "node:util";

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

/** The command was called wrongly. It ends with exit code 2, after the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}

/** The command could not do its work. It ends with exit code 1, after the message alone. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** `parseArgs`, whose errors become {@link UsageError}s. */
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
    // The later sentences are advice on positionals that begin with a dash.
    throw new UsageError(message.split(". ")[0] ?? message, help);
  }
}
