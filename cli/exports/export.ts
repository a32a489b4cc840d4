/** `perdure export`: a copy of a deployment's tables, for questions that would read too much of them. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import { COPY_FILE } from "./copy-file.ts";

const AFTER = `
DynamoDB writes the tables of the stack to the bucket, as they were a minute ago, and takes no read units for it: $0.10 for each GB.
That takes some minutes. The copy is one file, which is asked as a server is; nothing in it runs. It holds all inputs, results and state.
The files in the bucket stay there: DuckDB and Athena read them too (docs/sql-export.md).

Examples:
  perdure --stack Orders export s3://my-bucket/perdure --to orders.sqlite
  perdure --url file:orders.sqlite sql "select status, count(*) from sys_invocation group by status"
`;

export function addExport(program: Program): void {
  program
    .command("export")
    .summary("copy a deployment's tables through S3 into a file, and ask that")
    .argument("<place>", "s3://bucket/prefix")
    .option("--to <file>", `the copy, a new file (default ${COPY_FILE})`)
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, place, options: { readonly to?: string }) => {
        const { makeExport } = await import("./make.ts");
        await makeExport(cli, place, options.to ?? COPY_FILE);
      }),
    );
}
