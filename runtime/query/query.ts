/**
 * Answers one SQL query: reads it, fetches what it needs, and has SQLite evaluate it.
 *
 * Boundary: where rows come from is behind {@link QuerySource} (runtime/admin/tables). How an answer is written is in answer.ts.
 */
import {
  QUERY_BYTES_MAX,
  QUERY_ROWS_MAX,
  QUERY_SEARCHED_TOKENS_MAX,
  QUERY_VALUE_BYTES_MAX,
} from "../../lib/limits/query.ts";
import { resultColumns, type ResultColumn } from "./columns.ts";
import { inSqlite, tablesIn, withPlainNames } from "./dialect.ts";
import { suggestionFor, QueryError } from "./error.ts";
import { withIds } from "./id-literals.ts";
import { informationRows } from "./information.ts";
import type { Predicate } from "./predicate.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxAnswer, SandboxTable, SqlValue } from "./sandbox-program.ts";
import { type TableColumn, type ColumnType, tableNamed, TABLES } from "./schema.ts";
import { type Mention, mentionsOf } from "./scopes.ts";
import { statementIn } from "./statement.ts";
import { isNameToken, isOperator, isWord, sqlOf, type Token } from "./tokens.ts";

/** A row by its columns' names. What is absent is null. */
export type Row = Readonly<Record<string, SqlValue | undefined>>;

/** What is needed of a table: the rows that fit one of the mentions. */
export interface TableRequest {
  readonly table: string;
  readonly columns: ReadonlySet<string>;
  readonly mentions: readonly Omit<Mention, "table">[];
}

export interface QuerySource {
  /** Any row may be there that was not asked for. One that was asked for is there, or the report says that some are missing. */
  rows(request: TableRequest): Promise<readonly Row[]>;
  /** How the rows were found, after all were asked for. */
  report(): QueryReport;
}

export interface QueryReport {
  /** `index`: lists of invocations. `keys`: single items, by what the query names. `scan`: everything was looked at. */
  readonly source: "index" | "keys" | "scan";
  /** Items that were looked at. */
  readonly scanned: number;
  /** Whether the answer is that of all data. */
  readonly complete: boolean;
  /** What was not looked at. */
  readonly missing?: readonly string[];
  readonly cost: { readonly readUnits: number };
}

export interface QueryResult {
  readonly columns: readonly ResultColumn[];
  readonly rows: readonly (readonly SqlValue[])[];
  readonly report: QueryReport;
}

export interface QueryLimits {
  readonly rowsMax?: number;
  readonly bytesMax?: number;
}

/** Throws {@link QueryError}. */
export async function answerQuery(
  query: string,
  {
    source,
    sandbox,
    nowMs,
    limits = {},
  }: {
    readonly source: QuerySource;
    readonly sandbox: Sandbox;
    readonly nowMs: number;
    readonly limits?: QueryLimits;
  },
): Promise<QueryResult> {
  const { tokens: written, isExplained } = statementIn(query);
  const tokens = withIds(withPlainNames(written));
  const requests = requestsOf(tokens, nowMs);
  const rewritten = inSqlite(tokens);
  if (isExplained) return explained(requests, source.report());
  sandbox.prepare();
  const tables: SandboxTable[] = [];
  for (const request of requests) tables.push(await filled(request, source));
  const sql = sqlOf(rewritten);
  const { rowsMax = QUERY_ROWS_MAX, bytesMax = QUERY_BYTES_MAX } = limits;
  const answer = await sandbox.run({
    ...{ nowMs, sql, tables, rowsMax, bytesMax, valueBytesMax: QUERY_VALUE_BYTES_MAX },
    ends: endsIn(rewritten),
  });
  if (answer.kind === "wrong") throw wrong(answer, rewritten, requests);
  if (answer.kind === "too-long") {
    const most = answer.what === "rows" ? `${rowsMax} rows` : `${bytesMax} bytes`;
    throw new QueryError(`the answer has more than ${most}; ask for fewer columns, or with LIMIT`, {
      status: 413,
    });
  }
  return { columns: resultColumns(answer.columns, rewritten), rows: answer.rows, report: source.report() };
}

/** Where each word of the statement ends, if it is short enough to be searched for an error. */
function endsIn(tokens: readonly Token[]): readonly number[] {
  if (tokens.length > QUERY_SEARCHED_TOKENS_MAX) return [];
  let end = 0;
  return tokens.map((_, at) => (end += sqlOf(tokens.slice(at, at + 1), at).length));
}

function requestsOf(tokens: readonly Token[], nowMs: number): readonly TableRequest[] {
  const mentions = mentionsOf(tokens, nowMs);
  const names = new Set(tokens.filter(isNameToken).map(({ value }) => value));
  const isAll = tokens.some(
    (token, at) =>
      isWord(token, "natural") ||
      (isOperator(token, "*") &&
        (isOperator(tokens[at - 1], ".", ",") || isWord(tokens[at - 1], "select", "distinct", "all"))),
  );
  return tablesIn(tokens).map((table) => {
    const columns = tableNamed(table)?.columns ?? [];
    const needed = columns.filter(({ name }) => isAll || names.has(name)).map(({ name }) => name);
    // A name that comes after WITH is not the table's, and what is said of it is not, either.
    const isHidden = tokens.some(
      (token, at) =>
        isNameToken(token) &&
        token.value === table &&
        isWord(tokens[at + 1], "as") &&
        isOperator(tokens[at + 2], "("),
    );
    const own = mentions.filter((mention) => mention.table === table);
    return {
      table,
      columns: new Set(needed),
      mentions: isHidden || own.length === 0 ? [{ predicates: [] }] : own,
    };
  });
}

const SQLITE_TYPES: Readonly<Record<ColumnType, string>> = {
  utf8: "TEXT",
  bool: "INTEGER",
  uint32: "INTEGER",
  uint64: "INTEGER",
  int64: "INTEGER",
  float64: "REAL",
  timestamp_ms: "TEXT",
  duration_ms: "INTEGER",
  binary: "BLOB",
  list_utf8: "TEXT",
  list_uint32: "TEXT",
};

async function filled(request: TableRequest, source: QuerySource): Promise<SandboxTable> {
  const { table: name } = request;
  const columns: readonly TableColumn[] = tableNamed(name)?.columns ?? [];
  const rows = informationRows(name) ?? (await source.rows(request));
  const names = [...request.columns];
  return {
    name,
    columns: columns.map((column) => ({ name: column.name, type: SQLITE_TYPES[column.type] })),
    filled: names,
    rows: rows.map((row) => names.map((column) => row[column] ?? null)),
  };
}

/** SQLite says what is wrong. Where, and what was meant, is found here. */
function wrong(
  { message, beginning }: Extract<SandboxAnswer, { kind: "wrong" }>,
  tokens: readonly Token[],
  requests: readonly TableRequest[],
): QueryError {
  const [, what = "", name = ""] = /^no such (column|table|function): (.+)$/.exec(message) ?? [];
  const last = name.split(".").at(-1) ?? "";
  const named = tokens.find((token) => isNameToken(token) && token.value === last);
  const at = named?.at ?? (beginning === undefined ? undefined : tokens[beginning]?.at);
  const meant = what === "" ? "" : suggestionFor(last, namesFor(what, requests));
  const text = what === "" ? readable(message) : `there is no ${what} '${name}'.${meant}`;
  return new QueryError(text, at === undefined ? {} : { at });
}

function namesFor(what: string, requests: readonly TableRequest[]): readonly string[] {
  if (what === "table") return TABLES.map(({ name }) => name);
  if (what !== "column") return [];
  return requests.flatMap(({ table }) => tableNamed(table)?.columns.map(({ name }) => name) ?? []);
}

const readable = (message: string): string =>
  /^not authorized|^access to|prohibited/.test(message)
    ? `queries only read, and only the tables that 'SHOW TABLES' lists (${message})`
    : message;

function explained(requests: readonly TableRequest[], report: QueryReport): QueryResult {
  const rows = requests.map(({ table, columns, mentions }) => [
    table,
    mentions.map(describeMention).join(" OR "),
    [...columns].join(", "),
  ]);
  const columns = ["table_name", "fetched", "columns"].map((name): ResultColumn => ({ name, type: "utf8" }));
  return { columns, rows, report };
}

function describeMention({ predicates, limit }: Omit<Mention, "table">): string {
  const parts = predicates.map(describePredicate);
  const order = limit?.order === undefined ? "" : ` ${limit.order}`;
  const most = limit === undefined ? "" : ` (the${order} ${limit.count} of them)`;
  return (parts.length === 0 ? "all rows" : parts.join(" AND ")) + most;
}

function describePredicate({ column, op, values }: Predicate): string {
  const list = values.map((value) => `'${value}'`).join(", ");
  const texts: Record<Predicate["op"], string> = {
    ...{
      equal: `IN (${list})`,
      other: `NOT IN (${list})`,
      like: `LIKE ${list}`,
      from: `>= ${list}`,
      until: `<= ${list}`,
    },
    ...{ true: "IS TRUE", "not-true": "IS NOT TRUE", null: "IS NULL", "not-null": "IS NOT NULL" },
  };
  return `${column} ${texts[op]}`;
}
