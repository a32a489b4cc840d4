/** How a command ends: its exit code, and the errors that carry one. docs/cli.md lists them for scripts. */

export const EXIT = {
  done: 0,
  /** Something was refused or has failed. */
  failed: 1,
  /** The command was called wrongly. */
  usage: 2,
  /** Nothing matches what was asked for. */
  nothing: 3,
  /** Nothing answers at the address. */
  unreachable: 4,
  /** A part was done, and a part was refused. */
  partly: 5,
  /** Ctrl-C: 128 and the signal's number, as shells count. */
  interrupted: 130,
} as const;

/** The command could not do its work. It ends with the exit code, after the message alone. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly exitCode: number;
  /** What to do about it, on a line of its own. */
  readonly advice: string | undefined;

  constructor(message: string, options: ErrorOptions & { exitCode?: number; advice?: string } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? EXIT.failed;
    this.advice = options.advice;
  }
}

/** The command was called wrongly. It ends with {@link EXIT.usage}, after the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
