/**
 * The environments that have a name: those of the user's file, and those that a project shares.
 *
 * The user's file is theirs alone and holds no secret: profiles and regions, and in headers the names of variables. A project's
 * `perdure.json` comes with a repository that may be anybody's, so it names stacks and addresses, and nothing that is sent there.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandError } from "../exit.ts";
import { AnswerFields } from "../fields.ts";

/** Where an environment is: a stack, or an address. */
export interface EnvironmentEntry {
  readonly stack?: string;
  readonly region?: string;
  readonly profile?: string;
  /** An emulator of AWS. */
  readonly endpoint?: string;
  /** The admin API's address. */
  readonly url?: string;
  readonly ingressUrl?: string;
  /** Whether it is to be handled with care. Absent: its name says it. */
  readonly production?: boolean;
  /** What each request carries. `${NAME}` stands for a variable. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface NamedEnvironment {
  readonly name: string;
  readonly entry: EnvironmentEntry;
  /** The file that has it. */
  readonly file: string;
}

export interface Config {
  readonly environments: ReadonlyMap<string, NamedEnvironment>;
  /** That of `perdure env use`. */
  readonly current: string | undefined;
}

/** The server of this machine. It is always known, and no file may give the name to another. */
export const LOCAL = "local";
export const PROJECT_FILE = "perdure.json";
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;
const FIELDS = ["stack", "region", "profile", "endpoint", "url", "ingressUrl"] as const;
/** A project's file has these: nothing by which the user's credentials would go elsewhere. */
const PROJECT_FIELDS: ReadonlySet<string> = new Set(["stack", "region", "url", "ingressUrl", "production"]);
const OTHER_FIELDS: ReadonlySet<string> = new Set(["headers", "production"]);

type Variables = Readonly<Record<string, string | undefined>>;

/** `$XDG_CONFIG_HOME/perdure/config.json`, else below `~/.config`; on Windows below `%APPDATA%`. */
export function userFile(variables: Variables): string {
  const { XDG_CONFIG_HOME: xdg, APPDATA: appData } = variables;
  const base =
    xdg ?? (process.platform === "win32" && appData !== undefined ? appData : join(homedir(), ".config"));
  return join(base, "perdure", "config.json");
}

/** By its name, in a stack's or an environment's: `OrdersProd`, `prod-eu`; not `Products`, `preprod`, `non-prod`. */
const PRODUCTION = /(?:prod|Prod|PROD)(?:uction|UCTION)?(?![a-z])/u;
const NOT_PRODUCTION = /(?:non|pre)[-_.]?prod/iu;
export const looksLikeProduction = (name: string): boolean =>
  PRODUCTION.test(name) && !NOT_PRODUCTION.test(name);

export const isEnvironmentName = (name: string): boolean => NAME.test(name) && name !== LOCAL;

/** All of both files. A name that both have is the user's. Throws {@link CommandError} for a file that cannot be read. */
export function readConfig(variables: Variables, folder: string): Config {
  const file = userFile(variables);
  const own = readFile(file);
  const project = projectFile(folder);
  const shared = project === undefined ? undefined : readFile(project);
  const environments = new Map<string, NamedEnvironment>();
  if (project !== undefined && shared !== undefined)
    for (const each of entriesOf(shared, project, PROJECT_FIELDS)) environments.set(each.name, each);
  if (own !== undefined) for (const each of entriesOf(own, file)) environments.set(each.name, each);
  return { environments, current: own?.optionalText("current") };
}

/** The nearest one, in this folder or above it, up to the repository's root. */
function projectFile(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, PROJECT_FILE);
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) return file;
    const isRoot = statSync(join(at, ".git"), { throwIfNoEntry: false }) !== undefined;
    if (isRoot || at === dirname(at)) return undefined;
  }
}

/** `undefined`: there is no such file. */
function readFile(file: string): AnswerFields | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new CommandError(`${file} cannot be read: ${message}`, { cause: error });
  }
  try {
    return new AnswerFields(JSON.parse(text), file);
  } catch (error) {
    throw unreadable(file, "no JSON object", error);
  }
}

function entriesOf(fields: AnswerFields, file: string, allowed?: ReadonlySet<string>): NamedEnvironment[] {
  const environments = fields.raw["environments"] ?? {};
  if (typeof environments !== "object" || environments === null || Array.isArray(environments))
    throw unreadable(file, '"environments" is not an object');
  return Object.entries(environments).map(([name, value]: [string, unknown]) => {
    const what = `the environment "${name}"`;
    if (!isEnvironmentName(name)) throw unreadable(file, `${what} cannot have this name`);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw unreadable(file, `${what} is not an object`);
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find(
      (key) => !(FIELDS as readonly string[]).includes(key) && !OTHER_FIELDS.has(key),
    );
    if (unknown !== undefined) throw unreadable(file, `${what} has an unknown field "${unknown}"`);
    const refused = allowed && Object.keys(given).find((key) => !allowed.has(key));
    if (refused !== undefined)
      throw unreadable(
        file,
        `${what} has "${refused}", which only your own file may have (\`perdure env add\`)`,
      );
    return { name, file, entry: entryOf(given, file, what) };
  });
}

function entryOf(given: Readonly<Record<string, unknown>>, file: string, what: string): EnvironmentEntry {
  for (const key of FIELDS) {
    if (given[key] !== undefined && typeof given[key] !== "string")
      throw unreadable(file, `"${key}" of ${what} is not a text`);
  }
  if (given["production"] !== undefined && typeof given["production"] !== "boolean")
    throw unreadable(file, `"production" of ${what} is neither true nor false`);
  const headers = given["headers"] ?? {};
  if (
    typeof headers !== "object" ||
    Array.isArray(headers) ||
    Object.values(headers).some((each) => typeof each !== "string")
  )
    throw unreadable(file, `"headers" of ${what} are not texts`);
  const entry = given as EnvironmentEntry;
  if ((entry.stack === undefined) === (entry.url === undefined))
    throw unreadable(file, `${what} needs either "stack" or "url"`);
  return entry;
}

const unreadable = (file: string, why: string, cause?: unknown): CommandError =>
  new CommandError(`${file} is not a file of environments: ${why}`, {
    advice: "Correct it, or delete it and add your environments again with `perdure env add`.",
    cause,
  });

/** Changes the user's file. It is written beside itself first, so that it is never half there. */
export function changeUserFile(
  variables: Variables,
  change: (environments: Record<string, EnvironmentEntry>, current: string | undefined) => string | undefined,
): void {
  const file = userFile(variables);
  const before = readFile(file);
  const known = before === undefined ? [] : entriesOf(before, file);
  const environments = Object.fromEntries(known.map(({ name, entry }) => [name, entry]));
  const current = change(environments, before?.optionalText("current"));
  const text = JSON.stringify({ ...(current === undefined ? {} : { current }), environments }, undefined, 2);
  const made = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(made, `${text}\n`, { mode: 0o600 });
    chmodSync(made, 0o600);
    renameSync(made, file);
  } catch (error) {
    rmSync(made, { force: true });
    const { message } = error as Error;
    throw new CommandError(`${file} cannot be written: ${message}`, { cause: error });
  }
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/gu;

/** The headers with their variables filled in. Throws {@link CommandError} for a variable that is not set. */
export function headersOf(
  { name, entry }: NamedEnvironment,
  variables: Variables,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(entry.headers ?? {}).map(([header, value]) => [
      header.toLowerCase(),
      value.replaceAll(VARIABLE, (_, variable: string) => {
        const found = variables[variable];
        if (found !== undefined && found !== "") return found;
        throw new CommandError(
          `the environment "${name}" needs the variable ${variable} for its header "${header}"`,
          { advice: `Set it: export ${variable}=…` },
        );
      }),
    ]),
  );
}
