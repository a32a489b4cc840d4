/** Runs a command line. */
import { type CommandUnknownOpts, CommanderError } from "@commander-js/extra-typings";
import { EXIT, UsageError } from "./exit.ts";
import { program } from "./program.ts";
import { usageOf } from "./root.ts";

/** Returns the exit code. Throws what commands throw; a wrong call has been answered with the command's help by then. */
export async function run(args: readonly string[]): Promise<number> {
  const root = program();
  let ran: CommandUnknownOpts = root;
  root.hook("preAction", (_, command) => void (ran = command));
  try {
    if (args.length === 0) throw new UsageError("no command given");
    await root.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`perdure: ${error.message}\n${usageOf(ran)}\n`);
      return EXIT.usage;
    }
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed the help, the version, or what is wrong.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}
