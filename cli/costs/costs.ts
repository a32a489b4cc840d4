/** `perdure costs`: what invocations cost in AWS, estimated from their journals. */
import { COSTS_INVOCATIONS_DEFAULT } from "../../lib/limits/cli.ts";
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
An estimate from the journal, by list prices of us-east-1: docs/costs.md has the prices, and what is not in it: logs, storage, retries, turns
that take long. On this machine an invocation costs nothing; the estimate says what it would cost in AWS.

Examples:
  perdure costs inv_1abc
  perdure costs --service Checkout --limit 50
`;

export function addCosts(program: Program): void {
  program
    .command("costs")
    .summary("what invocations cost in AWS, estimated from their journals")
    .description("Estimates what a million such invocations cost in AWS.")
    .argument("[invocation...]", "ids; without any, the newest that have completed")
    .option("--service <name>", "of this service")
    .option("--handler <name>", "of this handler")
    .option("--limit <n>", `so many of the newest (default ${COSTS_INVOCATIONS_DEFAULT})`)
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, ids, options) => {
        const { showCosts } = await import("./show-costs.ts");
        await showCosts(cli, ids, options);
      }),
    );
}
