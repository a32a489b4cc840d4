/**
 * The arguments of a host's calls, checked. A handler may use the pipe of its process for messages of its own, and the SDK of
 * a deployment may be of another version. So nothing that comes over the pipe is taken for what it should be. What is wrong
 * fails that call alone.
 *
 * Contents of an item are not looked at here. The store takes any plain data, and its readers check what they read.
 */
import type { Delete, ItemKey, Put, Table, Update } from "../../../lib/model/item.ts";
import type { Outgoing } from "../../../lib/model/message.ts";
import type { TransactedAppend, UserOperation, UserWrite } from "../../../lib/model/user-write.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";
import type { EndedStep, ReachedPoint } from "./turn-orders.ts";

export interface QueryArgument {
  readonly table: Table;
  readonly pk: string;
  readonly prefix: string;
  readonly page?: { after?: string; limit?: number };
}
export interface ScanArgument {
  readonly table: Table;
  readonly sk: string;
  readonly page?: { after?: string; limit?: number };
}

export interface TimerArgument {
  readonly atMs: number;
  readonly message: Outgoing;
}

export interface TransactArgument {
  readonly append: TransactedAppend;
  readonly writes: readonly UserWrite[];
}

export interface TurnArgument {
  /** Its id. */
  readonly deployment: string;
  readonly request: TurnRequest;
}

type Fields = Readonly<Record<string, unknown>>;

const TABLES: readonly unknown[] = ["journal", "state", "registry"] satisfies Table[];
const OPERATIONS: readonly unknown[] = ["put", "update", "delete"] satisfies (Put | Update | Delete)["op"][];

export function keyArgument(argument: unknown): ItemKey {
  const { table, pk, sk } = fieldsOf(argument);
  return { table: tableOf(table), pk: textOf("pk", pk), sk: textOf("sk", sk) };
}

export function writeArgument(argument: unknown): {
  readonly write: Put | Update | Delete;
  readonly known?: string;
  readonly followers: readonly Put[];
} {
  const { known, followers = [], ...write } = fieldsOf(argument);
  if (!Array.isArray(followers)) throw wrong("followers");
  return {
    write: writeOf(write),
    ...(known === undefined ? {} : { known: textOf("known", known) }),
    followers: followers.map((follower) => {
      const put = writeOf(fieldsOf(follower));
      if (put.op !== "put") throw wrong("followers");
      return put;
    }),
  };
}

function writeOf({ op, key, ...content }: ReturnType<typeof fieldsOf>): Put | Update | Delete {
  if (!OPERATIONS.includes(op)) throw wrong("op");
  return { ...content, op, key: keyArgument(key) } as Put | Update | Delete;
}

export function transactArgument(argument: unknown): TransactArgument {
  const { append, writes } = fieldsOf(argument);
  const { write } = writeArgument(append);
  if (write.op === "delete" || write.key.table !== "journal") throw wrong("append");
  if (!Array.isArray(writes)) throw wrong("writes");
  return { append: write, writes: writes.map(userWriteOf) };
}

const USER_OPERATIONS: readonly string[] = [
  "Put",
  "Update",
  "Delete",
  "ConditionCheck",
] satisfies UserOperation[];

/** What it says of the items is checked where it is evaluated. */
function userWriteOf(write: unknown): UserWrite {
  const [[operation, content] = ["", undefined], ...others] = Object.entries(fieldsOf(write));
  if (others.length > 0 || !USER_OPERATIONS.includes(operation)) throw wrong("writes");
  const fields = fieldsOf(content);
  textOf("TableName", fields["TableName"]);
  fieldsOf(fields[operation === "Put" ? "Item" : "Key"]);
  return write as UserWrite;
}

export function queryArgument(argument: unknown): QueryArgument {
  const { table, pk, prefix, page } = fieldsOf(argument);
  return {
    ...{ table: tableOf(table), pk: textOf("pk", pk), prefix: textOf("prefix", prefix) },
    ...pageOf(page),
  };
}

export function scanArgument(argument: unknown): ScanArgument {
  const { table, sk, page } = fieldsOf(argument);
  return { table: tableOf(table), sk: textOf("sk", sk), ...pageOf(page) };
}

export function messagesArgument(argument: unknown): readonly Outgoing[] {
  if (!Array.isArray(argument)) throw wrong("messages");
  return argument.map(messageOf);
}

export function timerArgument(argument: unknown): TimerArgument {
  const { atMs, message } = fieldsOf(argument);
  if (typeof atMs !== "number" || !Number.isFinite(atMs)) throw wrong("atMs");
  return { atMs, message: messageOf(message) };
}

/** The handler's function that gets the request checks no more of it either. */
export function turnArgument(argument: unknown): TurnArgument {
  const { deployment, request } = fieldsOf(argument);
  const { kind, id } = fieldsOf(request);
  if (kind !== "turn") throw wrong("request");
  textOf("id", id);
  return { deployment: textOf("deployment", deployment), request: request as TurnRequest };
}

export function pointArgument(argument: unknown): ReachedPoint {
  const { id, command, name } = fieldsOf(argument);
  if (command === undefined) return { id: textOf("id", id) };
  if (typeof command !== "number") throw wrong("command");
  return { id: textOf("id", id), command, name: textOf("name", name) };
}

export function stepArgument(argument: unknown): EndedStep {
  const { id, name, tookMs, error } = fieldsOf(argument);
  if (typeof tookMs !== "number") throw wrong("tookMs");
  return {
    ...{ id: textOf("id", id), name: textOf("name", name), tookMs },
    ...(error === undefined ? {} : { error: textOf("error", error) }),
  };
}

function messageOf(message: unknown): Outgoing {
  const { group, dedup, body } = fieldsOf(message);
  return { group: textOf("group", group), dedup: textOf("dedup", dedup), body: textOf("body", body) };
}

export const nameArgument = (argument: unknown): string => textOf("name", argument);

function pageOf(page: unknown): Pick<QueryArgument, "page"> {
  if (page === undefined || page === null) return {};
  const { after, limit } = fieldsOf(page);
  return {
    page: {
      ...(after === undefined ? {} : { after: textOf("after", after) }),
      ...(limit === undefined ? {} : { limit: countOf(limit) }),
    },
  };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== "object" || value === null) throw wrong("argument");
  return value as Fields;
}

function tableOf(value: unknown): Table {
  if (!TABLES.includes(value)) throw wrong("table");
  return value as Table;
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== "string") throw wrong(name);
  return value;
}

function countOf(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1) throw wrong("limit");
  return value;
}

const wrong = (what: string): TypeError => new TypeError(`not a call of the SDK: its ${what} is not valid`);
