/**
 * Where an order puts nulls. Restate's engine puts them last, and first where the order descends; SQLite does the opposite. So each
 * term that does not say where, is given the words that do.
 */
import { closingOf, isOperator, isWord, madeToken, type Token } from "./tokens.ts";

/** Words after which no term of an order comes. */
const AFTER_ORDER = ["limit", "offset", "fetch", "rows", "range", "groups"] as const;
const SET_OPERATORS = ["union", "except", "intersect"] as const;

export function nullsInOrder(tokens: readonly Token[]): Token[] {
  const made: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) continue;
    made.push(token);
    if (!isWord(token, "by") || !isWord(tokens[at - 1], "order")) continue;
    const end = endOfOrder(tokens, at + 1);
    made.push(...termsOf(tokens.slice(at + 1, end)).flatMap(withNulls));
    at = end - 1;
  }
  return made;
}

function endOfOrder(tokens: readonly Token[], start: number): number {
  for (let at = start; at < tokens.length; at++) {
    const token = tokens[at];
    if (isOperator(token, "(")) at = closingOf(tokens, at);
    else if (isOperator(token, ")", ";") || isWord(token, ...AFTER_ORDER, ...SET_OPERATORS)) return at;
  }
  return tokens.length;
}

/** Each with the comma before it. */
function termsOf(tokens: readonly Token[]): Token[][] {
  const terms: Token[][] = [[]];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    const end = isOperator(token, "(") ? Math.min(closingOf(tokens, at), tokens.length - 1) : at;
    if (isOperator(token, ",")) terms.push([]);
    terms.at(-1)?.push(...tokens.slice(at, end + 1));
    at = end;
  }
  return terms;
}

function withNulls(term: readonly Token[]): Token[] {
  // An order may stand in a parenthesis of the term, too.
  const inner = nullsInOrder(term);
  const last = term.at(-1);
  if (!last || isWord(term.at(-2), "nulls")) return inner;
  return [...inner, madeToken("word", isWord(last, "desc") ? "nulls first" : "nulls last", last)];
}
