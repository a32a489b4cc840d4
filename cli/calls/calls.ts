/**
 * The commands that reach handlers through the ingress: `call`, `send`, `attach`, `output`, `signal`, `awakeable`, `workflow`.
 *
 * Job: declares them. What they do is in the other files of this folder, which are loaded when one runs.
 */
import { Option } from "@commander-js/extra-typings";
import { withCli } from "../cli.ts";
import type { Program } from "../root.ts";
import type { InputOptions } from "./input.ts";
import type { Waiting, WhichInvocation } from "./results.ts";
import type { CallFlags, SendFlags } from "./call.ts";

const INPUT = "JSON; @file: what the file holds; -: what stdin says (default: no input)";
const key = () => new Option("--key <key>", "the key, if TARGET does not contain it");
const contentType = () =>
  new Option("--content-type <type>", "of an input that is not JSON; it is sent as it is");
const timeout = () =>
  new Option("--timeout <duration>", "wait at most so long, such as 90s (default: no limit)");
const idempotencyKey = (what = "a repeat with the same key finds the first invocation") =>
  new Option("--idempotency-key <key>", what);
const header = () =>
  new Option("-H, --header <name=value>", "a header for the handler; again for each").argParser(
    (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value],
  );

export function addCalls(program: Program): void {
  addCall(program);
  addSend(program);
  addResults(program);
  addSignal(program);
  addAwakeable(program);
  addWorkflow(program);
}

const TARGET = "Service/handler, Object/key/handler or Workflow/key/handler";

function addCall(program: Program): void {
  program
    .command("call")
    .summary("call a handler and print its output")
    .description(
      "Calls a handler, waits, and prints its output. Exit code 1: it has failed with a terminal error; 3: it was not done within --timeout.",
    )
    .argument("<target>", TARGET)
    .argument("[input]", INPUT)
    .addOption(key())
    .addOption(idempotencyKey())
    .addOption(header())
    .addOption(contentType())
    .addOption(timeout())
    .addOption(new Option("--delay <duration>").hideHelp())
    .addHelpText(
      "after",
      `
Examples:
  perdure call Greeter/greet '"Ada"'
  perdure call Counter/add 5 --key 'a/b c' --timeout 10s
`,
    )
    .action(
      withCli(async (cli, target: string, input: string | undefined, options: CallFlags) => {
        const { call } = await import("./call.ts");
        await call(cli, target, input, options);
      }),
    );
}

function addSend(program: Program): void {
  program
    .command("send")
    .summary("start an invocation and print its id")
    .description("Starts an invocation and prints its id. It does not wait for it, unless --wait says so.")
    .argument("<target>", TARGET)
    .argument("[input]", INPUT)
    .addOption(key())
    .option("--delay <duration>", "start it after so long, such as 10m")
    .addOption(idempotencyKey())
    .addOption(header())
    .addOption(contentType())
    .option("--wait", "wait for its output and print that, as `call` does")
    .addOption(
      new Option("--watch", "print what it does until it has completed, as `watch` does").conflicts("wait"),
    )
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure send Reminders/ada/remind '{"text":"tea"}' --delay 10m
  jq -c .order order.json | perdure send Orders/o-1/place - --wait
`,
    )
    .action(
      withCli(async (cli, target: string, input: string | undefined, options: SendFlags) => {
        const { send } = await import("./call.ts");
        await send(cli, target, input, options);
      }),
    );
}

const INVOCATION = "an id, a workflow's Name/key, or with --idempotency-key a TARGET as `call` takes it";

function addResults(program: Program): void {
  program
    .command("attach")
    .summary("wait for an invocation and print its output")
    .description(
      "Waits for an invocation and prints its output. Exit code 1: it has failed; 3: it was not done within --timeout.",
    )
    .argument("<invocation>", INVOCATION)
    .addOption(key())
    .addOption(idempotencyKey("the one that it was started with"))
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure attach inv_1… --timeout 5m
  perdure attach Signup/ada
`,
    )
    .action(
      withCli(async (cli, invocation: string, options: WhichInvocation & Waiting) => {
        const { attachTo } = await import("./results.ts");
        await attachTo(cli, invocation, options);
      }),
    );
  program
    .command("output")
    .summary("print an invocation's output, if it is there")
    .description(
      "Prints an invocation's output without waiting. Exit code 1: it has failed; 3: it is not done yet.",
    )
    .argument("<invocation>", INVOCATION)
    .addOption(key())
    .addOption(idempotencyKey("the one that it was started with"))
    .addHelpText(
      "after",
      `
Examples:
  perdure output inv_1…
  perdure output Greeter/greet --idempotency-key monday
`,
    )
    .action(
      withCli(async (cli, invocation: string, options: WhichInvocation) => {
        const { printOutputOf } = await import("./results.ts");
        await printOutputOf(cli, invocation, options);
      }),
    );
}

const VALUE = "JSON; other text is sent as a JSON string; @file; - for stdin (default: no value)";

function addSignal(program: Program): void {
  program
    .command("signal")
    .summary("send a named signal to an invocation")
    .description(
      "Sends a named signal to an invocation: the value of its ctx.signal(name), or with --reject an error.",
    )
    .argument("<invocation>", "its id")
    .argument("<name>", "the signal's name")
    .argument("[value]", VALUE)
    .option("--reject <reason>", "let ctx.signal(name) fail with this reason")
    .addOption(contentType())
    .addHelpText(
      "after",
      `
Examples:
  perdure signal inv_1… approved '{"by":"ada"}'
  perdure signal inv_1… approved --reject 'out of budget'
`,
    )
    .action(
      withCli(
        async (
          cli,
          id: string,
          name: string,
          value: string | undefined,
          options: InputOptions & { reject?: string },
        ) => {
          const { signal } = await import("./deliveries.ts");
          await signal(cli, { id, name }, value, options);
        },
      ),
    );
}

function addAwakeable(program: Program): void {
  const awakeable = program
    .command("awakeable")
    .alias("awakeables")
    .summary("resolve or reject an awakeable")
    .description("Completes an awakeable, for which an invocation waits.");
  awakeable
    .command("resolve")
    .description("Completes an awakeable with a value.")
    .argument("<id>", "the awakeable's id")
    .argument("[value]", VALUE)
    .addOption(contentType())
    .addHelpText(
      "after",
      `
Examples:
  perdure awakeable resolve sign_1… '{"paid":true}'
  perdure awakeable resolve sign_1… @receipt.json
`,
    )
    .action(
      withCli(async (cli, id: string, value: string | undefined, options: InputOptions) => {
        const { resolveAwakeable } = await import("./deliveries.ts");
        await resolveAwakeable(cli, id, value, options);
      }),
    );
  awakeable
    .command("reject")
    .description("Lets an awakeable fail. The handler that awaits it gets a terminal error.")
    .argument("<id>", "the awakeable's id")
    .argument("<reason>", "the error's message")
    .addHelpText(
      "after",
      `
Examples:
  perdure awakeable reject sign_1… 'the card was refused'
  perdure awakeable reject sign_1… cancelled -q
`,
    )
    .action(
      withCli(async (cli, id: string, reason: string, _options: object) => {
        const { rejectAwakeable } = await import("./deliveries.ts");
        await rejectAwakeable(cli, id, reason);
      }),
    );
}

function addWorkflow(program: Program): void {
  const workflow = program
    .command("workflow")
    .aliases(["workflows", "wf"])
    .summary("submit a workflow, or wait for one")
    .description("Starts a workflow's run, or waits for it, by the workflow's key.");
  workflow
    .command("submit")
    .description("Starts the run of a workflow and prints its id. A workflow runs once for each key.")
    .argument("<workflow>", "Workflow/key")
    .argument("[input]", INPUT)
    .addOption(key())
    .option("--delay <duration>", "start it after so long, such as 10m")
    .addOption(idempotencyKey())
    .addOption(header())
    .addOption(contentType())
    .option("--wait", "wait for its output and print that")
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure workflow submit Signup/ada '{"mail":"ada@example.com"}'
  perdure workflow submit Signup/ada @signup.json --wait
`,
    )
    .action(
      withCli(async (cli, name: string, input: string | undefined, options: SendFlags) => {
        const { submit } = await import("./call.ts");
        await submit(cli, name, input, options);
      }),
    );
  addWorkflowResults(workflow);
}

function addWorkflowResults(workflow: Pick<Program, "command">): void {
  workflow
    .command("attach")
    .description("Waits for the run of a workflow and prints its output.")
    .argument("<workflow>", "Workflow/key")
    .addOption(key())
    .addOption(timeout())
    .addHelpText(
      "after",
      `
Examples:
  perdure workflow attach Signup/ada
  perdure workflow attach Signup --key 'a/b' --timeout 1h
`,
    )
    .action(
      withCli(async (cli, name: string, options: WhichInvocation & Waiting) => {
        const { attachTo } = await import("./results.ts");
        await attachTo(cli, name, { ...options, workflow: true });
      }),
    );
  workflow
    .command("output")
    .description("Prints the output of a workflow's run, if it is there. Exit code 3: it is not done yet.")
    .argument("<workflow>", "Workflow/key")
    .addOption(key())
    .addHelpText(
      "after",
      `
Examples:
  perdure workflow output Signup/ada
  perdure workflow output Signup/ada --json
`,
    )
    .action(
      withCli(async (cli, name: string, options: WhichInvocation) => {
        const { printOutputOf } = await import("./results.ts");
        await printOutputOf(cli, name, { ...options, workflow: true });
      }),
    );
}
