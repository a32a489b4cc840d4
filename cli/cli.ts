/** What every command is given: where it prints, whom it asks, and how it asks the user. */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { AdminClient } from "./admin-client.ts";
import { type Door, HttpDoor } from "./door.ts";
import { LOCAL } from "./environment/config.ts";
import { chosenEnvironment, type ServerEnvironment } from "./environment/environment.ts";
import { CommandError, EXIT } from "./exit.ts";
import { Output, type OutputOptions } from "./output.ts";
import type { TimeFormat } from "./time.ts";

/** The options that every command takes, as root.ts declares them. */
export interface GlobalOptions {
  readonly url?: string;
  readonly env?: string;
  readonly stack?: string;
  readonly ingressUrl?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly wide?: boolean;
  readonly timeFormat?: TimeFormat;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly yes?: boolean;
}

export class Cli {
  readonly out: Output;
  readonly options: GlobalOptions;
  #environment: Promise<ServerEnvironment> | undefined;
  #ingress: Promise<Door> | undefined;

  constructor(options: GlobalOptions, out = new Output(outputOptions(options))) {
    this.options = options;
    this.out = out;
  }

  environment(): Promise<ServerEnvironment> {
    this.#environment ??= chosenEnvironment(this.options, process.env);
    return this.#environment;
  }

  async admin(): Promise<AdminClient> {
    const { admin } = await this.environment();
    return new AdminClient(admin, (line) => this.out.trace(line));
  }

  /** Where the ingress is; the admin API is asked if nothing else says it. */
  ingress(): Promise<Door> {
    this.#ingress ??= this.#findIngress();
    return this.#ingress;
  }

  async #findIngress(): Promise<Door> {
    const { ingress, admin } = await this.environment();
    if (ingress) return ingress;
    const version = await (await this.admin()).fields("GET", "/version");
    const url = version.optionalText("ingress_endpoint") ?? "";
    if (url !== "") return new HttpDoor(url);
    throw new CommandError(`${admin.address} does not say where its ingress is`, {
      advice: "Name it with --ingress-url.",
    });
  }

  /** Returns if the user says yes, or has said it with `--yes`. Throws {@link CommandError} otherwise. */
  async confirm(question: string): Promise<void> {
    if (this.options.yes === true) return;
    if (!this.out.isTerminal || !process.stdin.isTTY) {
      throw new CommandError(`"${question}" cannot be asked here`, {
        advice: "Add --yes to do it without a question.",
      });
    }
    const { default: confirm } = await import("@inquirer/confirm");
    const { name } = await this.environment();
    const message = name === LOCAL ? question : `On ${name}: ${question}`;
    const isYes = await confirm({ message, default: false }).catch((error: unknown) => {
      // Ctrl-C.
      if (error instanceof Error && error.name === "ExitPromptError")
        throw new CommandError("nothing was done", { exitCode: EXIT.interrupted });
      throw error;
    });
    if (!isYes) throw new CommandError("nothing was done");
  }
}

function outputOptions({ json, jsonl, quiet, verbose, wide, timeFormat }: GlobalOptions): OutputOptions {
  return {
    format: jsonl === true ? "jsonl" : json === true ? "json" : "text",
    quiet: quiet === true,
    verbose: verbose === true,
    wide: wide === true,
    timeFormat: timeFormat ?? "human",
  };
}

/** An action of a command: `run` gets its arguments and its own options, after what every command is given. */
export const withCli =
  <A extends unknown[]>(run: (cli: Cli, ...args: A) => Promise<void>) =>
  async (...all: [...A, CommandUnknownOpts]): Promise<void> => {
    const command = all.at(-1) as CommandUnknownOpts;
    await run(new Cli(command.optsWithGlobals()), ...(all.slice(0, -1) as A));
  };
