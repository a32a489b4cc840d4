/** `perdure services`: what is served, how it is doing, and how it is configured. */
import { withCli } from "../cli.ts";
import { UsageError } from "../exit.ts";
import type { Program } from "../root.ts";
import { addServiceConfig } from "./config.ts";

const AFTER = `
Examples:
  perdure services list
  perdure services status Counter
`;

const AFTER_STATUS = `
A key is held by one exclusive invocation at a time. BEHIND are those that wait for it. What has ended is not counted.

Examples:
  perdure services status
  perdure services status Counter --locked-keys 50
`;

const LOCKED_KEYS = 5;
const PAUSED_SHOWN = 5;

export function addServices(program: Program): void {
  const services = program
    .command("services")
    .aliases(["svc", "service"])
    .summary("what is served: list, describe, status, config")
    .description(
      "Services, virtual objects and workflows: what is served, how it is doing, its configuration.",
    )
    .addHelpText("after", AFTER);

  services
    .command("list")
    .alias("ls")
    .summary("all services")
    .description("Lists all services, with the deployment that new invocations go to.")
    .option("--public-only", "without those that the ingress refuses")
    .addHelpText("after", "\nExamples:\n  perdure services list\n  perdure services list --json\n")
    .action(
      withCli(async (cli, options: { readonly publicOnly?: true }) => {
        const { printServices } = await import("./show.ts");
        await printServices(cli, options.publicOnly === true);
      }),
    );

  services
    .command("describe")
    .alias("get")
    .summary("one service: handlers, deployment, settings")
    .description("Shows one service with its handlers.")
    .argument("<service>")
    .addHelpText(
      "after",
      "\nExamples:\n  perdure services describe Greeter\n  perdure services describe Greeter --json\n",
    )
    .action(
      withCli(async (cli, name: string, _options: object) => {
        const { printService } = await import("./show.ts");
        await printService(cli, name);
      }),
    );

  services
    .command("status")
    .summary("how many invocations each handler has in each status, and who holds which key")
    .description("Shows what is open: by handler and status, the keys that are held, and what is paused.")
    .argument("[service]", "default: all")
    .option(
      "--locked-keys <number>",
      `so many keys, those with the most behind them (default ${LOCKED_KEYS})`,
    )
    .option("--paused <number>", `so many paused invocations, the oldest (default ${PAUSED_SHOWN})`)
    .addHelpText("after", AFTER_STATUS)
    .action(
      withCli(async (cli, name: string | undefined, options) => {
        const { showStatus } = await import("./status.ts");
        const counts = { lockedKeys: LOCKED_KEYS, paused: PAUSED_SHOWN };
        await showStatus(cli, name, { ...counts, ...wholeNumbers(options) });
      }),
    );

  addServiceConfig(services);
}

function wholeNumbers(options: { readonly lockedKeys?: string; readonly paused?: string }) {
  return {
    ...(options.lockedKeys === undefined ? {} : { lockedKeys: countIn("--locked-keys", options.lockedKeys) }),
    ...(options.paused === undefined ? {} : { paused: countIn("--paused", options.paused) }),
  };
}

/** Throws {@link UsageError}. */
function countIn(option: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new UsageError(`${option} takes a whole number, not "${text}"`);
}
