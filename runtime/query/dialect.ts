/**
 * Restate's dialect of SQL (that of its engine, DataFusion) as SQLite's.
 *
 * It replaces words, and parses no expressions. Each made word has the place of the one that it stands for, so errors point
 * into the query as it was written.
 */
import { QUERY_OPERAND_TOKENS_MAX } from "../../lib/limits/query.ts";
import { namedSubqueries, quotedAliases } from "./aliases.ts";
import { QueryError } from "./error.ts";
import { intervalMs, isIntervalUnit, storedTime } from "./intervals.ts";
import { nullsInOrder } from "./nulls.ts";
import { isOperandEnd, operandAfter, operandBefore } from "./operands.ts";
import { isTimeColumn, tableNamed } from "./schema.ts";
import { closingOf, isNameToken, isOperator, isWord, madeToken, type Token } from "./tokens.ts";

type Pass = (tokens: readonly Token[]) => Token[];

/** Names of tables without their catalog and schema. To be done before tables are looked for. */
export function withPlainNames(tokens: readonly Token[]): Token[] {
  const plain: Token[] = [];
  let dropped: Token | undefined;
  for (let at = 0; at < tokens.length; at++) {
    const [token, , inner] = tokens.slice(at, at + 3);
    if (!token) continue;
    const isQualified = isOperator(tokens[at + 1], ".") && !isOperator(plain.at(-1), ".");
    // What comes in the place of others has the white space that stood before them.
    const spaced = dropped?.spaced ?? token.spaced;
    if (isQualified && isPrefix(token, inner)) {
      dropped ??= token;
      at += 1;
      continue;
    }
    if (isQualified && isWord(token, "information_schema") && isNameToken(inner)) {
      plain.push(madeToken("word", `information_schema_${inner.value}`, token, spaced));
      at += 2;
    } else plain.push({ ...token, spaced });
    dropped = undefined;
  }
  return plain;
}

const isPrefix = (token: Token, inner: Token | undefined): boolean =>
  isWord(token, "public") || (isWord(token, "restate") && isWord(inner, "public", "information_schema"));

/** The statement in SQLite's dialect. Throws {@link QueryError}. */
export function inSqlite(tokens: readonly Token[]): Token[] {
  const passes: readonly Pass[] = [
    namedSubqueries,
    functions,
    extracts,
    words,
    times,
    casts,
    intervals,
    differences,
    quotedAliases,
    nullsInOrder,
  ];
  return passes.reduce<Token[]>((found, pass) => pass(found), [...tokens]);
}

const FUNCTIONS: Readonly<Record<string, string>> = {
  array_agg: "json_group_array",
  bool_or: "max",
  bool_and: "min",
  make_array: "json_array",
  left: "perdure_left",
  right: "perdure_right",
  btrim: "trim",
  length: "length",
  character_length: "char_length",
};
/** SQLite has these as window functions alone. */
const FIRSTS: Readonly<Record<string, string>> = {
  first_value: "perdure_first",
  any_value: "perdure_first",
  last_value: "perdure_last",
};

const functions: Pass = (tokens) =>
  tokens.map((token, at) => {
    if (token.kind !== "word" || !isOperator(tokens[at + 1], "(")) return token;
    const plain = FUNCTIONS[token.value];
    if (plain !== undefined) return { ...token, text: plain, value: plain };
    const first = FIRSTS[token.value];
    if (first === undefined || isWindow(tokens, at + 1)) return token;
    return { ...token, text: first, value: first };
  });

function isWindow(tokens: readonly Token[], open: number): boolean {
  let next = closingOf(tokens, open) + 1;
  if (isWord(tokens[next], "filter")) next = closingOf(tokens, next + 1) + 1;
  return isWord(tokens[next], "over");
}

/** `EXTRACT(hour FROM x)` */
const extracts: Pass = (tokens) => {
  const made: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [token, open, unit, from] = tokens.slice(at, at + 4);
    if (!token) continue;
    if (isWord(token, "extract") && isOperator(open, "(") && isNameToken(unit) && isWord(from, "from")) {
      made.push(madeToken("word", "date_part", token), madeToken("operator", "(", open, false));
      made.push(madeToken("string", `'${unit.value}'`, unit, false), madeToken("operator", ",", from, false));
      at += 3;
    } else made.push(token);
  }
  return made;
};

const OPERATORS: Readonly<Record<string, string>> = { ilike: "regexp", "~": "match", "!~": "not match" };

const words: Pass = (tokens) =>
  tokens.map((token, at): Token => {
    const before = tokens[at - 1];
    const isOperand = isNameToken(before) || isOperator(before, ")") || before?.kind === "string";
    const operator =
      token.kind === "word" || (token.kind === "operator" && isOperand) ? OPERATORS[token.value] : undefined;
    if (operator !== undefined) return madeToken("word", operator, token);
    if (token.kind !== "word") return token;
    if (token.value === "index" && !isOperator(tokens[at + 1], "("))
      return { ...token, kind: "name", text: '"index"' };
    return token.value === "current_timestamp" ? { ...token, text: "now()" } : token;
  });

const COMPARISONS = ["=", "==", "<>", "!=", "<", "<=", ">", ">="] as const;

/** A text that is compared with a time takes the form in which times are stored. `TIMESTAMP '…'` always does. */
const times: Pass = (tokens) => {
  const made: Token[] = [];
  let isBetween = false;
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    if (isWord(token, "between")) isBetween = isTimeAt(tokens, at - 1);
    const isBound = isBetween && isWord(before, "between", "and");
    if (isBound && isWord(before, "and")) isBetween = false;
    const isTyped = isWord(before, "timestamp");
    if (token.kind !== "string" || !(isTyped || isBound || isComparedWithTime(tokens, at))) made.push(token);
    else {
      if (isTyped) made.pop();
      made.push(timeToken(token));
    }
  }
  return made;
};

const isComparedWithTime = (tokens: readonly Token[], at: number): boolean =>
  (isOperator(tokens[at - 1], ...COMPARISONS) && isTimeAt(tokens, at - 2)) ||
  (isOperator(tokens[at + 1], ...COMPARISONS) && isTimeFrom(tokens, at + 2));

function timeToken(token: Token): Token {
  const time = storedTime(token.value);
  if (time !== undefined) return { ...token, text: `'${time}'`, value: time };
  throw new QueryError(`'${token.value}' is no time; write it like '2026-11-28T08:58:32.590Z'`, {
    at: token.at,
  });
}

const isTimeAt = (tokens: readonly Token[], at: number): boolean =>
  isTime(tokens.slice(operandBefore(tokens, at), at + 1));
const isTimeFrom = (tokens: readonly Token[], at: number): boolean =>
  isTime(tokens.slice(at, operandAfter(tokens, at)));

const TIME_FUNCTIONS = ["now", "date_trunc", "to_timestamp", "to_timestamp_millis", "perdure_time"] as const;
const PASSING_FUNCTIONS = [
  "min",
  "max",
  "coalesce",
  "perdure_first",
  "perdure_last",
  "greatest",
  "least",
] as const;

/** Whether an operand is a time, as far as its words tell. */
function isTime(operand: readonly Token[]): boolean {
  const [first] = operand;
  const isCall = operand.length > 1 && isNameToken(first) && isOperator(operand[1], "(");
  if (isCall && isWord(first, ...TIME_FUNCTIONS)) return true;
  if (isCall && isWord(first, "perdure_add")) return isTime(operand.slice(2, operandAfter(operand, 2)));
  if (isCall)
    return (
      isWord(first, ...PASSING_FUNCTIONS) &&
      operand.some((token) => isNameToken(token) && isTimeColumn(token.value))
    );
  const last = operand.at(-1);
  if (last?.kind === "string") return operand.length === 1 && storedTime(last.value) === last.value;
  return (
    isNameToken(last) &&
    isTimeColumn(last.value) &&
    operand.every((token) => isNameToken(token) || isOperator(token, "."))
  );
}

const TEXT_TYPES = ["text", "string", "varchar", "utf8", "char", "largeutf8"] as const;
const TIME_TYPES = ["timestamp", "timestamptz", "date"] as const;
const sqliteType = (name: string): string => (TEXT_TYPES.some((type) => type === name) ? "text" : name);

/** `x::type`, and types that SQLite takes for something else. */
const casts: Pass = (tokens) => {
  const made: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [token, next, after] = tokens.slice(at, at + 3);
    if (!token) continue;
    if (isOperator(token, "::") && isNameToken(next)) {
      made.push(...castOf(taken(made, operandBefore(made, made.length - 1)), next));
      at++;
    } else if (isWord(tokens[at - 1], "as") && isWord(token, ...TEXT_TYPES) && isOperator(next, ")"))
      made.push(madeToken("word", "text", token));
    else if (isWord(token, "as") && isWord(next, ...TIME_TYPES) && isOperator(after, ")") && timesCast(made))
      at++;
    else made.push(token);
  }
  return made;
};

function castOf(operand: readonly Token[], type: Token): Token[] {
  const close = madeToken("operator", ")", type, false);
  const inner = withoutSpace(operand);
  if (isWord(type, ...TIME_TYPES)) return [madeToken("word", "perdure_time(", operand[0]), ...inner, close];
  const as = madeToken("word", `as ${sqliteType(type.value)}`, type);
  return [madeToken("word", "cast(", operand[0]), ...inner, as, close];
}

/** The open `CAST(` becomes a function that makes a time. */
function timesCast(made: Token[]): boolean {
  const at = openedIn(made) - 1;
  const cast = made[at];
  if (!cast || !isWord(cast, "cast")) return false;
  made[at] = madeToken("word", "perdure_time", cast, cast.spaced);
  return true;
}

/** The parenthesis that is still open. */
function openedIn(tokens: readonly Token[]): number {
  let depth = 0;
  for (let at = tokens.length - 1; at >= 0; at--) {
    if (isOperator(tokens[at], ")")) depth++;
    else if (isOperator(tokens[at], "(") && depth-- === 0) return at;
  }
  return -1;
}

/** `INTERVAL '1 hour'` is a number of milliseconds. Added to a time it is added as such. */
const intervals: Pass = (tokens) => {
  const made: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) continue;
    const interval = intervalAt(tokens, at);
    if (!interval) {
      made.push(token);
      continue;
    }
    at += interval.words - 1;
    const sign = made.at(-1);
    if (isOperator(sign, "+", "-") && isOperandEnd(made.at(-2))) {
      made.pop();
      const operand = taken(made, operandBefore(made, made.length - 1));
      const ms = isOperator(sign, "-") ? -interval.ms : interval.ms;
      made.push(...callOf("perdure_add", operand, [madeToken("number", String(ms), token)]));
    } else made.push(madeToken("number", String(interval.ms), token));
  }
  return made;
};

function intervalAt(
  tokens: readonly Token[],
  at: number,
): { readonly ms: number; readonly words: number } | undefined {
  const [interval, length, unit] = tokens.slice(at, at + 3);
  const hasLength = length?.kind === "string" || length?.kind === "number";
  if (!length || !hasLength || !isWord(interval, "interval")) return undefined;
  const named = unit?.kind === "word" && isIntervalUnit(unit.value) ? unit.value : undefined;
  const ms = intervalMs(length.value, named);
  if (ms !== undefined) return { ms, words: named === undefined ? 2 : 3 };
  throw new QueryError(`'${length.value}' is no interval; write it like '1 hour 30 minutes'`, {
    at: length.at,
  });
}

/** The difference of two times, in milliseconds. */
const differences: Pass = (tokens) => {
  const made: Token[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (!token) continue;
    const isDifference = isOperator(token, "-") && isOperandEnd(made.at(-1));
    const end = isDifference ? operandAfter(tokens, at + 1) : at;
    const start = isDifference ? operandBefore(made, made.length - 1) : 0;
    const right = tokens.slice(at + 1, end);
    if (isDifference && (isTime(made.slice(start)) || isTime(right))) {
      made.push(...callOf("perdure_minus", taken(made, start), right));
      at = end - 1;
    } else made.push(token);
  }
  return made;
};

/** Without the white space before it. */
const withoutSpace = ([first, ...rest]: readonly Token[]): Token[] =>
  first ? [{ ...first, spaced: false }, ...rest] : [];

/** Takes the words from `start` on away. Each rewriting in a row takes what the one before it has made. */
function taken(made: Token[], start: number): Token[] {
  const operand = made.splice(start);
  if (operand.length <= QUERY_OPERAND_TOKENS_MAX) return operand;
  throw new QueryError(`an operand has at most ${QUERY_OPERAND_TOKENS_MAX} words`, {
    at: operand[0]?.at ?? 0,
  });
}

const callOf = (name: string, first: readonly Token[], second: readonly Token[]): Token[] => [
  madeToken("word", name, first[0]),
  madeToken("operator", "(", first[0], false),
  ...withoutSpace(first),
  madeToken("operator", ",", second[0], false),
  ...second,
  madeToken("operator", ")", second.at(-1), false),
];

/** Tables that are named, whatever for. */
export const tablesIn = (tokens: readonly Token[]): readonly string[] => [
  ...new Set(tokens.filter(isNameToken).flatMap(({ value }) => tableNamed(value)?.name ?? [])),
];
