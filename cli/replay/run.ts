/** What `perdure replay` does. */
import { writeFileSync } from "node:fs";
import { CLI_REPLAY_DEFAULT, CLI_REPLAY_SHOWN_MAX } from "../../lib/limits/cli-invocations.ts";
import type { RecordedJournal } from "../../lib/model/recorded-journal.ts";
import { BuildError } from "../../runtime/dev/bundler.ts";
import type { Replayed } from "../../lib/replay/replay.ts";
import { replayFiles } from "../../runtime/dev/replayed-files.ts";
import type { Cli } from "../cli.ts";
import { countIn } from "../count.ts";
import { servedFiles } from "../dev-files.ts";
import { CommandError, EXIT } from "../exit.ts";
import { type FilterOptions, queryOf } from "../invocations/filters.ts";
import { checkService, listedBy } from "../invocations/pages.ts";
import { safe } from "../output.ts";
import { allRecordedBy, journalsIn, linesOf } from "./recorded.ts";

export interface ReplayOptions extends FilterOptions {
  readonly entry: readonly string[];
  readonly sample?: string;
  readonly save?: string;
}

export async function replayJournals(
  cli: Cli,
  files: readonly string[],
  options: ReplayOptions,
): Promise<void> {
  const code = servedFiles(process.cwd(), options.entry);
  const journals = files.length > 0 ? files.flatMap(journalsIn) : await ofServer(cli, options);
  if (options.save !== undefined) writeFileSync(options.save, linesOf(journals), { mode: 0o600 });
  const replayed = await replayedBy(cli, code, journals);
  cli.out.progressDone();
  const others = replayed.filter(({ fits }) => !fits);
  await report(cli, replayed, others);
  if (others.length > 0) throw notFitting(replayed.length, others);
}

function notFitting(count: number, others: readonly Replayed[]): CommandError {
  const untold = others.filter(isUntold).length;
  const differing = others.length - untold;
  const said = [
    ...(differing > 0
      ? [`${differing} of ${counted(count, "journal does", "journals do")} not fit the code`]
      : []),
    ...(untold > 0
      ? [`nobody can tell whether ${untold} of ${counted(count, "journal fits", "journals fit")} the code`]
      : []),
  ];
  return new CommandError(said.join("; "), {
    advice:
      'In AWS, what is under way stays on the code that it began on, so you can deploy, unless the service says inFlight: "block". Do not move these to the new code.',
  });
}

const isUntold = ({ isUnsure }: Replayed): boolean => isUnsure === true;

/** Names of ways to choose of a server that make no sense with files are left alone. */
async function ofServer(cli: Cli, options: ReplayOptions): Promise<readonly RecordedJournal[]> {
  const limit = countIn("--sample", options.sample, CLI_REPLAY_DEFAULT);
  const admin = await cli.admin();
  const query = { ...queryOf(options), order: "newest" };
  const { rows, isMore } = await listedBy(admin, { query, limit });
  if (rows.length === 0) {
    await checkService(admin, options.service);
    throw new CommandError(`no invocations match at ${admin.address}, so there is nothing to replay`, {
      exitCode: EXIT.nothing,
      advice: "--all-statuses takes completed ones, too.",
    });
  }
  const journals = await allRecordedBy(
    admin,
    rows.map(({ id }) => id),
    (done) => cli.out.progress(`${done} of ${rows.length} journals read …`),
  );
  cli.out.progressDone();
  const which = limit === 1 ? "newest one is" : `${limit} newest are`;
  if (isMore) cli.out.note(`The ${which} replayed; --sample takes more.`);
  return journals;
}

async function replayedBy(
  cli: Cli,
  code: readonly string[],
  journals: readonly RecordedJournal[],
): Promise<readonly Replayed[]> {
  try {
    return await replayFiles(code, journals, (done) =>
      cli.out.progress(`${done} of ${journals.length} journals replayed …`),
    );
  } catch (error) {
    if (error instanceof BuildError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

async function report(cli: Cli, replayed: readonly Replayed[], others: readonly Replayed[]): Promise<void> {
  if (cli.out.format !== "text")
    return await cli.out.list({ rows: replayed, columns: [], json: (row) => row, empty: "" });
  const fitting = replayed.filter((row) => row.fits);
  const fits = [...Map.groupBy(fitting, handlerOf)].map(([handler, rows]) => {
    const entries = rows.reduce((sum, row) => sum + row.entries, 0);
    return `fits: ${handler}, ${counted(rows.length, "journal", "journals")} with ${counted(entries, "entry", "entries")}`;
  });
  const differs = [...Map.groupBy(others, (row) => `${handlerOf(row)}: ${row.reason ?? ""}`)].flatMap(
    ([what, rows]) => [
      `${rows.every(isUntold) ? cli.out.styled("yellow", "not told:") : cli.out.styled("red", "differs:")} ${safe(what)}`,
      ...rows.slice(0, CLI_REPLAY_SHOWN_MAX).map(({ id, target }) => `  ${id}  ${safe(target)}`),
      ...(rows.length > CLI_REPLAY_SHOWN_MAX ? [`  and ${rows.length - CLI_REPLAY_SHOWN_MAX} more`] : []),
    ],
  );
  await cli.out.lines([...fits.map(safe), ...differs]);
}

function handlerOf({ target }: Replayed): string {
  const parts = target.split("/");
  return `${parts[0] ?? ""}/${parts.at(-1) ?? ""}`;
}

const counted = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
