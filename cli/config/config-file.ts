/** Reads the configuration file: `perdure.toml` in the current folder, or the one that is named. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { CONFIG_BYTES_MAX } from "../../lib/limits/cli.ts";
import { CommandError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import { ofRestate, RESTATE_KEYS } from "./restate-keys.ts";

const NAME = "perdure.toml";
/** Names of settings whose value is a path: it begins at the file. */
const PATHS: ReadonlySet<string> = new Set(["serve", "data"]);

export interface ConfigValue {
  /** As the file calls it: Restate may have another name for it. */
  readonly key: string;
  readonly value: unknown;
}

export interface ConfigFile {
  /** For people. */
  readonly shownPath: string;
  /** By the keys of ours. */
  readonly values: ReadonlyMap<string, ConfigValue>;
  /** What is Restate's and does not apply here: a line each. */
  readonly warnings: readonly string[];
}

/** `named`: by the user, relative to `folder`. `undefined`: there is none. Throws {@link CommandError} that says what is wrong with it. */
export function readConfigFile(
  folder: string,
  named: string | undefined,
  keys: readonly string[],
): ConfigFile | undefined {
  const path = named === undefined ? join(folder, NAME) : resolve(folder, named);
  if (!existsSync(path)) {
    if (named === undefined) return undefined;
    throw new CommandError(`there is no file ${path}`);
  }
  return configIn(textOf(path), { shownPath: named ?? NAME, folder: dirname(path) }, keys);
}

function textOf(path: string): string {
  if (statSync(path).size > CONFIG_BYTES_MAX)
    throw new CommandError(`${path} is too long for a configuration file: at most ${CONFIG_BYTES_MAX} bytes`);
  return readFileSync(path, "utf8");
}

/** `folder`: where its relative paths begin. `keys`: the settings that there are. */
export function configIn(
  text: string,
  { shownPath, folder }: { readonly shownPath: string; readonly folder: string },
  keys: readonly string[],
): ConfigFile {
  const values = new Map<string, ConfigValue>();
  const theirs: (readonly [key: string, value: unknown])[] = [];
  for (const [key, value] of flattened(parsed(text, shownPath), "", new Set([...keys, ...RESTATE_KEYS]))) {
    if (keys.includes(key)) values.set(key, { key, value: located(key, value, folder) });
    else theirs.push([key, value]);
  }
  const warnings = new Warnings(shownPath);
  for (const [key, value] of theirs) {
    const meant = ofRestate(key, value);
    if (meant === undefined)
      throw new CommandError(`${shownPath}: there is no setting "${key}".${didYouMean(key, keys)}`);
    if (meant.length === 0) warnings.add(key);
    for (const [own, given] of meant)
      if (!values.has(own)) values.set(own, { key, value: located(own, given, folder) });
  }
  return { shownPath, values, warnings: warnings.lines };
}

function parsed(text: string, shownPath: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ""] = error.message.split("\n");
    throw new CommandError(`${shownPath}, line ${error.line}, column ${error.column}: ${what}`, {
      cause: error,
    });
  }
}

/** Each value with its whole key. A table that is a setting's value is not looked into. */
function flattened(
  table: Readonly<Record<string, unknown>>,
  prefix: string,
  whole: ReadonlySet<string>,
): (readonly [key: string, value: unknown])[] {
  return Object.entries(table).flatMap(([name, value]) => {
    const key = `${prefix}${name}`;
    return isTable(value) && !whole.has(key) ? flattened(value, `${key}.`, whole) : [[key, value] as const];
  });
}

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

const located = (key: string, value: unknown, folder: string): unknown =>
  PATHS.has(key) ? resolved(folder, value) : value;

function resolved(folder: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each: unknown) => resolved(folder, each));
  return typeof value === "string" ? resolve(folder, value) : value;
}

/** One line for each of Restate's settings, and for each of its tables. */
class Warnings {
  readonly #shownPath: string;
  readonly #tables = new Map<string, string[]>();

  constructor(shownPath: string) {
    this.#shownPath = shownPath;
  }

  add(key: string): void {
    const at = key.lastIndexOf(".");
    const table = at < 0 ? key : key.slice(0, at);
    this.#tables.set(table, [...(this.#tables.get(table) ?? []), key]);
  }

  get lines(): readonly string[] {
    return [...this.#tables].map(([table, keys]) => {
      const what =
        keys.length === 1 ? `${keys[0] ?? table} is a setting` : `[${table}] has ${keys.length} settings`;
      return `${this.#shownPath}: ${what} of Restate's server that does not apply here`.replace(
        "settings of Restate's server that does",
        "settings of Restate's server that do",
      );
    });
  }
}
