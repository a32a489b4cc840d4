/** `perdure deployments`: which processes, functions and bundles serve handlers. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
Examples:
  perdure deployments register http://localhost:9080
  perdure deployments list
`;

const AFTER_REGISTER = `
The address is a URL of a process that serves its handlers, or the ARN of a function's version: arn:…:function:NAME:NUMBER.
What is registered already is not asked again, unless with --force. You are asked only if something changes that is registered.

Examples:
  perdure deployments register http://localhost:9080
  perdure deployments register http://localhost:9080 --force --yes
`;

const AFTER_LIST = `
Status: Active takes new invocations. Draining takes none, and has open ones. Drained is needed by nothing.

Examples:
  perdure deployments list
  perdure deployments list --jsonl | grep Drained
`;

const AFTER_DRAIN = `
A deployment drains as soon as another one has taken over its services. Register that one first.

Examples:
  perdure deployments drain dp_1abc --wait
  perdure deployments drain dp_1abc --wait --timeout 10m && perdure deployments remove dp_1abc --yes
`;

export function addDeployments(program: Program): void {
  const deployments = program
    .command("deployments")
    .aliases(["dp", "dep", "deployment"])
    .summary("what serves handlers: register, list, describe, remove")
    .description("What serves handlers: processes, functions and bundles.")
    .addHelpText("after", AFTER);
  addRegister(deployments);
  addShown(deployments);
  addRemoved(deployments);
}

function addRegister(deployments: CommandUnknownOpts): void {
  deployments
    .command("register")
    .alias("discover")
    .summary("ask an address what it serves, and register that")
    .description("Asks an address what it serves, shows what that changes, and registers it.")
    .argument("<address>", "a URL, or the ARN of a function's version")
    .option("--dry-run", "show what it would change, and change nothing")
    .option("--force", "ask an address anew that is registered already, and accept what breaks others")
    .option("--breaking", "accept a service whose type changes")
    .option("--use-http1.1", "the process speaks HTTP/1.1 alone")
    .option("--header <k=v...>", "a header of every request to it; again for each")
    .option("--metadata <k=v...>", "shown with the deployment; again for each")
    .addHelpText("after", AFTER_REGISTER)
    .action(
      withCli(async (cli, address: string, options) => {
        const { registerAddress } = await import("./register.ts");
        await registerAddress(cli, address, options);
      }),
    );
}

function addShown(deployments: CommandUnknownOpts): void {
  deployments
    .command("list")
    .alias("ls")
    .summary("all deployments, with their status and open invocations")
    .description("Lists all deployments, with their status and open invocations.")
    .addHelpText("after", AFTER_LIST)
    .action(
      withCli(async (cli, _options: object) => {
        const { printDeployments } = await import("./show.ts");
        await printDeployments(cli);
      }),
    );

  deployments
    .command("describe")
    .alias("get")
    .summary("one deployment: address, services, handlers")
    .description("Shows one deployment: where it is, what it serves, and what is pinned to it.")
    .argument("<id>", "the deployment's id, or its address")
    .addHelpText(
      "after",
      "\nExamples:\n  perdure deployments describe dp_1abc\n  perdure deployments describe http://localhost:9080\n",
    )
    .action(
      withCli(async (cli, id: string, _options: object) => {
        const { printDeployment } = await import("./show.ts");
        await printDeployment(cli, id);
      }),
    );
}

function addRemoved(deployments: CommandUnknownOpts): void {
  deployments
    .command("remove")
    .aliases(["rm", "delete"])
    .summary("forget a deployment")
    .description("Forgets a deployment. The process or function itself goes on.")
    .argument("<id>", "the deployment's id, or its address")
    .option("--force", "also while new invocations go there, or open ones are pinned to it")
    .addHelpText(
      "after",
      "\nExamples:\n  perdure deployments remove dp_1abc\n  perdure deployments remove dp_1abc --force --yes\n",
    )
    .action(
      withCli(async (cli, id: string, options: { readonly force?: true }) => {
        const { removeDeployment } = await import("./remove.ts");
        await removeDeployment(cli, id, options.force === true);
      }),
    );

  deployments
    .command("drain")
    .summary("see, or wait, until nothing is pinned to a deployment")
    .description("Says how many open invocations are pinned to a deployment, or waits until there are none.")
    .argument("<id>", "the deployment's id, or its address")
    .option("--wait", "until it is drained")
    .option("--timeout <duration>", "with --wait: give up after so long, with exit code 1")
    .addHelpText("after", AFTER_DRAIN)
    .action(
      withCli(async (cli, id: string, options) => {
        const { drainDeployment } = await import("./remove.ts");
        await drainDeployment(cli, id, options);
      }),
    );
}
