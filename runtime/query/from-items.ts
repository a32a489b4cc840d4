/** What stands in a FROM clause. */
import { QUERY_JOINED_MAX } from "../../lib/limits/query.ts";
import { QueryError } from "./error.ts";
import { tableNamed } from "./schema.ts";
import { closingOf, isNameToken, isOperator, isWord, type Token } from "./tokens.ts";

export interface Item {
  readonly alias: string;
  /** Absent: a subquery, a function, or a name that is no table's. */
  readonly table?: string;
  readonly join: "first" | "inner" | "left" | "other";
  readonly on: readonly Token[];
}

const JOINS = ["join", "left", "right", "full", "inner", "cross", "outer", "natural"] as const;

export function itemsOf(tokens: readonly Token[]): readonly Item[] {
  const items: Item[] = [];
  for (let at = 0; at < tokens.length;) {
    const start = at;
    while (isWord(tokens[at], ...JOINS)) at++;
    const words = tokens.slice(start, at).map(({ value }) => value);
    if (isOperator(tokens[at], ",")) at++;
    const named = namedAt(tokens, at);
    const end = endOf(tokens, named.next);
    const condition = tokens.slice(named.next, end);
    // With USING or NATURAL a bare column is both tables'. Then nothing is clear.
    const isShared = isWord(condition[0], "using") || words.includes("natural");
    items.push({
      alias: named.alias,
      join: isShared ? "other" : items.length === 0 ? "first" : joinOf(words),
      on: isWord(condition[0], "on") ? condition.slice(1) : [],
      ...(named.table === undefined ? {} : { table: named.table }),
    });
    if (items.length > QUERY_JOINED_MAX)
      throw new QueryError(`a FROM takes at most ${QUERY_JOINED_MAX} tables`, { at: tokens[start]?.at ?? 0 });
    at = Math.max(end, start + 1);
  }
  return items;
}

/** Where the next item begins. */
function endOf(tokens: readonly Token[], from: number): number {
  let at = from;
  while (at < tokens.length && !isWord(tokens[at], ...JOINS) && !isOperator(tokens[at], ","))
    at = isOperator(tokens[at], "(") ? closingOf(tokens, at) + 1 : at + 1;
  return at;
}

function joinOf(words: readonly string[]): Item["join"] {
  if (words.includes("right") || words.includes("full")) return "other";
  return words.includes("left") ? "left" : "inner";
}

interface Named {
  readonly table?: string;
  readonly alias: string;
  readonly next: number;
}

function namedAt(tokens: readonly Token[], start: number): Named {
  const source = sourceAt(tokens, start);
  const at = isWord(tokens[source.next], "as") ? source.next + 1 : source.next;
  const alias = tokens[at];
  const hasAlias = isNameToken(alias) && !isWord(alias, ...JOINS, "on", "using");
  const table = tableNamed(source.name)?.name;
  return {
    ...(table === undefined ? {} : { table }),
    alias: hasAlias ? alias.value : source.name,
    next: hasAlias ? at + 1 : at,
  };
}

/** A name, or nothing for a subquery or a function. */
function sourceAt(tokens: readonly Token[], start: number): { readonly name: string; readonly next: number } {
  if (isOperator(tokens[start], "(")) return { name: "", next: closingOf(tokens, start) + 1 };
  let at = start;
  while (isOperator(tokens[at + 1], ".") && isNameToken(tokens[at + 2])) at += 2;
  const token = tokens[at];
  const isCall = isOperator(tokens[at + 1], "(");
  if (!isNameToken(token) || isCall)
    return { name: "", next: isCall ? closingOf(tokens, at + 1) + 1 : at + 1 };
  return { name: token.value, next: at + 1 };
}
