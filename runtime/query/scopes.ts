/**
 * Which rows of which tables a query needs, as far as its words tell at sight.
 *
 * SQLite evaluates the whole statement over what was fetched. So what is found here only narrows what is fetched. Each
 * condition that is taken must hold for every row that can matter to the answer. What is not understood is left out: then
 * more is fetched, and the answer is the same.
 */
import { intervalMs, storedTime } from "./intervals.ts";
import type { Predicate } from "./predicate.ts";
import { isTimeColumn, tableNamed } from "./schema.ts";
import { closingOf, isName, isOperator, isWord, type Token } from "./tokens.ts";

/** One place where a statement names a table. */
export interface Mention {
  readonly table: string;
  /** All of them hold. */
  readonly predicates: readonly Predicate[];
  /** So many rows are enough that all predicates hold for: any, or the first in this order. */
  readonly limit?: { readonly count: number; readonly order?: "newest" | "oldest" };
}

interface Item {
  readonly alias: string;
  /** Absent: a subquery, a function, or a name that is no table's. */
  readonly table?: string;
  readonly join: "first" | "inner" | "left" | "other";
  readonly on: readonly Token[];
}

interface Found {
  readonly item: Item;
  readonly predicate: Predicate;
}
interface Equality {
  readonly left: Reference;
  readonly right: Reference;
}
interface Reference {
  readonly item: Item;
  readonly column: string;
}

const SET_OPERATORS = ["union", "except", "intersect"] as const;
const CLAUSES = [
  "from",
  "where",
  "group",
  "having",
  "window",
  "qualify",
  "order",
  "limit",
  "offset",
  "fetch",
] as const;
const JOINS = ["join", "left", "right", "full", "inner", "cross", "outer", "natural"] as const;
const AGGREGATE =
  /^(count|sum|avg|min|max|total|median|first_value|last_value|any_value|array_agg|string_agg|group_concat|json_group_\w+|approx_\w+|bool_\w+|percentile\w*|stddev\w*|var\w*)$/;

export function mentionsOf(tokens: readonly Token[], nowMs: number): readonly Mention[] {
  const mentions: Mention[] = [];
  for (const [at, token] of tokens.entries()) {
    if (isWord(token, "select")) mentions.push(...new Scope(tokens, at, nowMs).mentions());
  }
  return mentions;
}

/** One SELECT, without those inside it. */
class Scope {
  readonly #clauses = new Map<string, readonly Token[]>();
  readonly #items: readonly Item[];
  readonly #isCompound: boolean;
  readonly #nowMs: number;

  constructor(tokens: readonly Token[], start: number, nowMs: number) {
    this.#nowMs = nowMs;
    const before = tokens[start - 1];
    let isCompound = isWord(before, ...SET_OPERATORS, "all");
    let clause = "select";
    let from = start + 1;
    let at = start + 1;
    for (; at < tokens.length; at++) {
      const token = tokens[at];
      if (isOperator(token, "(")) at = closingOf(tokens, at);
      else if (isOperator(token, ")", ";")) break;
      else if (isWord(token, ...SET_OPERATORS)) {
        isCompound = true;
        break;
      } else if (
        isWord(token, ...CLAUSES) &&
        !isOperator(tokens[at - 1], ".") &&
        !isDistinctFrom(tokens, at)
      ) {
        this.#clauses.set(clause, tokens.slice(from, at));
        clause = token?.value ?? "";
        from = at + 1;
      }
    }
    this.#clauses.set(clause, tokens.slice(from, Math.min(at, tokens.length)));
    this.#isCompound = isCompound;
    this.#items = itemsOf(this.#clauses.get("from") ?? []);
  }

  mentions(): Mention[] {
    const found: Found[] = [];
    const equalities: Equality[] = [];
    let isExact = true;
    for (const item of this.#items) {
      for (const conjunct of conjunctsOf(item.on)) {
        const { predicates, equality } = this.#read(conjunct);
        // Of an outer join's condition only what speaks of the side that may be missing narrows that side.
        const mayNarrow = (other: Item): boolean =>
          item.join === "inner" || (item.join === "left" && other === item);
        found.push(...predicates.filter((one) => mayNarrow(one.item)));
        if (equality && item.join === "inner") equalities.push(equality, swapped(equality));
        if (equality && item.join === "left")
          equalities.push(...[equality, swapped(equality)].filter(({ right }) => right.item === item));
      }
    }
    for (const conjunct of conjunctsOf(this.#clauses.get("where") ?? [])) {
      const { predicates, equality, isWhole } = this.#read(conjunct);
      found.push(...predicates);
      if (equality) equalities.push(equality, swapped(equality));
      isExact &&= isWhole;
    }
    // `a.id = b.id AND a.id = 'x'` says the same of b.
    for (const { left, right } of equalities) {
      const passed = found.filter(
        ({ item, predicate }) =>
          item === left.item && predicate.column === left.column && predicate.op === "equal",
      );
      found.push(
        ...passed.map(({ predicate }) => ({
          item: right.item,
          predicate: { ...predicate, column: right.column },
        })),
      );
    }
    const limit = isExact ? this.#limit() : undefined;
    return this.#items.flatMap((item) => {
      if (item.table === undefined) return [];
      // A join that keeps all of its right side gives rows of the left one no say, and the reverse.
      const isOuter = this.#items.some(({ join }) => join === "other");
      const predicates = isOuter
        ? []
        : found.filter((one) => one.item === item).map(({ predicate }) => predicate);
      return [{ table: item.table, predicates, ...(limit && !isOuter ? { limit } : {}) }];
    });
  }

  #limit(): Mention["limit"] {
    const [count, more] = this.#clauses.get("limit") ?? [];
    if (count?.kind !== "number" || more !== undefined) return undefined;
    const offset = this.#clauses.get("offset") ?? [];
    if (offset.length > 1 || (offset[0] && offset[0].kind !== "number")) return undefined;
    const select = this.#clauses.get("select") ?? [];
    const isFolded =
      ["group", "having", "window", "qualify"].some((clause) => this.#clauses.has(clause)) ||
      isWord(select[0], "distinct") ||
      select.some(
        (token, at) =>
          isWord(token, "over") || (AGGREGATE.test(token.value) && isOperator(select[at + 1], "(")),
      );
    if (isFolded || this.#isCompound || this.#items.length !== 1) return undefined;
    const rows = Number(count.value) + Number(offset[0]?.value ?? 0);
    const order = this.#clauses.get("order");
    if (!order) return { count: rows };
    const direction = directionOf(order.slice(isWord(order[0], "by") ? 1 : 0));
    return direction && { count: rows, order: direction };
  }

  /** What a condition says. `isWhole`: the predicates say all of it. */
  #read(tokens: readonly Token[]): {
    readonly predicates: readonly Found[];
    readonly equality?: Equality;
    readonly isWhole: boolean;
  } {
    const found = this.#comparison(tokens);
    if (found) return { predicates: [found], isWhole: this.#items.length === 1 };
    const equality = this.#equality(tokens);
    if (equality) return { predicates: [], equality, isWhole: false };
    return { predicates: this.#eitherOf(tokens), isWhole: false };
  }

  /** `(target = 'S/h' AND …) OR (target LIKE 'S/h/%' AND …)`: what each branch says of the same column, together. */
  #eitherOf(tokens: readonly Token[]): Found[] {
    const branches = splitBy(bare(tokens), "or");
    if (branches.length < 2) return [];
    const said = branches.map((branch) =>
      conjunctsOf(bare(branch))
        .map((conjunct) => this.#comparison(conjunct))
        .filter((one) => one !== undefined)
        .flatMap(servicesIn),
    );
    const [first = [], ...others] = said;
    return first.flatMap(({ item, predicate }) => {
      const values = new Set(predicate.values);
      for (const branch of others) {
        const same = branch.find(
          (one) =>
            one.item === item && one.predicate.column === predicate.column && one.predicate.op === "equal",
        );
        if (!same) return [];
        for (const value of same.predicate.values) values.add(value);
      }
      return predicate.op === "equal" ? [{ item, predicate: { ...predicate, values: [...values] } }] : [];
    });
  }

  #comparison(conjunct: readonly Token[]): Found | undefined {
    const tokens = bare(conjunct);
    const reference = this.#reference(tokens);
    if (reference) return this.#compared(reference.of, tokens.slice(reference.length));
    // `'x' = id`
    const [constant, operator] = tokens;
    if (constant?.kind !== "string" || !isOperator(operator, "=", "==")) return undefined;
    const other = this.#reference(tokens.slice(2));
    return other && other.length === tokens.length - 2
      ? this.#compared(other.of, [operator as Token, constant])
      : undefined;
  }

  #compared({ item, column }: Reference, rest: readonly Token[]): Found | undefined {
    const [first, second, third] = rest;
    const found = (op: Predicate["op"], values: readonly string[] = []): Found => ({
      item,
      predicate: { column, op, values },
    });
    const isTime = isTimeColumn(column);
    if (isWord(first, "is")) {
      const words = rest
        .slice(1)
        .map(({ value }) => value)
        .join(" ");
      const op = ({ true: "true", "not true": "not-true", null: "null", "not null": "not-null" } as const)[
        words
      ];
      return op && found(op);
    }
    if (isOperator(first, "=", "==", "<>", "!=") && !isTime) {
      const value = rest.length === 2 ? constantOf(second) : undefined;
      return value === undefined
        ? undefined
        : found(isOperator(first, "=", "==") ? "equal" : "other", [value]);
    }
    if (isOperator(first, ">", ">=", "<", "<=") && isTime) {
      const time = this.#time(rest.slice(1));
      return time === undefined ? undefined : found(isOperator(first, ">", ">=") ? "from" : "until", [time]);
    }
    if (isWord(first, "like") && second?.kind === "string" && rest.length === 2)
      return found("like", [second.value]);
    const isNot = isWord(first, "not");
    const open = isNot ? third : second;
    if (!isWord(isNot ? second : first, "in") || !isOperator(open, "(") || isTime) return undefined;
    const list = listOf(rest.slice(isNot ? 3 : 2, -1));
    return list && isOperator(rest.at(-1), ")") ? found(isNot ? "other" : "equal", list) : undefined;
  }

  #time(tokens: readonly Token[]): string | undefined {
    const [first, , , sign, interval, length] = tokens;
    if (first?.kind === "string" && tokens.length === 1) return storedTime(first.value);
    if (!isWord(first, "now") || !isOperator(tokens[1], "(") || !isOperator(tokens[2], ")")) return undefined;
    if (tokens.length === 3) return new Date(this.#nowMs).toISOString();
    if (
      tokens.length !== 6 ||
      !isOperator(sign, "-", "+") ||
      !isWord(interval, "interval") ||
      length?.kind !== "string"
    )
      return undefined;
    const ms = intervalMs(length.value);
    const time = new Date(this.#nowMs + (isOperator(sign, "-") ? -1 : 1) * (ms ?? Number.NaN));
    return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
  }

  #equality(tokens: readonly Token[]): Equality | undefined {
    const inner = bare(tokens);
    const left = this.#reference(inner);
    if (!left || !isOperator(inner[left.length], "=", "==")) return undefined;
    const right = this.#reference(inner.slice(left.length + 1));
    const isAll = right && left.length + 1 + right.length === inner.length;
    return isAll ? { left: left.of, right: right.of } : undefined;
  }

  /** The column at the beginning. */
  #reference(tokens: readonly Token[]): { readonly of: Reference; readonly length: number } | undefined {
    const [first, dot, second] = tokens;
    if (!isName(first)) return undefined;
    if (isOperator(dot, ".") && isName(second)) {
      const items = this.#items.filter(({ alias }) => alias === first.value);
      const [item] = items;
      return item && items.length === 1 ? { of: { item, column: second.value }, length: 3 } : undefined;
    }
    if (isOperator(dot, "(", ".")) return undefined;
    const owners = this.#items.filter(({ table }) => hasColumn(table, first.value));
    const [item] = owners;
    const isClear =
      this.#items.length === 1 ||
      (owners.length === 1 && this.#items.every(({ table }) => table !== undefined));
    return item && isClear ? { of: { item, column: first.value }, length: 1 } : undefined;
  }
}

const swapped = ({ left, right }: Equality): Equality => ({ left: right, right: left });
const hasColumn = (table: string | undefined, column: string): boolean =>
  table !== undefined && tableNamed(table)?.columns.some(({ name }) => name === column) === true;
/** `IS DISTINCT FROM` and `EXTRACT(x FROM y)`, of which the second stands in parentheses. */
const isDistinctFrom = (tokens: readonly Token[], at: number): boolean =>
  isWord(tokens[at], "from") &&
  isWord(tokens[at - 1], "distinct") &&
  at >= 2 &&
  isWord(tokens[at - 2], "is", "not");

/** A condition on a target names the service, too. */
function servicesIn(found: Found): Found[] {
  const { item, predicate } = found;
  const services = predicate.column === "target" ? targetServices(predicate) : undefined;
  if (services)
    return [found, { item, predicate: { column: "target_service_name", op: "equal", values: services } }];
  return [found];
}

/** The services that targets which fit begin with; `undefined`: any. */
export function targetServices({ op, values }: Predicate): readonly string[] | undefined {
  if (op !== "equal" && op !== "like") return undefined;
  const services = values.map((value) => {
    const service = value.slice(0, Math.max(value.indexOf("/"), 0));
    return service === "" || (op === "like" && service.includes("%")) ? undefined : service;
  });
  // `_` stands for any character in a pattern. In names of services it is common, so it hides nothing as long as it is one.
  const known = services.filter((service) => service !== undefined);
  return known.length === services.length && !(op === "like" && known.some((name) => name.includes("_")))
    ? known
    : undefined;
}

const constantOf = (token: Token | undefined): string | undefined => {
  if (token?.kind === "string") return token.value;
  if (token?.kind === "number" && /^\d+$/.test(token.value)) return token.value;
  return isWord(token, "true") ? "1" : isWord(token, "false") ? "0" : undefined;
};

function listOf(tokens: readonly Token[]): string[] | undefined {
  const values: string[] = [];
  for (const [at, token] of tokens.entries()) {
    if (at % 2 === 1) {
      if (!isOperator(token, ",")) return undefined;
      continue;
    }
    const value = constantOf(token);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return tokens.length % 2 === 1 ? values : undefined;
}

/** `created_at DESC`, with or without the id after it. */
function directionOf(order: readonly Token[]): "newest" | "oldest" | undefined {
  const [first = []] = splitBy(order, ",");
  const column = isOperator(first[1], ".") ? first.slice(2) : first;
  if (column[0]?.value !== "created_at") return undefined;
  const words = column.slice(1).map(({ value }) => value);
  if (words[0] === "desc") return "newest";
  return words.length === 0 || words[0] === "asc" ? "oldest" : undefined;
}

/** Without parentheses around all of it. */
function bare(tokens: readonly Token[]): readonly Token[] {
  let inner = tokens;
  while (
    isOperator(inner[0], "(") &&
    closingOf(inner, 0) === inner.length - 1 &&
    !isWord(inner[1], "select", "with")
  )
    inner = inner.slice(1, -1);
  return inner;
}

function conjunctsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const inner = bare(tokens);
  if (inner.length === 0 || splitBy(inner, "or").length > 1) return inner.length === 0 ? [] : [inner];
  const parts = splitBy(inner, "and");
  return parts.length === 1 ? parts : parts.flatMap((part) => conjunctsOf(part));
}

/** Parts between a word, outside of parentheses and of CASE. The AND of a BETWEEN is no separator. */
function splitBy(tokens: readonly Token[], separator: string): (readonly Token[])[] {
  const parts: (readonly Token[])[] = [];
  let from = 0;
  let cases = 0;
  let isBetween = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (isOperator(token, "(")) at = closingOf(tokens, at);
    else if (isWord(token, "case")) cases++;
    else if (isWord(token, "end")) cases--;
    else if (isWord(token, "between")) isBetween = true;
    else if (token?.value === separator && token.kind !== "string" && token.kind !== "name" && cases === 0) {
      if (isBetween && separator === "and") isBetween = false;
      else {
        parts.push(tokens.slice(from, at));
        from = at + 1;
      }
    }
  }
  parts.push(tokens.slice(from));
  return parts;
}

function itemsOf(tokens: readonly Token[]): readonly Item[] {
  const items: Item[] = [];
  let join: Item["join"] = "first";
  for (let at = 0; at < tokens.length;) {
    const words: string[] = [];
    while (isWord(tokens[at], ...JOINS)) words.push(tokens[at++]?.value ?? "");
    if (isOperator(tokens[at], ",")) at++;
    if (items.length > 0) join = joinOf(words);
    const named = namedAt(tokens, at);
    at = named.next;
    let end = at;
    while (end < tokens.length && !isWord(tokens[end], ...JOINS) && !isOperator(tokens[end], ","))
      end = isOperator(tokens[end], "(") ? closingOf(tokens, end) + 1 : end + 1;
    const on = isWord(tokens[at], "on") ? tokens.slice(at + 1, end) : [];
    // With USING or NATURAL a bare column is both tables'. Then nothing is clear.
    const isShared = isWord(tokens[at], "using") || words.includes("natural");
    items.push({
      alias: named.alias,
      join: isShared ? "other" : join,
      on,
      ...(named.table === undefined ? {} : { table: named.table }),
    });
    at = Math.max(
      end,
      at +
        (end === at && end < tokens.length && !isWord(tokens[end], ...JOINS) && !isOperator(tokens[end], ",")
          ? 1
          : 0),
    );
  }
  return items;
}

function joinOf(words: readonly string[]): Item["join"] {
  if (words.includes("right") || words.includes("full")) return "other";
  return words.includes("left") ? "left" : "inner";
}

function namedAt(
  tokens: readonly Token[],
  start: number,
): { readonly table?: string; readonly alias: string; readonly next: number } {
  let at = start;
  let name = "";
  if (isOperator(tokens[at], "(")) at = closingOf(tokens, at) + 1;
  else if (isName(tokens[at])) {
    name = tokens[at++]?.value ?? "";
    while (isOperator(tokens[at], ".") && isName(tokens[at + 1])) {
      name = tokens[at + 1]?.value ?? "";
      at += 2;
    }
    if (isOperator(tokens[at], "(")) {
      at = closingOf(tokens, at) + 1;
      name = "";
    }
  } else at++;
  let alias = name;
  if (isWord(tokens[at], "as")) at++;
  if (isName(tokens[at]) && !isWord(tokens[at], ...JOINS, "on", "using")) alias = tokens[at++]?.value ?? "";
  const table = tableNamed(name)?.name;
  return table === undefined ? { alias, next: at } : { table, alias, next: at };
}
