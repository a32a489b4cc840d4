/** Where operands begin and end, as far as words tell. */
import { closingOf, isNameToken, isOperator, isWord, openingOf, type Token } from "./tokens.ts";

/** Words that can stand before a parenthesis, and call nothing. */
const NO_FUNCTIONS = [
  ...[
    "in",
    "and",
    "or",
    "not",
    "where",
    "on",
    "select",
    "then",
    "else",
    "when",
    "by",
    "between",
    "like",
    "from",
    "as",
  ],
  ...[
    "having",
    "case",
    "distinct",
    "all",
    "over",
    "filter",
    "join",
    "is",
    "exists",
    "regexp",
    "match",
    "values",
  ],
] as const;
const KEYWORDS = [
  ...NO_FUNCTIONS,
  "end",
  "limit",
  "order",
  "group",
  "asc",
  "desc",
  "null",
  "union",
  "except",
] as const;

export const isOperandEnd = (token: Token | undefined): boolean =>
  isOperator(token, ")") ||
  token?.kind === "string" ||
  token?.kind === "number" ||
  (isNameToken(token) && !isWord(token, ...KEYWORDS));

/** Where the operand begins that ends at `end`. */
export function operandBefore(tokens: readonly Token[], end: number): number {
  let start = end;
  if (isOperator(tokens[end], ")")) {
    start = Math.max(openingOf(tokens, end), 0);
    const called = tokens[start - 1];
    if (!isNameToken(called) || isWord(called, ...NO_FUNCTIONS)) return start;
    start--;
  }
  while (
    start >= 2 &&
    isNameToken(tokens[start]) &&
    isOperator(tokens[start - 1], ".") &&
    isNameToken(tokens[start - 2])
  )
    start -= 2;
  return Math.max(start, 0);
}

/** The index after the operand that begins at `start`. */
export function operandAfter(tokens: readonly Token[], start: number): number {
  if (isOperator(tokens[start], "(")) return closingOf(tokens, start) + 1;
  let end = start;
  while (isNameToken(tokens[end]) && isOperator(tokens[end + 1], ".") && isNameToken(tokens[end + 2]))
    end += 2;
  return isNameToken(tokens[end]) && isOperator(tokens[end + 1], "(")
    ? closingOf(tokens, end + 1) + 1
    : end + 1;
}
