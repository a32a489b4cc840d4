/** `perdure sql`: questions in SQL, which only read. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
The tables are Restate's (sys_invocation, sys_journal, state, …) and some more (perdure_steps, perdure_locks, …).
What was looked at, and whether that was all, is said on stderr. Without a query, a terminal gets a prompt: \\d lists the tables,
\\d TABLE its columns, \\q ends it.

Examples:
  perdure sql "select id, status from sys_invocation where target_service_name = 'Greeter' limit 10"
  perdure sql --describe sys_invocation
`;

export function addSql(program: Program): void {
  program
    .command("sql")
    .alias("query")
    .summary("ask in SQL: invocations, journals, state, services")
    .description("Answers a query over invocations, journals, state, services and deployments.")
    .argument("[query]", "one SELECT; -: from stdin")
    .option("-f, --file <file>", "the query is in a file")
    .option("--csv", "print comma-separated values")
    .option("--tables", "list the tables")
    .option("--describe <table>", "list a table's columns")
    .option("--scan", "in AWS: look at everything, if nothing less can answer")
    .option("--read-units <number>", "in AWS: read at most so much (a read unit is 4 KB, and $0.000000125)")
    .option("--export <place>", "in AWS: copy the tables by way of s3://bucket/prefix, and ask the copy")
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, query: string | undefined, options) => {
        const { runSql } = await import("./run.ts");
        if (options.export === undefined) return await runSql(cli, query, options);
        const { copyToAsk } = await import("../exports/make.ts");
        await runSql(await copyToAsk(cli, options.export), query, options);
      }),
    );
}
