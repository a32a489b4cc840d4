/** Names and types of an answer's columns. */
import type { AnsweredColumn } from "./sandbox-program.ts";
import { type ColumnType, tableNamed } from "./schema.ts";
import { isNameToken, isOperator, isWord, type Token } from "./tokens.ts";

export interface ResultColumn {
  readonly name: string;
  /** Absent: its values say it. */
  readonly type?: ColumnType;
}

export function resultColumns(
  columns: readonly AnsweredColumn[],
  tokens: readonly Token[],
): readonly ResultColumn[] {
  const booleans = booleanNames(tokens);
  return columns.map(({ name, table, column }): ResultColumn => {
    const type =
      table === undefined ? undefined : tableNamed(table)?.columns.find((one) => one.name === column)?.type;
    if (type !== undefined) return { name, type };
    return booleans.has(name) ? { name, type: "bool" } : { name: namedAsRestate(name) };
  });
}

/** Restate's engine says what a constant is: `count(Int64(1))`. */
const namedAsRestate = (name: string): string => name.replace(/^count\((\d+)\)$/, "count(Int64($1))");

const TESTS = [
  "is",
  "in",
  "like",
  "regexp",
  "match",
  "between",
  "exists",
  "not",
  "and",
  "or",
  "true",
  "false",
] as const;
const COMPARISONS = ["=", "==", "<>", "!=", "<", "<=", ">", ">="] as const;

/** Names (`… AS x`) of expressions that are true or false, which SQLite answers as 1 and 0. */
function booleanNames(tokens: readonly Token[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [at, token] of tokens.entries()) {
    const name = tokens[at + 1];
    if (isWord(token, "as") && isNameToken(name) && isCondition(tokens, at)) names.add(name.value);
  }
  return names;
}

/** Whether what stands before `end`, back to a comma or the SELECT, is a condition. */
function isCondition(tokens: readonly Token[], end: number): boolean {
  let depth = 0;
  let cases = 0;
  for (let at = end - 1; at >= 0; at--) {
    const token = tokens[at];
    if (isOperator(token, ")")) depth++;
    else if (isOperator(token, "(") && --depth < 0) return false;
    if (isWord(token, "end")) cases++;
    else if (isWord(token, "case")) cases--;
    if (depth > 0 || cases > 0) continue;
    if (isOperator(token, ",") || isWord(token, "select", "distinct")) return false;
    if (isWord(token, ...TESTS) || isOperator(token, ...COMPARISONS)) return true;
  }
  return false;
}
