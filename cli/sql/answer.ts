/** Asks the server a query, and reads its answer: the rows, and what was looked at for them. */
import { type AdminClient, jsonOf, refusalOf } from "../admin-client.ts";
import { CommandError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";

/** What goes along with a query; as the admin API calls it. */
export interface Asking {
  readonly scan?: boolean;
  readonly read_units?: number;
}

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlAnswer {
  readonly rows: readonly SqlRow[];
  /** In the order of the query, as far as the rows tell it: a column without a value in any row is not among them. */
  readonly columns: readonly string[];
  /** `undefined`: the server does not say. */
  readonly report: SqlReport | undefined;
}

export interface SqlReport {
  readonly source: string;
  readonly scanned: number;
  readonly isComplete: boolean;
  /** What was not looked at. */
  readonly missing: readonly string[];
  readonly readUnits: number;
}

/** Throws {@link CommandError}, with the place in the query, for what the server refuses. */
export async function askSql(admin: AdminClient, query: string, asking: Asking): Promise<SqlAnswer> {
  const answer = await admin.raw("POST", "/query", { body: { query, ...asking } });
  if (answer.status === 404)
    throw new CommandError(`${admin.address} does not answer SQL: it is of an earlier version`, {
      advice: "Update the server, or use `perdure invocations list`.",
    });
  if (answer.status >= 400) {
    const { message } = refusalOf(answer);
    const offset = offsetIn(answer.body);
    throw new CommandError(offset === undefined ? message : `${message}\n${caretAt(query, offset)}`);
  }
  const fields = new AnswerFields(jsonOf(answer), "answer");
  const rows = fields.objects("rows").map(({ raw }) => raw);
  const report = fields.object("perdure");
  return { rows, columns: columnsIn(rows), report: report && reportIn(report) };
}

const reportIn = (fields: AnswerFields): SqlReport => ({
  source: fields.optionalText("source") ?? "?",
  scanned: fields.optionalNumber("scanned") ?? 0,
  isComplete: fields.raw["complete"] !== false,
  missing: fields.list("missing").map(String),
  readUnits: fields.object("cost")?.optionalNumber("readUnits") ?? 0,
});

function offsetIn(body: Uint8Array): number | undefined {
  try {
    const refusal = new AnswerFields(JSON.parse(new TextDecoder().decode(body)), "refusal");
    return refusal.object("position")?.optionalNumber("offset");
  } catch {
    return undefined;
  }
}

/** The line that is meant, and a caret below the place. */
export function caretAt(query: string, offset: number): string {
  const from = query.lastIndexOf("\n", offset - 1) + 1;
  const end = query.indexOf("\n", offset);
  const line = query.slice(from, end === -1 ? query.length : end);
  // A tab stays a tab, so that the caret stands where the terminal shows the place.
  return `  ${line}\n  ${query.slice(from, offset).replaceAll(/[^\t]/gu, " ")}^`;
}

/** The names of all rows. Each row has its own in the query's order, without those that are null in it. */
export function columnsIn(rows: readonly SqlRow[]): string[] {
  const columns: string[] = [];
  for (const row of rows) {
    let at = 0;
    for (const name of Object.keys(row)) {
      const known = columns.indexOf(name);
      if (known === -1) columns.splice(at++, 0, name);
      else at = Math.max(at, known + 1);
    }
  }
  return columns;
}

/** The query that lists the tables. */
export const TABLES_QUERY = "SELECT table_name FROM information_schema.tables ORDER BY table_name";

/** The query that lists a table's columns. */
export const columnsQuery = (table: string): string => `DESCRIBE "${table.replaceAll('"', '""')}"`;
