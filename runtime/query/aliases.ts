/** Names that a query gives, as SQLite takes them. */
import { itemsOf } from "./from-items.ts";
import { closingOf, isNameToken, isOperator, isWord, madeToken, openingOf, type Token } from "./tokens.ts";

const NO_ALIASES = [
  ...[
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "union",
    "except",
    "intersect",
    "on",
    "using",
    "window",
  ],
  ...["join", "left", "right", "full", "inner", "cross", "outer", "natural"],
] as const;

/** Any word may be an alias. SQLite wants those in quotes that it knows as its own. */
export function quotedAliases(tokens: readonly Token[]): Token[] {
  return tokens.map((token, at) => {
    const isAlias =
      token.kind === "word" && isWord(tokens[at - 1], "as") && !isWord(token, "materialized", "not");
    return isAlias && !isInCast(tokens, at) ? { ...token, kind: "name", text: `"${token.value}"` } : token;
  });
}

function isInCast(tokens: readonly Token[], at: number): boolean {
  for (let before = at - 1; before > 0; before--) {
    if (isOperator(tokens[before], ")")) before = openingOf(tokens, before);
    else if (isOperator(tokens[before], "(")) return isWord(tokens[before - 1], "cast", "try_cast");
  }
  return false;
}

/** A subquery without a name has that of its only table: `SELECT i.id FROM (SELECT * FROM sys_invocation i)`. */
export function namedSubqueries(tokens: readonly Token[]): Token[] {
  const made = [...tokens];
  for (let at = tokens.length - 1; at > 0; at--) {
    const isSource =
      isOperator(tokens[at], "(") &&
      isWord(tokens[at - 1], "from", "join") &&
      isWord(tokens[at + 1], "select");
    if (!isSource) continue;
    const close = closingOf(tokens, at);
    const after = tokens[close + 1];
    const hasName = isNameToken(after) && !isWord(after, ...NO_ALIASES);
    const alias = hasName ? undefined : aliasIn(tokens.slice(at + 1, close));
    if (alias !== undefined) made.splice(close + 1, 0, madeToken("word", `as "${alias}"`, tokens[close]));
  }
  return made;
}

/** Of the only table in the FROM clause. */
function aliasIn(select: readonly Token[]): string | undefined {
  let start = -1;
  let end = select.length;
  for (let at = 0; at < select.length; at++) {
    if (isOperator(select[at], "(")) at = closingOf(select, at);
    else if (start < 0 && isWord(select[at], "from")) start = at + 1;
    else if (start >= 0 && isWord(select[at], ...NO_ALIASES.slice(0, 8))) {
      end = at;
      break;
    }
  }
  const items = start < 0 ? [] : itemsOf(select.slice(start, end));
  const alias = items.length === 1 ? items[0]?.alias : undefined;
  return alias === "" ? undefined : alias;
}
