/** `perdure dev`: a server on this machine, for the services of a file or of processes that serve their own. */
import { type Cli, withCli } from "./cli.ts";
import { readConfigFile } from "./config/config-file.ts";
import { PORT_MAX } from "./config/server-setting.ts";
import { printConfig } from "./config/print-config.ts";
import { chooseSettings, SETTING_KEYS, SERVER_SETTINGS } from "./config/server-settings.ts";
import { UsageError } from "./exit.ts";
import type { Program } from "./root.ts";
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { readEnv } from "./dev-env.ts";
import { serveFiles } from "./dev-server.ts";
import {
  currentFolder,
  DATA_FOLDER,
  DEBUGGER_PORT,
  givenOptions,
  type ServerFlags,
  serverSettings,
} from "./dev-settings.ts";

const AFTER = `
A file's default export is an array of services, virtual objects and workflows, or one of them. A file without one serves what it
would serve by itself (serve(), listen(), a Lambda function's handler), or else the services that it exports by name. Of a folder, the
files that import perdure are served.

A line says when an invocation starts, is suspended, fails or ends. --quiet: failures and warnings alone. --verbose: steps, later
turns and all attempts too. When more happens than anybody reads, one line a second sums it up.

Everything durable is in one data file. After a restart the invocations in flight continue, whatever ended the process.
When the code changes, it is reloaded: new invocations run the new code. Those in flight finish on the old code; what has failed goes on
with the new code, if its journal fits.

A process that serves its own handlers is registered by its URL:
  perdure deployments register http://localhost:9080
`;

export function addDev(program: Program): void {
  withServerOptions(
    program
      .command("dev")
      .summary("serve the services of files, or of other processes, on this machine")
      .description(
        "Serves the services of TypeScript or JavaScript files, and those that are registered with it.",
      )
      .argument("[file...]", "files, folders or patterns with the services"),
  )
    .option("--no-watch", "do not reload when the code changes")
    .option("--inspect [port]", `a debugger can attach to the handlers (default port ${DEBUGGER_PORT})`)
    .addHelpText("after", AFTER)
    .action(
      withCli(async (cli, given, { inspect, ...options }) => {
        const { files, inspectPort } = debugged(given, inspect);
        await runServer(cli, files, { ...options, ...(inspectPort === undefined ? {} : { inspectPort }) });
      }),
    );
}

/** An option with an optional value takes the file behind it for that value. */
function debugged(
  files: readonly string[],
  inspect: string | true | undefined,
): { readonly files: readonly string[]; readonly inspectPort?: number } {
  if (inspect === undefined) return { files };
  if (inspect === true) return { files, inspectPort: DEBUGGER_PORT };
  const port = Number(inspect);
  if (!/^\d+$/u.test(inspect)) return { files: [inspect, ...files], inspectPort: DEBUGGER_PORT };
  if (port <= PORT_MAX) return { files, inspectPort: port };
  throw new UsageError(`--inspect takes a port from 0 to ${PORT_MAX}, not ${inspect}`);
}

const AFTER_UP = `
It is \`perdure dev\` without a file: it builds and reloads nothing, and serves the processes that are registered with it. Its data file
is .perdure/dev.sqlite in the current folder, the one of \`perdure dev\` without a file.

Examples:
  perdure up
  perdure up --port 0 --admin-port 0 --data /tmp/try.sqlite
`;

/** The server alone. */
export function addUp(program: Program): void {
  withServerOptions(
    program
      .command("up")
      .alias("server")
      .summary("the server alone, for processes that serve their own handlers")
      .description(
        "Runs the server alone. Processes that serve handlers are registered with it by their URL.",
      ),
  )
    .addHelpText("after", AFTER_UP)
    .action(withCli(async (cli, options) => await runServer(cli, undefined, options)));
}

/** What `dev` and `up` take. */
const withServerOptions = <A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) =>
  command
    .option(
      "--port <port>",
      `the port that takes invocations (default ${SERVER_SETTINGS.port.preset}; 0: a free one)`,
    )
    .option(
      "--admin-port <port>",
      `the port of the admin API (default ${SERVER_SETTINGS.adminPort.preset}; 0: a free one)`,
    )
    .option(
      "--host <address>",
      `the address to listen on (default ${SERVER_SETTINGS.host.preset}: this machine only)`,
    )
    .option(
      "--data <file>",
      `the data file (default ${DATA_FOLDER}/<name of the served file, or dev>.sqlite in the current folder)`,
    )
    .option(
      "--durability <what>",
      'what data survives: "process" (default): the end of any process, kill -9 included; "power": also a power cut, at the price of a sync to the disk before each answer and step',
    )
    .option(
      "--cors-origin <origin...>",
      "a page's origin that may call the ingress from a browser, such as https://shop.example; again for each (default: every page may)",
    )
    .option("--cors-credentials", "those pages may send cookies")
    .option(
      "--table <name=key...>",
      "a DynamoDB table of yours that ctx.transact writes to, with the attributes of its key: orders=id, lines=order/line; again for each. Its items are in the data file",
    )
    .option(
      "--config <file>",
      "the configuration file (default: perdure.toml in the current folder, if there is one)",
    )
    .option("--print-config", "print the settings that hold and where each comes from, and serve nothing");

/** `files`: of `perdure dev`. */
async function runServer(
  cli: Cli,
  files: readonly string[] | undefined,
  options: ServerFlags,
): Promise<void> {
  const folder = currentFolder();
  const env = files === undefined ? undefined : readEnv(folder, process.env);
  const named = options.config ?? process.env["PERDURE_CONFIG"];
  const file = readConfigFile(folder, named === "" ? undefined : named, SETTING_KEYS);
  for (const warning of file?.warnings ?? []) cli.out.warn(warning);
  const chosen = chooseSettings(givenOptions(files, options, cli.options), process.env, file);
  const settings = serverSettings(folder, files, chosen);
  const data = { value: settings.dataPath, from: chosen.data.from };
  if (options.printConfig === true) return await printConfig(cli.out, { ...chosen, data });
  await serveFiles(
    { ...settings, ...(options.inspectPort === undefined ? {} : { inspectPort: options.inspectPort }) },
    env,
  );
}
