/** One setting of a server on this machine: its names, and how a value of it is read, wherever it was given. */
import { parseDuration } from "../../lib/duration.ts";
import type { UserTables } from "../../lib/model/user-write.ts";
import { shortDuration } from "../time.ts";

export interface ServerSetting<T> {
  /** In the configuration file: `ingress.port`. */
  readonly key: string;
  /** In the environment; the first that is set counts. */
  readonly variables: readonly string[];
  /** On the command line. */
  readonly option?: string;
  readonly preset: T;
  /** A text from the command line or the environment, or a value of the file. Throws `RangeError` with what it should be. */
  readonly read: (given: unknown) => T;
  /** It is not printed. */
  readonly isSecret?: true;
  /** How it is printed: {@link read} takes that too. Absent: as it is. A method, so that settings of all types fit in one list. */
  shown?(value: T): unknown;
}

export const PORT_MAX = 65_535;
const shownValue = (given: unknown): string => JSON.stringify(given) ?? String(given);
const wrong = (what: string, given: unknown): RangeError =>
  new RangeError(`takes ${what}, not ${shownValue(given)}`);

export function portIn(given: unknown): number {
  const port = typeof given === "string" && /^\d+$/u.test(given) ? Number(given) : given;
  if (typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= PORT_MAX) return port;
  throw wrong(`a number from 0 to ${PORT_MAX}`, given);
}

export function textIn(given: unknown): string {
  if (typeof given === "string" && given !== "") return given;
  throw wrong("a text", given);
}

export function flagOf(given: unknown): boolean {
  if (given === true || given === "true") return true;
  if (given === false || given === "false") return false;
  throw wrong("true or false", given);
}

export const nameIn =
  <T extends string>(...names: readonly T[]) =>
  (given: unknown): T => {
    const text = typeof given === "string" ? given.trim().toLowerCase() : given;
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw wrong(names.length === 2 ? names.join(" or ") : `one of ${names.join(", ")}`, given);
  };

/** One text, or a list of them. */
export function textOrListIn(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.map(textIn) : [textIn(given)];
}

/** As {@link textOrListIn} takes it. Nothing for an empty list. */
export const textOrListShown = (list: readonly string[]): unknown => (list.length < 2 ? list[0] : list);

/** A list, or texts with commas between them. */
export function textListIn(given: unknown): readonly string[] {
  const list = typeof given === "string" ? given.split(",").map((text) => text.trim()) : given;
  if (!Array.isArray(list)) throw wrong("a list of texts", given);
  return list.filter((each) => each !== "").map(textIn);
}

export function millisecondsIn(given: unknown): number {
  const ms = typeof given === "string" ? parseDuration(given) : given;
  if (typeof ms === "number" && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw wrong("a duration such as 1d, 12h or P1D", given);
}

/** As a duration, if that says all of it. */
export function millisecondsShown(ms: number): unknown {
  const text = shortDuration(ms);
  return parseDuration(text) === ms ? text : ms;
}

/** A table of texts, or `name=value` with commas between them. */
export function pairsIn(given: unknown): Readonly<Record<string, string>> {
  if (typeof given === "string") {
    return Object.fromEntries(
      textListIn(given).map((pair) => {
        const at = pair.indexOf("=");
        if (at < 1) throw wrong("name=value with commas between them", given);
        return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
      }),
    );
  }
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw wrong("a table of texts", given);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, textIn(value)]));
}

/** The attributes of a table's key: `id`, `order/line`. */
const TABLE_KEY = /^([^/\s]+)(?:\/([^/\s]+))?$/u;

/** Tables of the user's, each with its key: `orders=id`, `lines=order/line`. A list of such texts, or a table of texts. */
export function userTablesIn(given: unknown): UserTables {
  const pairs = Array.isArray(given) ? pairsIn(textListIn(given).join(",")) : pairsIn(given);
  return Object.fromEntries(
    Object.entries(pairs).map(([name, key]) => {
      const [, partitionKey, sortKey] = TABLE_KEY.exec(key) ?? [];
      if (partitionKey === undefined)
        throw wrong("a table's name and its key, such as lines=order/line", key);
      return [name, { partitionKey, ...(sortKey === undefined ? {} : { sortKey }) }];
    }),
  );
}

/** As {@link userTablesIn} takes them. */
export const tablesShown = (tables: UserTables): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(tables).map(([name, { partitionKey, sortKey }]) => [
      name,
      sortKey === undefined ? partitionKey : `${partitionKey}/${sortKey}`,
    ]),
  );

/** `[[kafka-clusters]]`: each with a `name` and its properties. By name. Also as a table of tables, which is how they are printed. */
export function clustersIn(given: unknown): Readonly<Record<string, Readonly<Record<string, string>>>> {
  if (typeof given !== "object" || given === null) throw wrong("tables, as [[kafka-clusters]]", given);
  const named = Array.isArray(given)
    ? given.map((each: unknown) => {
        const { name = "", ...properties } = pairsIn(each);
        return [name, properties] as const;
      })
    : Object.entries(given).map(([name, each]: [string, unknown]) => [name, pairsIn(each)] as const);
  for (const [at, [name, properties]] of named.entries()) {
    const brokers = properties["bootstrap.servers"] ?? properties["metadata.broker.list"];
    // What is wrong is not shown: it may hold a password.
    if (brokers === undefined || !/^[\w.-]+$/u.test(name))
      throw new RangeError('takes tables with "name" and "bootstrap.servers"');
    if (named.findIndex(([other]) => other === name) !== at)
      throw new RangeError(`has two clusters "${name}"`);
  }
  return Object.fromEntries(named);
}
