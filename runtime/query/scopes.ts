/**
 * Which rows of which tables a query needs, as far as its words tell at sight.
 *
 * SQLite evaluates the whole statement over what was fetched. So what is found here only narrows what is fetched. Each
 * condition that is taken must hold for every row that can matter to the answer. What is not understood is left out: then
 * more is fetched, and the answer is the same.
 */
import { intervalMs, storedTime } from "./intervals.ts";
import { bare, conjunctsOf, splitBy } from "./conjuncts.ts";
import { type Item, itemsOf } from "./from-items.ts";
import type { Predicate } from "./predicate.ts";
import { isTimeColumn, tableNamed } from "./schema.ts";
import { closingOf, isNameToken, isOperator, isWord, type Token } from "./tokens.ts";

/** One place where a statement names a table. */
export interface Mention {
  readonly table: string;
  /** All of them hold. */
  readonly predicates: readonly Predicate[];
  /** So many rows are enough that all predicates hold for: any, or the first in this order. */
  readonly limit?: { readonly count: number; readonly order?: "newest" | "oldest" };
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
    passOn(found, equalities);
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
    if (this.#isFolded() || this.#isCompound || this.#items.length !== 1) return undefined;
    const [limit, offset] = [this.#number("limit"), this.#number("offset") ?? 0];
    if (limit === undefined || Number.isNaN(limit + offset)) return undefined;
    const order = this.#clauses.get("order");
    if (!order) return { count: limit + offset };
    const direction = directionOf(order.slice(isWord(order[0], "by") ? 1 : 0));
    return direction && { count: limit + offset, order: direction };
  }

  /** `NaN`: it is no plain number. */
  #number(clause: "limit" | "offset"): number | undefined {
    const tokens = this.#clauses.get(clause);
    if (!tokens) return undefined;
    const [token] = tokens;
    return tokens.length === 1 && token?.kind === "number" ? Number(token.value) : Number.NaN;
  }

  /** A row of the answer is made from several of the table. */
  #isFolded(): boolean {
    const select = this.#clauses.get("select") ?? [];
    return (
      ["group", "having", "window", "qualify"].some((clause) => this.#clauses.has(clause)) ||
      isWord(select[0], "distinct") ||
      select.some((token, at) => isWord(token, "over") || isAggregate(token, select[at + 1]))
    );
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
    const said = isTimeColumn(column) ? timeSaid(rest, this.#nowMs) : textSaid(rest);
    return said && { item, predicate: { column, ...said } };
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
    if (!isNameToken(first)) return undefined;
    if (isOperator(dot, ".") && isNameToken(second)) {
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

/** `a.id = b.id AND a.id = 'x'` says the same of b. It is added to what was found. */
function passOn(found: Found[], equalities: readonly Equality[]): void {
  // What was passed on is not passed on twice: equalities can go round in a circle.
  const told = new Map<Item, Map<string, Set<Predicate["values"]>>>();
  for (const { left, right } of equalities) {
    const passed = found.filter(
      ({ item, predicate }) =>
        item === left.item && predicate.column === left.column && predicate.op === "equal",
    );
    const ofItem = told.get(right.item) ?? new Map<string, Set<Predicate["values"]>>();
    const known = ofItem.get(right.column) ?? new Set();
    told.set(right.item, ofItem.set(right.column, known));
    for (const { predicate } of passed) {
      if (known.has(predicate.values)) continue;
      known.add(predicate.values);
      found.push({ item: right.item, predicate: { ...predicate, column: right.column } });
    }
  }
}

const isAggregate = (token: Token, next: Token | undefined): boolean =>
  AGGREGATE.test(token.value) && isOperator(next, "(");
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

type Said = Omit<Predicate, "column">;
const IS: Readonly<Record<string, Predicate["op"]>> = {
  true: "true",
  "not true": "not-true",
  null: "null",
  "not null": "not-null",
};

function isSaid(rest: readonly Token[]): Said | undefined {
  const words = rest.slice(1).map(({ value }) => value);
  const op = isWord(rest[0], "is") ? IS[words.join(" ")] : undefined;
  return op && { op, values: [] };
}

/** What stands after a column that is no time: `= 'x'`, `IN ('x', 'y')`, `LIKE 'x%'`. */
function textSaid(rest: readonly Token[]): Said | undefined {
  const [first, second] = rest;
  if (isWord(first, "is")) return isSaid(rest);
  if (isWord(first, "like"))
    return second?.kind === "string" && rest.length === 2
      ? { op: "like", values: [second.value] }
      : undefined;
  if (!isOperator(first, "=", "==", "<>", "!=")) return inSaid(rest);
  const value = rest.length === 2 ? constantOf(second) : undefined;
  return value === undefined
    ? undefined
    : { op: isOperator(first, "=", "==") ? "equal" : "other", values: [value] };
}

function inSaid(rest: readonly Token[]): Said | undefined {
  const isNot = isWord(rest[0], "not");
  const [word, open, ...inner] = isNot ? rest.slice(1) : rest;
  if (!isWord(word, "in") || !isOperator(open, "(") || !isOperator(inner.at(-1), ")")) return undefined;
  const values = listOf(inner.slice(0, -1));
  return values && { op: isNot ? "other" : "equal", values };
}

/** What stands after a time: `> '2026-11-28'`, `>= now() - INTERVAL '1 hour'`. */
function timeSaid(rest: readonly Token[], nowMs: number): Said | undefined {
  const [first, ...right] = rest;
  if (isWord(first, "is")) return isSaid(rest);
  if (!isOperator(first, ">", ">=", "<", "<=")) return undefined;
  const time = timeIn(right, nowMs);
  return time === undefined
    ? undefined
    : { op: isOperator(first, ">", ">=") ? "from" : "until", values: [time] };
}

function timeIn(tokens: readonly Token[], nowMs: number): string | undefined {
  const [first] = tokens;
  if (first?.kind === "string" && tokens.length === 1) return storedTime(first.value);
  const words = tokens.map(({ value }) => value);
  if (words.slice(0, 3).join("") !== "now()") return undefined;
  if (tokens.length === 3) return new Date(nowMs).toISOString();
  const [sign, interval, length] = words.slice(3);
  const isMoved = tokens.length === 6 && (sign === "-" || sign === "+") && interval === "interval";
  const ms = isMoved ? intervalMs(length ?? "") : undefined;
  return ms === undefined ? undefined : storedTime(isoOf(nowMs + (sign === "-" ? -ms : ms)));
}

function isoOf(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
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
