/** Runs a command line. */
import { type CommandUnknownOpts, CommanderError } from "@commander-js/extra-typings";
import { CommandError, EXIT, UsageError } from "./exit.ts";
import { safe } from "./output.ts";
import { usageOf, emptyProgram, explainErrors, type Program } from "./root.ts";

/** Returns the exit code. What a command could not do has been said by then, and a wrong call with the command's help. */
export async function run(given: readonly string[]): Promise<number> {
  const args = withoutColorOption(given);
  const root = await programFor(args);
  let ran: CommandUnknownOpts = root;
  root.hook("preAction", (_, command) => void (ran = command));
  try {
    if (args.length === 0) throw new UsageError("no command given");
    await root.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? EXIT.done);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`perdure: ${safe(error.message)}\n${usageOf(ran)}\n`);
      return EXIT.usage;
    }
    if (error instanceof CommandError) {
      const { message, advice } = error;
      process.stderr.write(`perdure: ${safe(message)}\n${advice === undefined ? "" : `${safe(advice)}\n`}`);
      return error.exitCode;
    }
    if (!(error instanceof CommanderError)) throw error;
    // Commander has printed the help, the version, or what is wrong.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
}

const NO_COLOR_OPTION = "--no-color";

/** Takes the option away wherever it stands, and says it to Node, which asks the environment before each colour. */
function withoutColorOption(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  const at = args.indexOf(NO_COLOR_OPTION);
  if (at < 0 || (end >= 0 && at > end)) return args;
  process.env["NO_COLOR"] = "1";
  delete process.env["FORCE_COLOR"];
  return args.toSpliced(at, 1);
}

/** `dev` and `up` start without the other commands, which are more files than they need themselves. */
async function programFor([first]: readonly string[]): Promise<Program> {
  if (first !== "dev" && first !== "up") return (await import("./program.ts")).program();
  const { addDev, addUp } = await import("./dev.ts");
  const root = emptyProgram();
  addDev(root);
  addUp(root);
  explainErrors(root);
  return root;
}
