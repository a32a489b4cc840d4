/** `perdure replay`: declared here, done in run.ts. */
import { CLI_REPLAY_DEFAULT } from "../../lib/limits/cli-invocations.ts";
import { withCli } from "../cli.ts";
import { addFilters } from "../invocations/filters.ts";
import type { Program } from "../root.ts";

export function addReplay(program: Program): void {
  const command = program
    .command("replay")
    .summary("ask new code whether it does what journals have recorded, before you deploy it")
    .description(
      "Replays recorded journals against the code in a file, without effects, and says which of them it does not fit, at which operation and why. Journals come from files, or from the server: those that have not completed, the newest first. Ends with 1 if a journal does not fit.",
    )
    .argument("[journals...]", "files of `perdure invocations export --replayable`, or of --save")
    .requiredOption(
      "--entry <file>",
      "the code: a file as `perdure dev` takes it; more than one: --entry a.ts --entry b.ts",
      collected,
    );
  addFilters(command, "--pinned-to");
  command
    .option("--all-statuses", "completed ones as well")
    .option("--sample <count>", `so many journals of the server at most (default ${CLI_REPLAY_DEFAULT})`)
    .option("--save <file>", "keep the journals in this file, a line each")
    .addHelpText(
      "after",
      `
Examples:
  perdure replay --entry src/app.ts
  perdure replay --entry src/app.ts --stack Shop --service Order --sample 1000
  perdure replay --entry src/app.ts journals.jsonl`,
    )
    .action(
      withCli(async (cli, ...args: unknown[]) => {
        const { replayJournals } = await import("./run.ts");
        await replayJournals(cli, (args[0] ?? []) as readonly string[], command.opts());
      }),
    );
}

const collected = (file: string, files: readonly string[] = []): readonly string[] => [...files, file];
