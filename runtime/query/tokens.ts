/** A query's words, with their places in it. Only as much of SQL's grammar as tells a string from a name. */
import { QUERY_DEPTH_MAX, QUERY_TOKENS_MAX } from "../../lib/limits/query.ts";
import { QueryError } from "./error.ts";

export interface Token {
  /** `word`: a keyword or a plain name. `name`: one in double quotes. */
  readonly kind: "word" | "name" | "string" | "number" | "blob" | "operator";
  /** As it is passed on. Plain names are in lower case, as Restate's engine reads them. */
  readonly text: string;
  /** What it means: of a string or a quoted name without its quotes. */
  readonly value: string;
  /** Its offset in the query. */
  readonly at: number;
  /** White space stands before it. */
  readonly spaced: boolean;
}

const PATTERNS: readonly (readonly [Token["kind"] | "space", RegExp])[] = [
  ["space", /(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ["blob", /[xX]'[0-9A-Fa-f]*'/y],
  ["string", /'(?:[^']|'')*'/y],
  ["name", /"(?:[^"]|"")*"/y],
  ["number", /0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["word", /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ["operator", /->>|->|::|<=|>=|<>|!=|==|\|\||<<|>>|!~\*|!~|~\*|[-+*/%&|~<>=(),.;[\]]/y],
];

/** Throws {@link QueryError} for what is no token, and for more of them, or deeper ones, than are looked at. */
export function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  let spaced = false;
  let depth = 0;
  for (let at = 0; at < query.length;) {
    const [kind, text] = matchAt(query, at);
    if (kind === "space") spaced = true;
    else {
      if (text === "(" && ++depth > QUERY_DEPTH_MAX)
        throw new QueryError(`a query has at most ${QUERY_DEPTH_MAX} parentheses in each other`, { at });
      if (text === ")") depth--;
      if (tokens.push({ kind, ...meaningOf(kind, text), at, spaced }) > QUERY_TOKENS_MAX)
        throw new QueryError(`a query has at most ${QUERY_TOKENS_MAX} words and operators`, { at });
      spaced = false;
    }
    at += text.length;
  }
  return tokens;
}

function matchAt(query: string, at: number): readonly [Token["kind"] | "space", string] {
  if (query.startsWith("/*", at) && !query.includes("*/", at + 2))
    throw new QueryError("a comment is not closed", { at });
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(query)?.[0];
    if (text !== undefined && text !== "") return [kind, text];
    // Its beginning is an operator, too, but not what was meant.
    if (kind === "space" && query.startsWith("/*", at))
      throw new QueryError("a comment is not closed", { at });
  }
  const character = query.charAt(at);
  if (character === "'" || character === '"') throw new QueryError("a quote is not closed", { at });
  throw new QueryError(`unexpected character '${character}'`, { at });
}

function meaningOf(kind: Token["kind"], text: string): { readonly text: string; readonly value: string } {
  if (kind === "string") return { text, value: text.slice(1, -1).replaceAll("''", "'") };
  if (kind === "name") return { text, value: text.slice(1, -1).replaceAll('""', '"') };
  const lower = kind === "word" ? text.toLowerCase() : text;
  return { text: lower, value: lower };
}

/** The words as a text again. `from`: how many stand before them. */
export const sqlOf = (tokens: readonly Token[], from = 0): string =>
  tokens.map(({ text, spaced }, at) => (spaced && from + at > 0 ? ` ${text}` : text)).join("");

/** Whether it is this keyword or operator. */
export const isWord = (token: Token | undefined, ...values: readonly string[]): boolean =>
  token !== undefined && token.kind === "word" && values.includes(token.value);
export const isOperator = (token: Token | undefined, ...values: readonly string[]): boolean =>
  token !== undefined && token.kind === "operator" && values.includes(token.value);
export const isNameToken = (token: Token | undefined): token is Token & { readonly kind: "word" | "name" } =>
  token !== undefined && (token.kind === "word" || token.kind === "name");

/** What takes the place of other tokens in the query. */
export const madeToken = (
  kind: Token["kind"],
  text: string,
  from: Token | undefined,
  spaced = true,
): Token => ({
  ...{ kind, text, value: text, spaced },
  at: from?.at ?? 0,
});

/** The index of the parenthesis that closes the one at `open`; the end if none does. */
export function closingOf(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (isOperator(tokens[at], "(")) depth++;
    else if (isOperator(tokens[at], ")") && --depth === 0) return at;
  }
  return tokens.length;
}

/** The index of the parenthesis that opens the one at `close`; -1 if none does. */
export function openingOf(tokens: readonly Token[], close: number): number {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    if (isOperator(tokens[at], ")")) depth++;
    else if (isOperator(tokens[at], "(") && --depth === 0) return at;
  }
  return -1;
}
