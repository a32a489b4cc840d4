/** Runs `perdure init` for the command line. */
import type { Cli } from "../cli.ts";
import { type InitFlags, makeProject } from "./make.ts";

/** The options of the command. Commander's default for `--no-…` is true, which nobody has said. */
interface Options extends Omit<InitFlags, "folder" | "yes"> {
  readonly cdk: boolean;
  readonly install: boolean;
}

export async function initialize(
  cli: Cli,
  folder: string | undefined,
  { cdk, install, ...options }: Options,
): Promise<void> {
  const flags: InitFlags = {
    ...options,
    ...(folder === undefined ? {} : { folder }),
    ...(cdk ? {} : { cdk }),
    ...(install ? {} : { install }),
    ...(cli.options.yes === true ? { yes: true } : {}),
  };
  const asks = cli.out.isTerminal && process.stdin.isTTY;
  await makeProject(flags, {
    cwd: process.cwd(),
    environment: process.env,
    ...(asks ? { terminal: { input: process.stdin, output: process.stderr } } : {}),
    say: (line) => cli.out.note(line),
  });
}
