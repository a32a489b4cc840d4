/** `perdure services config`: what a service's settings are, and changes of them until its next revision. */
import { withCli } from "../cli.ts";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

const AFTER = `
A change lasts until the next revision of the service is registered, and applies to what is in flight, too. For good, set it in code.

Examples:
  perdure services config view Greeter
  perdure services config patch Greeter --journal-retention "5d 1h"
`;

const AFTER_EDIT = `
Your editor is $PERDURE_EDITOR, else $VISUAL, else $EDITOR, else vi. For scripts there is \`perdure services config patch\`.

Examples:
  perdure services config edit Greeter
  EDITOR="code --wait" perdure services config edit Greeter
`;

const AFTER_PATCH = `
Durations are such as 90s, 5d 1h or PT10S.

Examples:
  perdure services config patch Greeter --public false
  perdure services config patch Greeter --inactivity-timeout 5m --abort-timeout 20m --yes
`;

export function addServiceConfig(services: CommandUnknownOpts): void {
  const config = services
    .command("config")
    .alias("conf")
    .summary("its settings: view, edit, patch")
    .description("A service's settings: who may call it, retentions, timeouts.")
    .addHelpText("after", AFTER);

  config
    .command("view")
    .alias("get")
    .summary("all settings, with what they mean")
    .description("Shows a service's settings, with what they mean, and the handlers that have their own.")
    .argument("<service>")
    .addHelpText(
      "after",
      "\nExamples:\n  perdure services config view Greeter\n  perdure services config view Greeter --json\n",
    )
    .action(
      withCli(async (cli, name: string, _options: object) => {
        const { viewConfig } = await import("./config-view.ts");
        await viewConfig(cli, name);
      }),
    );

  config
    .command("edit")
    .summary("change them in your editor")
    .description("Opens a service's settings in your editor, and applies what you have changed.")
    .argument("<service>")
    .addHelpText("after", AFTER_EDIT)
    .action(
      withCli(async (cli, name: string, _options: object) => {
        const { editConfig } = await import("./config-change.ts");
        await editConfig(cli, name);
      }),
    );

  config
    .command("patch")
    .alias("set")
    .summary("change some of them")
    .description("Changes the settings that are named.")
    .argument("<service>")
    .option("--public <true|false>", "whether the ingress lets callers in")
    .option(
      "--idempotency-retention <duration>",
      "how long the result of a call with an idempotency key is kept",
    )
    .option("--workflow-completion-retention <duration>", "how long a workflow's result is kept")
    .option("--journal-retention <duration>", "how long the journal of what has ended is kept")
    .option(
      "--inactivity-timeout <duration>",
      "how long a handler may be silent before it is asked to suspend",
    )
    .option("--abort-timeout <duration>", "how long it then has before it is stopped")
    .addHelpText("after", AFTER_PATCH)
    .action(
      withCli(async (cli, name: string, options) => {
        const { patchConfig } = await import("./config-change.ts");
        await patchConfig(cli, name, options);
      }),
    );
}
