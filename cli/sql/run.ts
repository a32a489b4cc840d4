/** What `perdure sql` asks: a query, a file's, that of stdin, or one after the other at a prompt. */
import { readFileSync } from "node:fs";
import { text as textOf } from "node:stream/consumers";
import type { Cli } from "../cli.ts";
import { asError } from "../../lib/errors.ts";
import { CommandError, UsageError } from "../exit.ts";
import { askSql, type Asking, columnsQuery, TABLES_QUERY } from "./answer.ts";
import { printAnswer } from "./print.ts";

export interface SqlOptions {
  readonly file?: string;
  readonly csv?: true;
  readonly tables?: true;
  readonly describe?: string;
  readonly scan?: true;
  readonly readUnits?: string;
}

export async function runSql(cli: Cli, query: string | undefined, options: SqlOptions): Promise<void> {
  const { csv, tables, describe, file } = options;
  if (csv === true && cli.out.format !== "text") throw new UsageError("--csv and --json exclude each other");
  const given = [query, file, tables, describe].filter((each) => each !== undefined);
  if (given.length > 1) throw new UsageError("name one of: a query, --file, --tables, --describe");
  const asking = askingOf(options);
  if (given.length === 0 && cli.out.isTerminal && process.stdin.isTTY) {
    const { promptForSql } = await import("./prompt.ts");
    return await promptForSql(cli, asking);
  }
  const wanted =
    tables === true
      ? TABLES_QUERY
      : describe === undefined
        ? await queryOf(query, file)
        : columnsQuery(describe);
  await printAnswer(cli.out, await askSql(await cli.admin(), wanted, asking), csv === true);
}

function askingOf({ scan, readUnits }: SqlOptions): Asking {
  if (readUnits !== undefined && !/^\d{1,9}$/u.test(readUnits))
    throw new UsageError(`--read-units takes a whole number, not "${readUnits}"`);
  return {
    ...(scan === true ? { scan } : {}),
    ...(readUnits === undefined ? {} : { read_units: Number(readUnits) }),
  };
}

async function queryOf(query: string | undefined, file: string | undefined): Promise<string> {
  if (file !== undefined && file !== "-") return contentOf(file);
  if (query !== undefined && query !== "-") return query;
  if (query === undefined && file === undefined && process.stdin.isTTY)
    throw new UsageError("no query given");
  const read = await textOf(process.stdin);
  if (read.trim() === "") throw new UsageError("stdin holds no query");
  return read;
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(`cannot read ${file}: ${asError(error).message}`, { cause: error });
  }
}
