/**
 * DynamoDB's condition and update expressions, read into plain data.
 *
 * Job: tokens, grammar, and the names and values that stand for placeholders. Boundary: what an expression says of an item is in condition.ts and
 * update.ts. Not read here: DynamoDB's reserved words, which it refuses as names without a placeholder.
 */
import type { AttributeMap, AttributeValue } from "../../../lib/model/user-write.ts";
import { DYNAMO_EXPRESSION_BYTES_MAX } from "../../../lib/limits/aws.ts";

/** Names and places in lists, from the item inwards. */
export type Path = readonly (string | number)[];
export type Operand =
  | { readonly is: "path"; readonly path: Path }
  | { readonly is: "value"; readonly value: AttributeValue }
  | { readonly is: "size"; readonly path: Path };
export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";
export type ConditionNode =
  | { readonly is: "and" | "or"; readonly of: readonly ConditionNode[] }
  | { readonly is: "not"; readonly of: ConditionNode }
  | { readonly is: "exists" | "missing"; readonly path: Path }
  | { readonly is: "type" | "begins" | "contains"; readonly path: Path; readonly operand: Operand }
  | { readonly is: "compare"; readonly by: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly is: "in"; readonly left: Operand; readonly of: readonly Operand[] };
export type SetOperand =
  | Extract<Operand, { is: "path" | "value" }>
  | { readonly is: "if-missing"; readonly path: Path; readonly otherwise: SetOperand }
  | { readonly is: "joined"; readonly left: SetOperand; readonly right: SetOperand };
export type SetValue =
  | SetOperand
  | { readonly is: "+" | "-"; readonly left: SetOperand; readonly right: SetOperand };
export interface UpdateNode {
  readonly sets: readonly { readonly path: Path; readonly value: SetValue }[];
  readonly removes: readonly Path[];
  readonly adds: readonly { readonly path: Path; readonly value: AttributeValue }[];
  readonly deletes: readonly { readonly path: Path; readonly value: AttributeValue }[];
}

/** An expression that DynamoDB does not take. */
export class ExpressionError extends Error {
  override readonly name = "ValidationException";
}

const TOKEN = /\s*(<>|<=|>=|[=<>(),.[\]+-]|[#:]?[A-Za-z0-9_]+)/y;

function tokensOf(text: string): string[] {
  if (Buffer.byteLength(text) > DYNAMO_EXPRESSION_BYTES_MAX)
    throw new ExpressionError(`an expression has more than ${DYNAMO_EXPRESSION_BYTES_MAX} bytes`);
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
    tokens.push(found[1] ?? "");
    end = TOKEN.lastIndex;
  }
  if (text.slice(end).trim() !== "")
    throw new ExpressionError(
      `the expression ${JSON.stringify(text)} is not understood from ${JSON.stringify(text.slice(end))} on`,
    );
  return tokens;
}

/** What stands for `#name` and `:value`. DynamoDB refuses what no expression uses. */
export class ExpressionNames {
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: AttributeMap;
  readonly #used = new Set<string>();

  constructor(names: Readonly<Record<string, string>> = {}, values: AttributeMap = {}) {
    this.#names = names;
    this.#values = values;
  }

  name(token: string): string {
    if (!token.startsWith("#")) return token;
    this.#used.add(token);
    const name = Object.hasOwn(this.#names, token) ? this.#names[token] : undefined;
    if (name === undefined) throw new ExpressionError(`ExpressionAttributeNames has no ${token}`);
    return name;
  }

  value(token: string): AttributeValue {
    this.#used.add(token);
    const value = Object.hasOwn(this.#values, token) ? this.#values[token] : undefined;
    if (value === undefined) throw new ExpressionError(`ExpressionAttributeValues has no ${token}`);
    return value;
  }

  assertAllUsed(): void {
    const unused = [...Object.keys(this.#names), ...Object.keys(this.#values)].find(
      (name) => !this.#used.has(name),
    );
    if (unused !== undefined) throw new ExpressionError(`no expression uses ${unused}`);
  }
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #text: string;
  readonly #held: ExpressionNames;
  #at = 0;

  constructor(text: string, held: ExpressionNames) {
    this.#text = text;
    this.#tokens = tokensOf(text);
    this.#held = held;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  /** A key word's case does not matter. */
  next(): string {
    return this.#tokens[this.#at]?.toUpperCase() ?? "";
  }

  takes(token: string): boolean {
    if (this.next() !== token) return false;
    this.#at++;
    return true;
  }

  expect(token: string): void {
    if (!this.takes(token)) throw this.wrong(`${token} is missing`);
  }

  wrong(what: string): ExpressionError {
    const found = this.#tokens[this.#at] ?? "the end";
    return new ExpressionError(`the expression ${JSON.stringify(this.#text)}: ${what} at ${found}`);
  }

  #take(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.wrong("something is missing");
    return token;
  }

  isFunction(): string | undefined {
    return this.#tokens[this.#at + 1] === "(" ? this.#tokens[this.#at]?.toLowerCase() : undefined;
  }

  /** `name(` */
  open(): void {
    this.#at++;
    this.expect("(");
  }

  path(): Path {
    const path: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.takes(".")) path.push(this.#name());
      else if (this.takes("[")) {
        const index = this.#take();
        if (!/^\d+$/.test(index)) throw this.wrong("a number is missing");
        path.push(Number(index));
        this.expect("]");
      } else return path;
    }
  }

  #name(): string {
    const token = this.#take();
    if (!/^(#[A-Za-z0-9_]+|[A-Za-z][A-Za-z0-9_]*)$/.test(token)) throw this.wrong("a name is missing");
    return this.#held.name(token);
  }

  get isValue(): boolean {
    return this.#tokens[this.#at]?.startsWith(":") === true;
  }

  value(): AttributeValue {
    if (!this.isValue) throw this.wrong("a value is missing");
    return this.#held.value(this.#take());
  }

  list<T>(read: () => T): T[] {
    const all = [read()];
    while (this.takes(",")) all.push(read());
    return all;
  }
}

// --- conditions ------------------------------------------------------------------------------------------------

export function readCondition(text: string, held: ExpressionNames): ConditionNode {
  const reader = new Reader(text, held);
  const node = either(reader);
  if (!reader.isAtEnd) throw reader.wrong("it does not end");
  return node;
}

function either(reader: Reader): ConditionNode {
  const of = [both(reader)];
  while (reader.takes("OR")) of.push(both(reader));
  const [only] = of;
  return of.length === 1 && only ? only : { is: "or", of };
}

function both(reader: Reader): ConditionNode {
  const of = [negated(reader)];
  while (reader.takes("AND")) of.push(negated(reader));
  const [only] = of;
  return of.length === 1 && only ? only : { is: "and", of };
}

function negated(reader: Reader): ConditionNode {
  if (reader.takes("NOT")) return { is: "not", of: negated(reader) };
  if (!reader.takes("(")) return said(reader);
  const node = either(reader);
  reader.expect(")");
  return node;
}

function said(reader: Reader): ConditionNode {
  const name = reader.isFunction();
  return name === undefined || name === "size" ? compared(reader) : called(reader, name);
}

const TESTS = { attribute_type: "type", begins_with: "begins", contains: "contains" } as const;

function called(reader: Reader, name: string): ConditionNode {
  reader.open();
  const path = reader.path();
  if (name === "attribute_exists" || name === "attribute_not_exists") {
    reader.expect(")");
    return { is: name === "attribute_exists" ? "exists" : "missing", path };
  }
  const is = Object.hasOwn(TESTS, name) ? TESTS[name as keyof typeof TESTS] : undefined;
  if (is === undefined) throw reader.wrong(`${name} is no function of a condition`);
  reader.expect(",");
  const right = operand(reader);
  reader.expect(")");
  return { is, path, operand: right };
}

const COMPARATORS: readonly string[] = ["=", "<>", "<", "<=", ">", ">="] satisfies Comparator[];

function compared(reader: Reader): ConditionNode {
  const left = operand(reader);
  if (reader.takes("BETWEEN")) {
    const low = operand(reader);
    reader.expect("AND");
    const high = operand(reader);
    return {
      is: "and",
      of: [
        { is: "compare", by: ">=", left, right: low },
        { is: "compare", by: "<=", left, right: high },
      ],
    };
  }
  if (reader.takes("IN")) {
    reader.expect("(");
    const of = reader.list(() => operand(reader));
    reader.expect(")");
    return { is: "in", left, of };
  }
  const by = reader.next();
  if (!COMPARATORS.includes(by)) throw reader.wrong("a comparison is missing");
  reader.expect(by);
  return { is: "compare", by: by as Comparator, left, right: operand(reader) };
}

function operand(reader: Reader): Operand {
  if (reader.isValue) return { is: "value", value: reader.value() };
  if (reader.isFunction() !== "size") return { is: "path", path: reader.path() };
  reader.open();
  const path = reader.path();
  reader.expect(")");
  return { is: "size", path };
}

// --- updates ---------------------------------------------------------------------------------------------------

export function readUpdate(text: string, held: ExpressionNames): UpdateNode {
  const reader = new Reader(text, held);
  const sets: { path: Path; value: SetValue }[] = [];
  const removes: Path[] = [];
  const adds: { path: Path; value: AttributeValue }[] = [];
  const deletes: { path: Path; value: AttributeValue }[] = [];
  const pair = (): { path: Path; value: AttributeValue } => ({ path: reader.path(), value: reader.value() });
  const seen = new Set<string>();
  while (!reader.isAtEnd) {
    const clause = reader.next();
    if (seen.has(clause)) throw reader.wrong(`${clause} comes twice`);
    seen.add(clause);
    if (reader.takes("SET")) sets.push(...reader.list(() => assignment(reader)));
    else if (reader.takes("REMOVE")) removes.push(...reader.list(() => reader.path()));
    else if (reader.takes("ADD")) adds.push(...reader.list(pair));
    else if (reader.takes("DELETE")) deletes.push(...reader.list(pair));
    else throw reader.wrong("SET, REMOVE, ADD or DELETE is missing");
  }
  const all = [...sets, ...adds, ...deletes].map(({ path }) => path);
  assertApart([...all, ...removes]);
  return { sets, removes, adds, deletes };
}

function assignment(reader: Reader): { path: Path; value: SetValue } {
  const path = reader.path();
  reader.expect("=");
  const left = setOperand(reader);
  if (reader.takes("+")) return { path, value: { is: "+", left, right: setOperand(reader) } };
  if (reader.takes("-")) return { path, value: { is: "-", left, right: setOperand(reader) } };
  return { path, value: left };
}

function setOperand(reader: Reader): SetOperand {
  const name = reader.isFunction();
  if (reader.isValue) return { is: "value", value: reader.value() };
  if (name === undefined) return { is: "path", path: reader.path() };
  reader.open();
  if (name === "if_not_exists") {
    const path = reader.path();
    reader.expect(",");
    const otherwise = setOperand(reader);
    reader.expect(")");
    return { is: "if-missing", path, otherwise };
  }
  if (name !== "list_append") throw reader.wrong(`${name} is no function of an update`);
  const left = setOperand(reader);
  reader.expect(",");
  const right = setOperand(reader);
  reader.expect(")");
  return { is: "joined", left, right };
}

/** DynamoDB refuses an update that changes one place twice, or a place within another. */
function assertApart(paths: readonly Path[]): void {
  for (const [at, path] of paths.entries())
    for (const other of paths.slice(at + 1))
      if (path.every((part, index) => index >= other.length || other[index] === part))
        throw new ExpressionError(
          `an update changes ${path.join(".")} and ${other.join(".")}, which overlap`,
        );
}
