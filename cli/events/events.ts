/** `perdure events`: events as a source delivers them, and the records that could not become invocations. */
import { withCli } from "../cli.ts";
import { UsageError } from "../exit.ts";
import type { Program } from "../root.ts";

const AFTER = `
Examples:
  perdure events send sqs.json --subscription orders
  perdure events rejected list
  perdure events rejected retry orders rej_… --key customer-7
`;

export function addEvents(program: Program): void {
  const events = program
    .command("events")
    .alias("event")
    .summary("events of sources: send, and what was set aside")
    .description("Events as a source delivers them, and records that could not become invocations.")
    .addHelpText("after", AFTER);

  events
    .command("send")
    .summary("deliver an event to a subscription, as AWS does")
    .description(
      "Delivers an event to a subscription, in any of the shapes that AWS delivers. Shows what the source would be told.",
    )
    .argument("<file>", "the event, as JSON; - for stdin")
    .requiredOption("--subscription <name>", "its name or id")
    .action(
      withCli(async (cli, file: string, options: { readonly subscription: string }) => {
        const { sendEvent } = await import("./send.ts");
        await sendEvent(cli, file, options.subscription);
      }),
    );

  addRejected(events.command("rejected"));
}

function addRejected(rejected: ReturnType<Program["command"]>): void {
  rejected
    .summary("records that were set aside: list, show, retry, drop")
    .description("Records that could not become invocations, and were set aside.");

  rejected
    .command("list")
    .alias("ls")
    .summary("all of them")
    .description("Lists the records that were set aside.")
    .option("--subscription <name>", "only of this one")
    .action(
      withCli(async (cli, options: { readonly subscription?: string }) => {
        const { listRejectedRecords } = await import("./rejected.ts");
        await listRejectedRecords(cli, options.subscription);
      }),
    );

  rejected
    .command("show")
    .aliases(["get", "describe"])
    .summary("one, with its value")
    .description("Shows one record, with its headers and its value.")
    .argument("<subscription>")
    .argument("<id>")
    .action(
      withCli(async (cli, subscription: string, id: string, _options: object) => {
        const { showRejectedRecord } = await import("./rejected.ts");
        await showRejectedRecord(cli, subscription, id);
      }),
    );

  rejected
    .command("retry")
    .summary("let it become an invocation")
    .description(
      "Lets a record become an invocation: now that it can, or with a key that you give. It runs once, however often. With --all: all that wait.",
    )
    .argument("<subscription>")
    .argument("[id]")
    .option("--key <key>", "of the object or the workflow")
    .option("--all", "all that wait")
    .action(
      withCli(async (cli, subscription: string, id: string | undefined, options: RetryOptions) => {
        const { retryRejectedRecord, decideAllRejected } = await import("./rejected.ts");
        if (oneOf(id, options.all)) await retryRejectedRecord(cli, subscription, id, options.key);
        else await decideAllRejected(cli, subscription, "retry", options.key);
      }),
    );

  rejected
    .command("drop")
    .summary("leave it")
    .description("Decides that a record does not become an invocation. It does not come back.")
    .argument("<subscription>")
    .argument("[id]")
    .option("--all", "all that wait")
    .action(
      withCli(
        async (cli, subscription: string, id: string | undefined, options: { readonly all?: boolean }) => {
          const { dropRejectedRecord, decideAllRejected } = await import("./rejected.ts");
          if (oneOf(id, options.all)) await dropRejectedRecord(cli, subscription, id);
          else await decideAllRejected(cli, subscription, "drop");
        },
      ),
    );
}

interface RetryOptions {
  readonly key?: string;
  readonly all?: boolean;
}

/** Whether it is one record that is meant. Nothing means nothing. Throws {@link UsageError}. */
function oneOf(id: string | undefined, all = false): id is string {
  if ((id !== undefined) !== all) return id !== undefined;
  throw new UsageError("say which record: its id, or --all");
}
