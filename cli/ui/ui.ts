/** `perdure ui`: the web UI of any server, on this machine. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import { DEFAULT_UI_PORT } from "./port.ts";

const AFTER = `
A server on this machine serves its own UI: the command prints its link. For one elsewhere the command serves the UI here, and hands what its
pages ask on to the admin API and the ingress, with your credentials. It listens on this machine alone, and takes requests of its own pages
alone: the link that it prints has a key, new each time.

Examples:
  perdure ui
  perdure ui --stack Orders --open
  perdure ui --env prod --read-only
`;

export interface UiOptions {
  readonly port?: string;
  readonly open?: boolean;
  readonly readOnly?: boolean;
}

export function addUi(program: Program): void {
  program
    .command("ui")
    .summary("the web UI, of a server here or in AWS")
    .description("Prints the link of the web UI, and serves it if the server is elsewhere.")
    .option("--port <port>", `the port to serve it on (default ${DEFAULT_UI_PORT}; 0: a free one)`)
    .option("--open", "open it in a browser")
    .option("--read-only", "hand on nothing that changes anything, and call no handler")
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, options: UiOptions) => {
        const { showUi } = await import("./serve.ts");
        await showUi(cli, options);
      }),
    );
}
