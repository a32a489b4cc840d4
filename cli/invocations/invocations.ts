/** `perdure invocations …`, and the same commands without the noun: `perdure ls`, `perdure cancel`, … */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { CLI_CHOSEN_DEFAULT, CLI_LIST_DEFAULT } from "../../lib/limits/cli-invocations.ts";
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import { addFilters } from "./filters.ts";
import { type OperationKind, OPERATIONS, RESTART } from "./operations.ts";

export function addInvocations(program: Program): void {
  const noun = program
    .command("invocations")
    .aliases(["inv", "invocation"])
    .summary("list, describe, follow and control invocations")
    .description("Lists, describes, follows and controls invocations.");
  addList(noun.command("list").alias("ls"), "perdure invocations list");
  addList(program.command("ls"), "perdure ls");
  addDescribe(noun.command("describe").aliases(["get", "show"]), "perdure invocations describe");
  addDescribe(program.command("show"), "perdure show");
  addExport(noun.command("export"));
  addWatch(noun.command("watch"), "perdure invocations watch");
  addWatch(program.command("watch"), "perdure watch");
  addTail(noun.command("tail"), "perdure invocations tail");
  addTail(program.command("tail"), "perdure tail");
  for (const kind of OPERATIONS) {
    const own = noun.command(kind.name);
    if (kind.path !== kind.name) own.alias(kind.path);
    addOperation(own, kind, `perdure invocations ${kind.name}`);
    addOperation(program.command(kind.name), kind, `perdure ${kind.name}`);
  }
}

function addList(command: CommandUnknownOpts, called: string): void {
  command
    .summary("list invocations")
    .description("Lists invocations that have not completed, the newest first. Options choose others.");
  addFilters(command);
  command
    .option("--all-statuses", "completed ones as well")
    .option("--oldest-first", "the oldest first")
    .option("--limit <count>", `so many at most (default ${CLI_LIST_DEFAULT})`)
    .option("--all", "without a limit")
    .addHelpText(
      "after",
      examples(`${called} --service Mailer --status paused,backing-off`, `${called} --older-than 2h --json`),
    )
    .action(
      withCli<unknown[]>(async (cli) => {
        const { printInvocations } = await import("./list.ts");
        await printInvocations(cli, command.opts());
      }),
    );
}

function addDescribe(command: CommandUnknownOpts, called: string): void {
  command
    .summary("show one invocation: its input, steps, errors, calls and locks")
    .description(
      "Shows one invocation: its input, the value of each step, the error of its last attempt, what it waits for, its caller and callees, and its key's lock.",
    )
    .argument("<id>", "the invocation")
    .option("--full", "values, steps and stacks in full")
    .option("--journal <format>", "the journal alone: json")
    .addHelpText("after", examples(`${called} inv_1…`, `${called} inv_1… --journal json > journal.json`))
    .action(
      withCli(async (cli, ...args: unknown[]) => {
        const { describe } = await import("./describe.ts");
        await describe(cli, String(args[0]), command.opts());
      }),
    );
}

function addWatch(command: CommandUnknownOpts, called: string): void {
  command
    .summary("follow one invocation until it has completed")
    .description(
      "Prints each step of an invocation as it is done, until the invocation has completed. Ends with 0 if it has succeeded, and with 1 if it has failed.",
    )
    .argument("<id>", "the invocation")
    .option("--timeout <duration>", "wait no longer than that, such as 30s")
    .addHelpText("after", examples(`${called} inv_1…`, `${called} inv_1… --timeout 5m --jsonl`))
    .action(
      withCli(async (cli, ...args: unknown[]) => {
        const { watch } = await import("./watch.ts");
        await watch(cli, String(args[0]), command.opts());
      }),
    );
}

function addTail(command: CommandUnknownOpts, called: string): void {
  command
    .summary("a line for each invocation that begins, changes or ends")
    .description("Prints a line for each invocation that begins, changes or ends, until you press Ctrl-C.");
  addFilters(command);
  command
    .option("--timeout <duration>", "end after that, such as 30s")
    .addHelpText(
      "after",
      examples(`${called} --service Mailer`, `${called} --jsonl --timeout 10m > changes.jsonl`),
    )
    .action(
      withCli<unknown[]>(async (cli) => {
        const { tail } = await import("./tail.ts");
        await tail(cli, command.opts());
      }),
    );
}

function addExport(command: CommandUnknownOpts): void {
  command
    .summary("one invocation as JSON, for a report of a bug")
    .description(
      "Prints all that is known of an invocation as JSON. What a secret's name names, such as password, is taken out; look at the rest before you hand it on.",
    )
    .argument("<id>", "the invocation")
    .option("--no-values", "without inputs, outputs and results of steps: their lengths alone")
    .option(
      "--replayable",
      "as it is stored, for `perdure replay` and the test kit: with all values, secrets too",
    )
    .addHelpText(
      "after",
      examples(
        "perdure invocations export inv_1… > invocation.json",
        "perdure invocations export inv_1… --no-values",
        "perdure invocations export inv_1… --replayable >> journals.jsonl",
      ),
    )
    .action(
      withCli(async (cli, ...args: unknown[]) => {
        const { exportInvocation } = await import("./export.ts");
        await exportInvocation(cli, String(args[0]), command.opts());
      }),
    );
}

const TARGETS =
  "ids, or targets: Service, Service/handler, Object/key, Object/key/handler, with * and ? in each part; - reads ids from stdin";

function addOperation(command: CommandUnknownOpts, kind: OperationKind, called: string): void {
  command
    .summary(kind.summary)
    .description(
      `${kind.description} What is named by its id is done at once; what a search finds is shown first.`,
    )
    .argument("[what...]", TARGETS)
    .option("--dry-run", "show what it is for, and do nothing");
  if (kind.goesOn)
    command.option("--deployment <id>", "where it goes on: keep, latest, or a deployment's id");
  if (kind === RESTART)
    command.option(
      "--from <step>",
      "keep the results of the steps before this one: its name, or its number in the journal",
    );
  addFilters(command, kind.goesOn ? "--pinned-to" : "--deployment");
  command
    .option("--limit <count>", `so many at most, of what a search finds (default ${CLI_CHOSEN_DEFAULT})`)
    .option("--all", "without a limit")
    .addHelpText(
      "after",
      examples(`${called} inv_1…`, `${called} 'Counter/user-*' --older-than 1h --dry-run`),
    )
    .action(
      withCli(async (cli, ...args: unknown[]) => {
        const { operate } = await import("./operate.ts");
        await operate(cli, kind, args[0] as readonly string[], command.opts());
      }),
    );
}

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}\n`).join("")}`;
