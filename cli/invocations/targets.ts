/**
 * Which invocations a command is for: ids, targets, filters, ids from stdin.
 *
 * A target is `Service`, `Service/handler`, `Object/key` or `Object/key/handler`. Each part may be a pattern. Whether a second part
 * is a handler or a key follows from the kind of service. A key may have slashes if the handler is there as well.
 */
import { globMatches, isGlob } from "../../lib/glob.ts";
import { CLI_STDIN_BYTES_MAX } from "../../lib/limits/cli-invocations.ts";
import type { AdminClient } from "../admin-client.ts";
import { CommandError, UsageError } from "../exit.ts";
import { type FilterOptions, hasFilter, type ListQuery, queryOf } from "./filters.ts";
import type { InvocationRow } from "./invocation.ts";
import { checkService, listedBy, registeredServices } from "./pages.ts";

const ID_PREFIX = "inv_";
const STDIN = "-";

export const isId = (text: string): boolean => text.startsWith(ID_PREFIX) && !text.includes("/");

export interface ChosenInvocations {
  readonly ids: readonly string[];
  /** Of those that a target or a filter has found. */
  readonly rows: ReadonlyMap<string, InvocationRow>;
  /** More match than the limit lets through. */
  readonly isMore: boolean;
  /** Each was named by its id, on the command line. */
  readonly isByName: boolean;
}

export interface ChoiceOptions extends FilterOptions {
  /** In which statuses they are looked for, unless an option says. */
  readonly preset: readonly string[];
  readonly limit: number;
  readonly progress: (found: number) => void;
}

/** Throws {@link UsageError} if nothing is named, or ids and filters are. */
export async function chosen(
  admin: AdminClient,
  names: readonly string[],
  options: ChoiceOptions,
): Promise<ChosenInvocations> {
  const targets = names.filter((name) => name !== STDIN && !isId(name));
  const isFiltered = targets.length > 0 || hasFilter(options);
  const isNamed = targets.length < names.length;
  if (!isFiltered && !isNamed) throw new UsageError(NOTHING_NAMED);
  if (isFiltered && isNamed) throw new UsageError("ids cannot be mixed with targets or filters");
  return isFiltered ? await searched(admin, targets, options) : await named(names);
}

async function named(names: readonly string[]): Promise<ChosenInvocations> {
  const isByName = !names.includes(STDIN);
  const read = isByName ? [] : idsIn(await stdinText());
  const ids = new Set([...names.filter(isId), ...read]);
  return { ids: [...ids], rows: new Map(), isMore: false, isByName };
}

async function searched(
  admin: AdminClient,
  targets: readonly string[],
  options: ChoiceOptions,
): Promise<ChosenInvocations> {
  const rows = new Map<string, InvocationRow>();
  let isMore = false;
  const searches: readonly Search[] = targets.length === 0 ? [{}] : await searchesFor(admin, targets);
  const base = queryOf(options, options.preset);
  for (const { query, matches } of searches) {
    const left = options.limit - rows.size;
    const found = await listedBy(admin, {
      query: { ...base, ...query },
      ...{ limit: Math.max(1, left), progress: (count) => options.progress(rows.size + count) },
      ...(matches === undefined ? {} : { matches }),
    });
    for (const row of found.rows.slice(0, Math.max(0, left))) rows.set(row.id, row);
    isMore ||= found.isMore || found.rows.length > Math.max(0, left);
  }
  if (rows.size === 0) await checkService(admin, options.service ?? namedService(targets));
  return { ids: [...rows.keys()], rows, isMore, isByName: false };
}

const NOTHING_NAMED =
  "name what it is for: ids, a target such as Counter/a or Mailer/send, a filter such as --service, or - for ids from stdin";

const namedService = ([target, ...more]: readonly string[]): string | undefined => {
  const name = target?.split("/")[0];
  return more.length > 0 || name === undefined || isGlob(name) ? undefined : name;
};

interface Search {
  readonly query?: ListQuery;
  readonly matches?: (row: InvocationRow) => boolean;
}

async function searchesFor(admin: AdminClient, targets: readonly string[]): Promise<Search[]> {
  const services = await registeredServices(admin);
  return targets.flatMap((target) => searchesOf(target, services));
}

/** One for each service that the target is for. */
export function searchesOf(target: string, services: ReadonlyMap<string, { isKeyed: boolean }>): Search[] {
  const [name = "", ...parts] = target.split("/");
  if (name === "" || parts.includes(""))
    throw new UsageError(`"${target}" is no target: a part of it is empty`);
  const names = isGlob(name) ? [...services.keys()].filter((each) => globMatches(name, each)) : [name];
  return names.map((service) => {
    const query = { service };
    const [second, ...rest] = parts;
    if (second === undefined) return { query };
    const handler = rest.at(-1);
    if (handler !== undefined) return both(query, [second, ...rest.slice(0, -1)].join("/"), handler);
    const kind = services.get(service);
    // No deployment has it any more, so that nothing says what the part is.
    if (kind === undefined)
      return {
        query,
        matches: (row) => globMatches(second, row.key ?? row.handler) || globMatches(second, row.handler),
      };
    return kind.isKeyed ? { query: { ...query, ...keyQuery(second) } } : withHandler(query, second);
  });
}

const keyQuery = (key: string): ListQuery => (isGlob(key) ? { key_glob: key } : { key });
const both = (query: ListQuery, key: string, handler: string): Search =>
  withHandler({ ...query, ...keyQuery(key) }, handler);
const withHandler = (query: ListQuery, handler: string): Search =>
  isGlob(handler)
    ? { query, matches: (row) => globMatches(handler, row.handler) }
    : { query: { ...query, handler } };

async function stdinText(): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > CLI_STDIN_BYTES_MAX) throw new CommandError("stdin is too long for a list of ids");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** An id a line, lines of JSON with an `id`, or an array of them: what `perdure ls --json` and `--jsonl` print. Of a table's line the
 * first word counts, and its header does not. */
export function idsIn(text: string): string[] {
  const trimmed = text.trim();
  const values = trimmed.startsWith("[") ? listIn(trimmed) : trimmed.split("\n").map(valueOf);
  return values.flatMap((value) => {
    const id = typeof value === "object" && value !== null && "id" in value ? value.id : value;
    if (id === "" || id === "ID") return [];
    if (typeof id === "string" && isId(id)) return [id];
    throw new UsageError(`stdin has what is no invocation's id: ${JSON.stringify(value).slice(0, SHOWN)}`);
  });
}

/** Of what cannot be read, so many characters are shown. */
const SHOWN = 80;

function valueOf(line: string): unknown {
  const text = line.trim();
  return text.startsWith("{") ? parsed(text) : (text.split(/\s/u, 1)[0] ?? "");
}

function listIn(text: string): unknown[] {
  const value = parsed(text);
  return Array.isArray(value) ? value : [value];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`stdin is neither ids nor JSON: ${text.slice(0, SHOWN)}`);
  }
}
