/** `perdure export`: makes a copy of a deployment's tables. */
import { existsSync } from "node:fs";
import type { ExportedData } from "../../runtime/dev/exported-data.ts";
import { Cli } from "../cli.ts";
import { CommandError, UsageError } from "../exit.ts";
import { COPY_FILE } from "./copy-file.ts";
import { dataIn } from "./door.ts";

/** Exports the tables of the stack into a new data file. */
export async function makeExport(cli: Cli, place: string, file: string): Promise<void> {
  const { exportTables, placeIn } = await import("../aws/export.ts");
  const parsed = placeIn(place);
  if (!parsed) throw new UsageError(`the copy goes through s3://bucket/prefix, not "${place}"`);
  if (existsSync(file))
    throw new CommandError(`${file} is there already`, { advice: "Name another with --to." });
  const { aws, name } = await cli.environment();
  if (!aws)
    throw new CommandError(`${name} is not in AWS, so there is nothing to export`, {
      advice: "Name a stack: --stack.",
    });
  const { openSession } = await import("../aws/session.ts");
  const session = await openSession(aws, process.env);
  // Made when there is something for it: if nothing could be exported, the next try finds no file.
  let made: ExportedData | undefined;
  const { tables } = aws;
  const items = await exportTables(session, {
    ...{ tables, place: parsed },
    progress: (text) => cli.out.progress(text),
    take: async ({ table, pk, sk, attributes }) =>
      await (made ??= dataIn(file)).add({ table, pk, sk }, attributes),
  });
  const data = made ?? dataIn(file);
  await data.settled();
  cli.out.progressDone();
  cli.out.note(
    `${items} items are in ${file}. It holds everything: inputs, results and state. Ask it: perdure --url file:${file} sql "select …"`,
  );
  data.close();
}

/** Makes a copy, and answers a command's surroundings in which the copy is the server. */
export async function copyToAsk(cli: Cli, place: string): Promise<Cli> {
  await makeExport(cli, place, COPY_FILE);
  const {
    stack: _stack,
    env: _env,
    region: _region,
    profile: _profile,
    endpoint: _endpoint,
    ...rest
  } = cli.options;
  return new Cli({ ...rest, url: `file:${COPY_FILE}` }, cli.out);
}
