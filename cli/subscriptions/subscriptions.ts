/** `perdure subscriptions`: event sources whose records become invocations. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";

const AFTER = `
perdure dev reads Kafka by itself. POST /events/SUBSCRIPTION takes the events of other sources (docs/events.md).

Examples:
  perdure subscriptions list
  perdure subscriptions create kafka://main/orders service://Orders/place group.id=shop
  perdure subscriptions create sqs://work service://Orders/place perdure.key=json:$.order --name orders
  perdure subscriptions pause orders
  perdure subscriptions skip orders latest
  perdure subscriptions replay orders 2026-11-29T08:00:00Z
`;

interface Named {
  readonly name?: string;
}

export function addSubscriptions(program: Program): void {
  const subscriptions = program
    .command("subscriptions")
    .aliases(["sub", "subscription"])
    .summary("event sources: list, create, pause, skip, replay, delete")
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

  addSteering(subscriptions);

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

const WHERE = "earliest, latest, a time, or offsets such as 0=42 1=17";

/** What a server reads by itself is paused and moved. */
function addSteering(subscriptions: ReturnType<Program["command"]>): void {
  for (const [verb, paused, summary, description] of [
    [
      "pause",
      true,
      "stop reading",
      "Stops reading a topic, or making a schedule's ticks. What was started goes on.",
    ],
    [
      "resume",
      false,
      "go on reading",
      "Goes on after a pause, where it was. A schedule makes no ticks of that time.",
    ],
  ] as const)
    subscriptions
      .command(verb)
      .summary(summary)
      .description(description)
      .argument("<id>", "its id or name")
      .action(
        withCli(async (cli, id: string, _options: object) => {
          const { pauseSubscription } = await import("./requests.ts");
          await pauseSubscription(cli, id, paused);
        }),
      );
  for (const [verb, isReplay, summary, description] of [
    [
      "skip",
      false,
      "read on from elsewhere",
      "Reads a topic on from elsewhere, forward or back. What has run does not run again.",
    ],
    [
      "replay",
      true,
      "run records once more",
      "Reads a topic again from there on, and runs all of it once more.",
    ],
  ] as const)
    subscriptions
      .command(verb)
      .summary(summary)
      .description(description)
      .argument("<id>", "its id or name")
      .argument("<where...>", WHERE)
      .action(
        withCli(async (cli, id: string, where: readonly string[], _options: object) => {
          const { moveSubscription } = await import("./requests.ts");
          await moveSubscription(cli, id, where, isReplay);
        }),
      );
}
