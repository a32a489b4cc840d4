/**
 * Names that reach out of a subquery. In Restate's engine `FROM (SELECT * FROM sys_invocation inv) WHERE inv.id = …` means the
 * columns of the subquery, which has no name of its own. In SQLite nothing is called `inv` out there. So the subquery takes the name of the one table that it
 * selects from. Restate's command line counts this way.
 */
import { closingOf, isName, isOperator, isWord, madeToken, type Token } from "./tokens.ts";

/** What may follow a table that has no alias. */
const CLAUSES = [
  "where",
  "group",
  "having",
  "order",
  "limit",
  "offset",
  "union",
  "except",
  "intersect",
] as const;
const JOINS = ["join", "left", "right", "full", "inner", "cross", "natural", "on", "using"] as const;

export function withInnerNames(tokens: readonly Token[]): Token[] {
  const names = new Map<number, Token>();
  for (const [at, token] of tokens.entries()) {
    const isSubquery =
      isWord(token, "from", "join") && isOperator(tokens[at + 1], "(") && isWord(tokens[at + 2], "select");
    if (!isSubquery) continue;
    const close = closingOf(tokens, at + 1);
    const name = isNamed(tokens[close + 1]) ? undefined : onlyTableIn(tokens.slice(at + 2, close));
    if (name) names.set(close, name);
  }
  return tokens.flatMap((token, at) => {
    const name = names.get(at);
    return name ? [token, madeToken(name.kind, name.text, token)] : [token];
  });
}

/** Whether an alias begins here. */
const isNamed = (token: Token | undefined): boolean => isName(token) && !isWord(token, ...CLAUSES, ...JOINS);

/** The name by which a SELECT calls its table, if it has one table. */
function onlyTableIn(select: readonly Token[]): Token | undefined {
  let at = 0;
  while (at < select.length && !isWord(select[at], "from"))
    at = isOperator(select[at], "(") ? closingOf(select, at) + 1 : at + 1;
  const [, table, second] = select.slice(at, at + 3);
  if (!isName(table)) return undefined;
  const nameAt = at + (isWord(second, "as") ? 3 : isNamed(second) ? 2 : 1);
  const next = select[nameAt + 1];
  return isOperator(next, ",") || isWord(next, ...JOINS) ? undefined : select[nameAt];
}
