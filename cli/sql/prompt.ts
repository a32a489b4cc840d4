/** `perdure sql` without a query, on a terminal: one query after the other, with a history. */
import { createInterface } from "node:readline/promises";
import type { Cli } from "../cli.ts";
import { CommandError } from "../exit.ts";
import { askSql, type Asking, columnsQuery, TABLES_QUERY } from "./answer.ts";
import { printAnswer } from "./print.ts";

const PROMPT = "perdure> ";
const MORE = "      -> ";

export async function promptForSql(cli: Cli, asking: Asking): Promise<void> {
  const admin = await cli.admin();
  cli.out.note(
    `${admin.address}. A query ends with ; and \\q ends it all. \\d lists tables, \\d TABLE its columns.`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: PROMPT });
  let query = "";
  lines.prompt();
  for await (const line of lines) {
    const isCommand = query === "" && line.trim().startsWith("\\");
    query = query === "" ? line : `${query}\n${line}`;
    const wanted = isCommand ? commandOf(line.trim()) : endedQuery(query);
    if (wanted === "end") break;
    if (wanted !== undefined) {
      query = "";
      await answered(cli, async () => await printAnswer(cli.out, await askSql(admin, wanted, asking), false));
    } else if (query.trim() === "" || isCommand) query = "";
    lines.setPrompt(query === "" ? PROMPT : MORE);
    lines.prompt();
  }
  lines.close();
}

/** What the command asks; `end` for the end; `undefined` if there is no such command. */
function commandOf(line: string): string | undefined {
  const [name, table] = line.split(/\s+/u);
  if (name === "\\q") return "end";
  if (name !== "\\d") return undefined;
  return table === undefined ? TABLES_QUERY : columnsQuery(table.replace(/;$/u, ""));
}

const endedQuery = (query: string): string | undefined => (query.trimEnd().endsWith(";") ? query : undefined);

/** What is wrong with one query does not end the prompt. */
async function answered(cli: Cli, ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    cli.out.note(error.message);
  }
}
