/**
 * What the function of a `ctx.transact` returns, as DynamoDB takes it (docs/decisions/0052-transact.md).
 *
 * Job: checks the shapes of AWS's Document client and spells their plain values as attributes, with the place of what is wrong. Boundary: the
 * expressions are DynamoDB's to read. Nothing of AWS's SDK is loaded: a cold start would pay for it (0030).
 */
import { coded } from "../../lib/error-codes.ts";
import { isTooLarge, TerminalError, TransactionError } from "../../lib/errors.ts";
import {
  DYNAMO_DEPTH_MAX,
  DYNAMO_NUMBER_MAX,
  DYNAMO_NUMBER_MIN,
  TRANSACT_SHOWN_CHARS_MAX,
  DYNAMO_TABLE_CHARS_MAX,
  TRANSACT_BYTES_MAX,
  TRANSACT_WRITES_MAX,
} from "../../lib/limits/aws.ts";
import {
  type AttributeMap,
  type AttributeValue,
  partsOf,
  type WriteRefusal,
  sizeOfWrite,
  type UserOperation,
  type UserWrite,
} from "../../lib/model/user-write.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What else each operation has, besides what all have. */
const OWN_FIELDS: Readonly<Record<UserOperation, readonly string[]>> = {
  Put: ["Item"],
  Update: ["Key", "UpdateExpression"],
  Delete: ["Key"],
  ConditionCheck: ["Key"],
};
const COMMON_FIELDS = [
  "TableName",
  "ConditionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
] as const;
const TABLE_NAME = /^[\w.-]+$/;

/** What a step's function has returned. */
export interface TransactReturned {
  readonly writes: readonly UserWrite[];
  readonly result: unknown;
}

/** Throws a TerminalError that says what is wrong, and where: no attempt would do better. `step`: its name. */
export function transactWork(returned: unknown, step: string): TransactReturned {
  const what = `ctx.transact(${JSON.stringify(step)})`;
  const isList = Array.isArray(returned);
  const { writes, result } = isList ? { writes: returned, result: undefined } : fieldsOf(returned);
  if (!Array.isArray(writes)) {
    throw wrong(
      `the function of ${what} must return a list of writes, or { writes, result }; it returned ${shown(returned)}`,
    );
  }
  if (writes.length > TRANSACT_WRITES_MAX) {
    const message = `${what} has ${writes.length} writes; at most ${TRANSACT_WRITES_MAX} are allowed. Divide them between several steps`;
    throw new TerminalError(coded("RT0003", message), { errorCode: 413 });
  }
  const checked = writes.map((write: unknown, at) => userWrite(write, `${what}, writes[${at}]`));
  const bytes = checked.reduce((sum, write) => sum + sizeOfWrite(write), 0);
  if (bytes > TRANSACT_BYTES_MAX) {
    const message = `the writes of ${what} have ${bytes} bytes; at most ${TRANSACT_BYTES_MAX} are allowed. Divide them between several steps`;
    throw new TerminalError(coded("RT0003", message), { errorCode: 413 });
  }
  return { writes: checked, result };
}

function userWrite(write: unknown, where: string): UserWrite {
  const operations = Object.entries(fieldsOf(write)).filter(([, content]) => content !== undefined);
  const [[operation, content] = ["", undefined]] = operations;
  if (operations.length !== 1 || !isOperation(operation))
    throw wrong(`${where} must have one of ${Object.keys(OWN_FIELDS).join(", ")}; it is ${shown(write)}`);
  const place = `${where}.${operation}`;
  return { [operation]: contentOf(operation, fieldsOf(content), place) } as unknown as UserWrite;
}

const isOperation = (name: string): name is UserOperation => Object.hasOwn(OWN_FIELDS, name);

function contentOf(operation: UserOperation, content: Fields, where: string): Fields {
  const known: readonly string[] = [...COMMON_FIELDS, ...OWN_FIELDS[operation]];
  const unknown = Object.keys(content).find((name) => content[name] !== undefined && !known.includes(name));
  if (unknown !== undefined)
    throw wrong(`${where}.${unknown} is not known; ${operation} has ${known.join(", ")}`);
  const at = (name: string): string => `${where}.${name}`;
  const own = operation === "Put" ? "Item" : "Key";
  const isChecked = operation === "ConditionCheck";
  return {
    TableName: tableName(content["TableName"], at("TableName")),
    [own]: attributeMap(content[own], at(own)),
    ...(operation === "Update"
      ? { UpdateExpression: text(content["UpdateExpression"], at("UpdateExpression")) }
      : {}),
    ...optional(content, "ConditionExpression", (value) => text(value, at("ConditionExpression")), isChecked),
    ...optional(content, "ExpressionAttributeNames", (value) => names(value, at("ExpressionAttributeNames"))),
    ...optional(content, "ExpressionAttributeValues", (value) =>
      attributeMap(value, at("ExpressionAttributeValues")),
    ),
  };
}

function optional(
  content: Fields,
  name: string,
  read: (value: unknown) => unknown,
  isNeeded = false,
): Fields {
  const value = content[name];
  return value === undefined && !isNeeded ? {} : { [name]: read(value) };
}

/** A transaction's tables are all in the account and the region of the first. A name can mean no other; an ARN could. */
function tableName(value: unknown, where: string): string {
  const name = text(value, where);
  if (name.startsWith("arn:"))
    throw wrong(
      `${where} is an ARN. Give the table's name: it must be in the account and the region of Perdure's stack`,
    );
  if (name.length <= DYNAMO_TABLE_CHARS_MAX && TABLE_NAME.test(name)) return name;
  throw wrong(`${where} must be the name of a table; it is ${shown(value)}`);
}

function text(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw wrong(`${where} must be a text; it is ${shown(value)}`);
}

function names(value: unknown, where: string): Fields {
  return Object.fromEntries(
    Object.entries(fieldsOf(value)).map(([name, stands]) => [
      name,
      text(stands, `${where}[${JSON.stringify(name)}]`),
    ]),
  );
}

// --- values ----------------------------------------------------------------------------------------------------

/** An item or a key. `where`: what it is called in errors. */
export function attributeMap(value: unknown, where: string): AttributeMap {
  if (!isPlainObject(value)) throw wrong(`${where} must be an object of values; it is ${shown(value)}`);
  return mapOf(value, where, 0);
}

/** What is `undefined` is left out, as in JSON. */
function mapOf(value: object, where: string, depth: number): AttributeMap {
  const map: Record<string, AttributeValue> = Object.create(null) as Record<string, AttributeValue>;
  for (const [name, held] of Object.entries(value) as [string, unknown][])
    if (held !== undefined) map[name] = attribute(held, `${where}.${name}`, depth);
  return { ...map };
}

/** As `marshall` of AWS's Document client spells it. */
function attribute(value: unknown, where: string, depth: number): AttributeValue {
  if (depth > DYNAMO_DEPTH_MAX) throw wrong(`${where} lies more than ${DYNAMO_DEPTH_MAX} levels deep`);
  if (typeof value === "string") return { S: value };
  if (typeof value === "number" || typeof value === "bigint") return { N: digits(value, where) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  // A copy: the code may change its bytes while the request is on its way.
  if (value instanceof Uint8Array) return { B: new Uint8Array(value) };
  if (Array.isArray(value))
    return { L: value.map((held: unknown, at) => attribute(held, `${where}[${at}]`, depth + 1)) };
  if (value instanceof Set) return setOf([...value], where);
  if (isPlainObject(value)) return { M: mapOf(value, where, depth + 1) };
  throw wrong(
    `${where} cannot be stored: it is ${shown(value)}. Store a text, a number, bytes, a list, a set or a plain object`,
  );
}

function setOf(values: readonly unknown[], where: string): AttributeValue {
  if (values.length > 0 && values.every((value) => typeof value === "string")) return { SS: values };
  if (values.length > 0 && values.every((value) => typeof value === "number" || typeof value === "bigint"))
    return { NS: values.map((value) => digits(value, where)) };
  if (values.length > 0 && values.every((value) => value instanceof Uint8Array))
    return { BS: values.map((value) => new Uint8Array(value)) };
  throw wrong(`${where} must be a set of texts, of numbers or of bytes, and not empty`);
}

function digits(value: number | bigint, where: string): string {
  const magnitude = Math.abs(Number(value));
  const fits = magnitude === 0 || (magnitude < DYNAMO_NUMBER_MAX && magnitude >= DYNAMO_NUMBER_MIN);
  if (!fits) throw wrong(`${where} is ${String(value)}, a number that DynamoDB cannot hold`);
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value))
    throw wrong(`${where} is ${value}, which a number does not hold exactly. Give a BigInt`);
  return value === 0 ? "0" : String(value);
}

/** Also of another realm: its prototype is that of no class. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {};

// --- errors ----------------------------------------------------------------------------------------------------

/** Some conditions do not hold. `refusals`: by write. */
export function transactionError(
  step: string,
  writes: readonly UserWrite[],
  refusals: readonly WriteRefusal[],
): TransactionError {
  const reasons = refusals.flatMap((code, at) => (code === undefined ? [] : [{ at, code }]));
  const said = reasons.map(({ at, code }) => `${nameOf(writes[at], at)}: ${code}`).join("; ");
  return new TransactionError(`ctx.transact(${JSON.stringify(step)}) wrote nothing. ${said}`, reasons);
}

/** Tried again by the step's policy, unless no attempt would do better. */
export function refusedError(step: string, cause: Error): Error {
  if (TerminalError.is(cause)) return cause;
  const message = `ctx.transact(${JSON.stringify(step)}) wrote nothing: ${cause.message}`;
  if (isTooLarge(cause)) return new TerminalError(coded("RT0003", message), { errorCode: 413, cause });
  return new Error(message, { cause });
}

function nameOf(write: UserWrite | undefined, at: number): string {
  if (!write) return `writes[${at}]`;
  const { operation, content } = partsOf(write);
  return `writes[${at}], ${operation} in ${content.TableName}`;
}

function shown(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const name: unknown = value.constructor?.name;
  if (typeof name === "string" && name !== "Object" && name !== "Array") return `a ${name}`;
  return `${Array.isArray(value) ? "a list" : "an object"} with ${Object.keys(value).join(", ") || "nothing"}`.slice(
    0,
    TRANSACT_SHOWN_CHARS_MAX,
  );
}

const wrong = (message: string): TerminalError => new TerminalError(message, { errorCode: 400 });
