/**
 * The program of the process that runs queries: SQLite in memory, filled and asked once for each query.
 *
 * It is sent to that process as a text. So each function here uses nothing but its parameters and what Node has by itself.
 * Why a process, and not a thread: nothing stops SQLite in the middle of a statement but the end of its process
 * (docs/decisions/0034-queries.md).
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { listFunctions, textFunctions, timeFunctions } from "./sql-functions.ts";

export interface SandboxTable {
  readonly name: string;
  /** All that it has, with SQLite's type. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Those that rows have a value for. The others are null. */
  readonly filled: readonly string[];
  readonly rows: readonly (readonly SQLInputValue[])[];
}

export interface SandboxRequest {
  readonly nowMs: number;
  readonly sql: string;
  /** Where the statement's words end. The first beginning that fails as the statement does has the error at its end. */
  readonly ends: readonly number[];
  readonly tables: readonly SandboxTable[];
  readonly rowsMax: number;
  readonly bytesMax: number;
  /** Of one value. */
  readonly valueBytesMax: number;
}

export interface AnsweredColumn {
  readonly name: string;
  /** The table's column that it is, if it is one. */
  readonly table?: string;
  readonly column?: string;
}

export type SqlValue = null | number | bigint | string | Uint8Array;

export type SandboxAnswer =
  | {
      readonly kind: "rows";
      readonly columns: readonly AnsweredColumn[];
      readonly rows: readonly (readonly SqlValue[])[];
    }
  /** `beginning`: the first one that fails so. */
  | { readonly kind: "wrong"; readonly message: string; readonly beginning?: number }
  | { readonly kind: "too-long"; readonly what: "rows" | "bytes" };

/** What {@link sandboxProgram} consists of. */
export interface SandboxParts {
  readonly times: typeof timeFunctions;
  readonly texts: typeof textFunctions;
  readonly lists: typeof listFunctions;
  readonly open: typeof openQueryDatabase;
  readonly fill: typeof fillTables;
  readonly forbid: typeof forbidAllElse;
  readonly read: typeof readRows;
}

/** Answers each message that comes. */
export function sandboxProgram(parts: SandboxParts): void {
  const answerOf = (request: SandboxRequest): SandboxAnswer => {
    const database = parts.open(request, parts);
    try {
      parts.fill(database, request.tables);
      parts.forbid(database);
      return parts.read(database, request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      for (const [beginning, end] of request.ends.entries()) {
        try {
          database.prepare(request.sql.slice(0, end));
        } catch (other) {
          if (other instanceof Error && other.message === message)
            return { kind: "wrong", message, beginning };
        }
      }
      return { kind: "wrong", message };
    } finally {
      database.close();
    }
  };
  process.on("message", (request: SandboxRequest) => process.send?.(answerOf(request)));
  process.on("disconnect", () => process.exit(0));
  process.send?.("ready");
}

/** With the functions and aggregates that SQLite lacks. */
export function openQueryDatabase(
  { nowMs, valueBytesMax }: SandboxRequest,
  { times, texts, lists }: Pick<SandboxParts, "times" | "texts" | "lists">,
): DatabaseSync {
  const sqlite = process.getBuiltinModule("node:sqlite");
  const database = new sqlite.DatabaseSync(":memory:", { allowExtension: false });
  if ("limits" in database) database.limits.length = valueBytesMax;
  database.exec("PRAGMA temp_store = MEMORY; PRAGMA case_sensitive_like = ON");
  for (const [name, run] of Object.entries({ ...times(nowMs), ...texts(), ...lists() })) {
    database.function(name, { varargs: true, deterministic: name !== "now" }, run as () => null);
  }
  if (typeof database.aggregate !== "function") return database;
  interface First {
    readonly value: SqlValue;
    readonly isSet: boolean;
  }
  // What it adds up can be any value of JavaScript's, which the types do not say.
  const aggregate = database.aggregate.bind(database) as (name: string, options: object) => void;
  const start: First = { value: null, isSet: false };
  const result = ({ value }: First): SqlValue => value;
  aggregate("perdure_first", {
    ...{ start, result },
    step: (first: First, value: SqlValue): First => (first.isSet ? first : { value, isSet: true }),
  });
  aggregate("perdure_last", {
    start,
    result,
    step: (_: First, value: SqlValue): First => ({ value, isSet: true }),
  });
  aggregate("approx_distinct", {
    start: () => new Set<SqlValue>(),
    step: (seen: Set<SqlValue>, value: SqlValue) => (value === null ? seen : seen.add(value)),
    result: ({ size }: Set<SqlValue>) => size,
  });
  return database;
}

export function fillTables(database: DatabaseSync, tables: readonly SandboxTable[]): void {
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
  database.exec("BEGIN");
  for (const { name, columns, filled, rows } of tables) {
    const list = columns.map((column) => `${quoted(column.name)} ${column.type}`).join(", ");
    database.exec(`CREATE TABLE ${quoted(name)} (${list})`);
    const values = `(${filled.map(quoted).join(", ")}) VALUES (${filled.map(() => "?").join(", ")})`;
    const insert = database.prepare(
      `INSERT INTO ${quoted(name)} ${filled.length === 0 ? "DEFAULT VALUES" : values}`,
    );
    for (const row of rows) insert.run(...row);
  }
  database.exec("COMMIT");
}

/** From here on the database can be read, and nothing else: no other database, no setting, no change. */
export function forbidAllElse(database: DatabaseSync): void {
  database.exec("PRAGMA query_only = ON");
  if (typeof database.setAuthorizer !== "function") return;
  const { constants } = process.getBuiltinModule("node:sqlite");
  // There is nothing else in this database but what the query names itself.
  const builtIn = /^(sqlite_|pragma_|dbstat$|fts|rtree|geopoly|bytecode$|tables_used$)/;
  const refused =
    /^(load_extension|randomblob|zeroblob|fts3_tokenizer|fts5.*|rbu_.*|sqlite_.*|geopoly_.*|printf|format)$/;
  database.setAuthorizer((action, first, second) => {
    const isAllowed =
      action === constants.SQLITE_SELECT ||
      action === constants.SQLITE_RECURSIVE ||
      (action === constants.SQLITE_READ && !builtIn.test((first ?? "").toLowerCase())) ||
      (action === constants.SQLITE_FUNCTION && !refused.test((second ?? "").toLowerCase()));
    return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
  });
}

export function readRows(database: DatabaseSync, { sql, rowsMax, bytesMax }: SandboxRequest): SandboxAnswer {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  const described = typeof statement.columns === "function" ? statement.columns() : undefined;
  const isByPlace = described !== undefined && typeof statement.setReturnArrays === "function";
  if (isByPlace) statement.setReturnArrays(true);
  const plain = (value: SqlValue): SqlValue => {
    const isSafe =
      typeof value === "bigint" && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    return isSafe ? Number(value) : value;
  };
  const sizeOf = (value: SqlValue): number => {
    if (typeof value === "string") return value.length;
    return value instanceof Uint8Array ? value.byteLength * 2 : 8;
  };
  const rows: SqlValue[][] = [];
  let names: string[] = described?.map(({ name }) => name) ?? [];
  let bytes = 0;
  for (const found of statement.iterate() as Iterable<unknown>) {
    if (!isByPlace) names = Object.keys(found as object);
    const row = ((isByPlace ? found : Object.values(found as object)) as SqlValue[]).map(plain);
    for (const value of row) bytes += sizeOf(value);
    if (rows.push(row) > rowsMax) return { kind: "too-long", what: "rows" };
    if (bytes > bytesMax) return { kind: "too-long", what: "bytes" };
  }
  const columns = names.map((name, at): AnsweredColumn => {
    const { table, column } = described?.[at] ?? {};
    return table && column ? { name, table, column } : { name };
  });
  return { kind: "rows", columns, rows };
}

/** Ends its process when that has taken too much memory. It runs in a thread of its own, since SQLite keeps the first one busy. */
export function watchMemory(bytesMax: number, everyMs: number, signal: NodeJS.Signals): void {
  setInterval(() => {
    if (process.memoryUsage.rss() > bytesMax) process.kill(process.pid, signal);
  }, everyMs);
}
