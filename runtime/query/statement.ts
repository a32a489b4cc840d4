/** What kind of statement it is. Only those that read are taken, one at a time. */
import { QueryError, suggestionFor } from "./error.ts";
import { TABLES, tableNamed } from "./schema.ts";
import { isOperator, isWord, type Token, tokensOf } from "./tokens.ts";
import { QUERY_CHARS_MAX } from "../../lib/limits/query.ts";

export interface Statement {
  /** Without its semicolon. */
  readonly tokens: readonly Token[];
  /** It asks how it would be answered. */
  readonly isExplained: boolean;
}

const READS = ["select", "with", "values"] as const;
const CHANGES = ["insert", "update", "delete", "replace", "merge", "copy", "truncate"] as const;
const DEFINITIONS = [
  "create",
  "drop",
  "alter",
  "attach",
  "detach",
  "vacuum",
  "reindex",
  "analyze",
  "grant",
  "revoke",
] as const;

/** Throws {@link QueryError} for what is not one statement that reads. */
export function statementIn(query: string): Statement {
  if (query.length > QUERY_CHARS_MAX)
    throw new QueryError(`a query has at most ${QUERY_CHARS_MAX} characters`);
  const all = tokensOf(query);
  const end = all.findIndex((token) => isOperator(token, ";"));
  const more = end < 0 ? undefined : all.slice(end).find((token) => !isOperator(token, ";"));
  if (more) throw new QueryError("a request takes one statement, and this is a second one", { at: more.at });
  const tokens = end < 0 ? all : all.slice(0, end);
  const [first] = tokens;
  if (!first) throw new QueryError("the query is empty");
  if (!isWord(first, "explain")) return { tokens: readIn(query, tokens), isExplained: false };
  const explained = tokens.slice(isWord(tokens[1], "analyze", "verbose") ? 2 : 1);
  return { tokens: readIn(query, explained), isExplained: true };
}

function readIn(query: string, tokens: readonly Token[]): readonly Token[] {
  const [first] = tokens;
  if (!first) throw new QueryError("EXPLAIN needs a query after it", { at: query.length });
  if (isWord(first, ...READS) || isOperator(first, "(")) return tokens;
  const shown = shownBy(tokens);
  if (shown !== undefined) return tokensOf(shown).map((token) => ({ ...token, at: first.at }));
  const { at } = first;
  if (isWord(first, ...CHANGES))
    throw new QueryError(`DML not supported: ${first.value.toUpperCase()}. Queries only read`, { at });
  if (isWord(first, ...DEFINITIONS))
    throw new QueryError(`DDL not supported: ${first.value.toUpperCase()}. Queries only read`, { at });
  const meant = suggestionFor(first.value, [...READS, "explain", "show", "describe"]);
  throw new QueryError(
    `a query begins with SELECT, WITH, VALUES, EXPLAIN, SHOW or DESCRIBE, not '${first.text}'.${meant}`,
    { at },
  );
}

/** `SHOW TABLES`, `SHOW COLUMNS FROM t` and `DESCRIBE t` as queries. */
function shownBy(tokens: readonly Token[]): string | undefined {
  const words = tokens.map(({ value }) => value).join(" ");
  if (words === "show tables") return SHOWN_TABLES;
  if (!/^(desc|describe|show columns (from|in)) \S/.test(words)) return undefined;
  const named = tokens.at(-1);
  const name = named?.value ?? "";
  if (tableNamed(name)) return SHOWN_COLUMNS.replace("$", name);
  const names = TABLES.map((table) => table.name);
  throw new QueryError(
    `there is no table '${name}'.${suggestionFor(name, names)}`,
    named ? { at: named.at } : {},
  );
}

const SHOWN_TABLES = `SELECT table_catalog, table_schema, table_name, table_type
  FROM information_schema_tables ORDER BY table_name`;
const SHOWN_COLUMNS = `SELECT column_name, data_type, is_nullable
  FROM information_schema_columns WHERE table_name = '$' ORDER BY ordinal_position`;
