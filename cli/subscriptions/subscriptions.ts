/** `perdure subscriptions`: event sources whose records become invocations. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
perdure dev reads Kafka by itself. POST /events/SUBSCRIPTION takes the events of other sources (docs/events.md).

Examples:
  perdure subscriptions list
  perdure subscriptions create kafka://main/orders service://Orders/place group.id=shop
  perdure subscriptions create sqs://work service://Orders/place perdure.key=json:$.order --name orders
`;

interface Named {
  readonly name?: string;
}

export function addSubscriptions(program: Program): void {
  const subscriptions = program
    .command("subscriptions")
    .aliases(["sub", "subscription"])
    .summary("event sources: list, create, describe, delete")
    .description("Event sources whose records become invocations.")
    .addHelpText("after", AFTER);

  subscriptions
    .command("list")
    .alias("ls")
    .summary("all subscriptions")
    .description("Lists all subscriptions.")
    .option("--source <source>", "only of this source, such as kafka://main/orders")
    .option("--sink <sink>", "only to this handler, such as service://Orders/place")
    .action(
      withCli(async (cli, options: { readonly source?: string; readonly sink?: string }) => {
        const { listSubscriptions } = await import("./requests.ts");
        await listSubscriptions(cli, options);
      }),
    );

  subscriptions
    .command("create")
    .summary("let records become invocations")
    .description("Lets a source's records become invocations of a handler.")
    .argument("<source>", "such as kafka://cluster/topic")
    .argument("<sink>", "such as service://Service/handler")
    .argument("[options...]", "of the source, as name=value")
    .option("--name <name>", "what it is known by; one that is made again under it goes on where it was")
    .action(
      withCli(async (cli, source: string, sink: string, options: readonly string[], own: Named) => {
        const { createSubscription } = await import("./requests.ts");
        await createSubscription(cli, source, sink, options, own.name);
      }),
    );

  subscriptions
    .command("describe")
    .alias("get")
    .summary("one subscription")
    .description("Shows one subscription.")
    .argument("<id>")
    .action(
      withCli(async (cli, id: string, _options: object) => {
        const { describeSubscription } = await import("./requests.ts");
        await describeSubscription(cli, id);
      }),
    );

  subscriptions
    .command("remove")
    .aliases(["rm", "delete"])
    .summary("end a subscription")
    .description("Ends a subscription. What it has started goes on.")
    .argument("<id>")
    .action(
      withCli(async (cli, id: string, _options: object) => {
        const { removeSubscription } = await import("./requests.ts");
        await removeSubscription(cli, id);
      }),
    );
}
