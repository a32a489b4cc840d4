/** Commands about the server that commands talk to: `whoami`, `doctor`, `open`; and `completion`. */
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import { SHELLS } from "./completion-script.ts";

const AFTER_DOCTOR = `
Each line is ok, warn or fail, with what to do about it. The exit code is 1 if any fails.

Examples:
  perdure doctor
  perdure doctor --env prod --json
`;

const AFTER_COMPLETION = `
It completes commands and options, and what the server has: services, handlers, deployments, invocations, statuses.

Examples:
  perdure completion bash > ~/.local/share/bash-completion/completions/perdure
  source <(perdure completion zsh)
  perdure completion fish > ~/.config/fish/completions/perdure.fish
  perdure completion powershell | Out-String | Invoke-Expression
`;

export function addServer(program: Program): void {
  program
    .command("whoami")
    .summary("which server commands talk to, and whether it answers")
    .description("Says which server commands talk to, what has chosen it, and whether it answers.")
    .addHelpText("after", "\nExamples:\n  perdure whoami\n  perdure whoami --env prod --json\n")
    .action(
      withCli(async (cli, _options: object) => {
        const { whoAmI } = await import("./whoami.ts");
        await whoAmI(cli);
      }),
    );

  program
    .command("doctor")
    .summary("look for what is wrong: reachability, versions, clock, deployments, stuck invocations")
    .description("Looks for what is wrong with the server, or with the way to it.")
    .addHelpText("after", AFTER_DOCTOR)
    .action(
      withCli(async (cli, _options: object) => {
        const { runDoctor } = await import("./doctor.ts");
        await runDoctor(cli);
      }),
    );

  program
    .command("open")
    .summary("the link of the web UI, of one of its pages, or of an invocation")
    .description("Prints a link, and opens it in a browser if this is a terminal.")
    .argument("[what]", "an invocation's id, Service/key, or a page such as invocations, services, sql")
    .option("--no-browser", "print it only")
    .addHelpText(
      "after",
      "\nExamples:\n  perdure open\n  perdure open inv_1abc --no-browser\n  perdure open Cart/ada\n",
    )
    .action(
      withCli(async (cli, what: string | undefined, options: { readonly browser: boolean }) => {
        const { openLink } = await import("./open.ts");
        await openLink(cli, what, options.browser);
      }),
    );

  program
    .command("completion")
    .alias("completions")
    .summary("a script that lets your shell complete commands")
    .description("Prints a script that lets your shell complete commands.")
    .argument("<shell>", SHELLS.join(", "))
    .addHelpText("after", AFTER_COMPLETION)
    .action(async (shell) => {
      const { completionScript } = await import("./completion-script.ts");
      process.stdout.write(`${await completionScript(shell)}\n`);
    });

  // The scripts call it: perdure complete -- WORDS.
  program
    .command("complete", { hidden: true })
    .argument("[words...]")
    .action(async (words) => {
      const { complete } = await import("./complete.ts");
      process.stdout.write(await complete(program, words));
    });
}
