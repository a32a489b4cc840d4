/** `perdure env`: environments that have a name. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
They stand in your own file, ~/.config/perdure/config.json. A project may share some in a file perdure.json, which
{"environments": {"prod": {"stack": "Orders", "region": "eu-west-1"}}} shows; of two with one name yours counts.

A command talks to what its --url, --env or --stack names, else to $PERDURE_ADMIN_URL, $PERDURE_ENV or $PERDURE_STACK, else to
the environment of \`perdure env use\`, else to the server of this machine.

Examples:
  perdure env add prod --stack Orders --region eu-west-1 --profile ops
  perdure env add staging --url https://admin.example.com --header 'authorization=Bearer \${STAGING_TOKEN}'
  perdure --env prod invocations list
  perdure env use local
`;

interface AddOptions {
  readonly header?: readonly string[];
  readonly production?: boolean;
}

export function addEnv(program: Program): void {
  const env = program
    .command("env")
    .alias("environments")
    .summary("environments that have a name: add, list, use, show, remove")
    .description("Gives names to the servers and stacks that commands talk to.")
    .addHelpText("after", AFTER);
  env
    .command("list")
    .alias("ls")
    .summary("all of them, and which one commands talk to")
    .action(
      withCli(async (cli, _options: object) => await (await import("./edit.ts")).listEnvironments(cli)),
    );
  env
    .command("add")
    .summary("add one, or replace it: --stack <name>, or --url <url>")
    .argument("<name>")
    .option(
      "--header <name=value...>",
      "sent with each request; ${NAME} stands for a variable, so that the file holds no secret",
    )
    .option("--production", "the UI shows that it is, and asks twice (default: if a name says prod)")
    .option("--no-production", "it is not, whatever its name says")
    .action(
      withCli(async (cli, name, { header = [], production }: AddOptions) =>
        (await import("./edit.ts")).addEnvironment(cli, name, { headers: header, production }),
      ),
    );
  env
    .command("use")
    .summary("talk to it from now on, if a command does not name another")
    .argument("<name>", "local: this machine")
    .action(
      withCli(async (cli, name, _options: object) => (await import("./edit.ts")).useEnvironment(cli, name)),
    );
  env
    .command("show")
    .alias("get")
    .summary("what is written of one (default: that which commands talk to)")
    .argument("[name]")
    .action(
      withCli(
        async (cli, name, _options: object) => await (await import("./edit.ts")).showEnvironment(cli, name),
      ),
    );
  env
    .command("remove")
    .aliases(["rm", "delete"])
    .summary("forget it; nothing is deleted in AWS")
    .argument("<name>")
    .action(
      withCli(async (cli, name, _options: object) =>
        (await import("./edit.ts")).removeEnvironment(cli, name),
      ),
    );
}
