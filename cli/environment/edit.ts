/** What `perdure env` does: reads and changes the user's file of environments. */
import type { Cli, GlobalOptions } from "../cli.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import {
  changeUserFile,
  type Config,
  type EnvironmentEntry,
  isEnvironmentName,
  LOCAL,
  type NamedEnvironment,
  readConfig,
  userFile,
} from "./config.ts";
import { choose, LOCAL_ADMIN_URL, urlOf } from "./environment.ts";

interface Row {
  readonly name: string;
  readonly current: boolean;
  readonly entry: EnvironmentEntry;
  readonly file: string | null;
}

const config = (): Config => readConfig(process.env, process.cwd());

const jsonOf = ({ name, current, entry, file }: Row) => ({ name, current, ...entry, file });

/** The one that commands talk to, if the command line does not say it. */
const chosenName = (): string => choose({}, process.env, process.cwd()).name;

export async function listEnvironments({ out }: Cli): Promise<void> {
  const { environments } = config();
  const current = chosenName();
  const found = [...environments.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const rows: Row[] = [
    { name: LOCAL, current: current === LOCAL, entry: { url: LOCAL_ADMIN_URL }, file: null },
    ...found.map(({ name, entry, file }) => ({ ...{ name, entry, file }, current: current === name })),
  ];
  await out.list({
    rows,
    columns: [
      { name: "", of: ({ current: is }) => (is ? "*" : " ") },
      { name: "NAME", of: ({ name }) => name },
      { name: "WHERE", of: ({ entry }) => whereOf(entry), least: 20 },
      { name: "REGION", of: ({ entry }) => entry.region },
      { name: "PROFILE", of: ({ entry }) => entry.profile },
      { name: "FILE", of: ({ file }) => file ?? undefined, wide: true },
    ],
    json: jsonOf,
    empty: "no environments",
  });
  const other = choose({}, process.env, process.cwd());
  if (!rows.some((row) => row.current))
    out.note(`${other.chosenBy} names ${whereOf(other.entry)}, which has no name here.`);
}

const whereOf = ({ stack, url }: EnvironmentEntry): string =>
  stack === undefined ? (url ?? "") : `stack ${stack}`;

interface Besides {
  readonly headers: readonly string[];
  readonly production?: boolean | undefined;
}

export function addEnvironment({ options, out }: Cli, name: string, besides: Besides): void {
  if (!isEnvironmentName(name))
    throw new UsageError(
      name === LOCAL
        ? `"${LOCAL}" is this machine. Give it another name.`
        : `"${name}" cannot be a name: letters, digits, dots, dashes and underscores, at most 64`,
    );
  const entry = entryOf(options, besides);
  let isNew = true;
  changeUserFile(process.env, (environments, current) => {
    isNew = !Object.hasOwn(environments, name);
    environments[name] = entry;
    return current;
  });
  out.note(`${isNew ? "added" : "replaced"} ${name} in ${userFile(process.env)}`);
  out.note(`Try it: perdure --env ${name} whoami`);
}

function entryOf(options: GlobalOptions, { headers, production }: Besides): EnvironmentEntry {
  const { url, stack, env, ingressUrl, region, profile, endpoint } = options;
  if (env !== undefined)
    throw new UsageError("--env names an environment that is there; here goes --stack or --url");
  if ((url === undefined) === (stack === undefined))
    throw new UsageError("an environment is a --stack <name>, or a --url <url>");
  if (stack === undefined && (region ?? profile ?? endpoint) !== undefined)
    throw new UsageError("--region, --profile and --endpoint go with --stack");
  const checked = {
    endpoint: address("--endpoint", endpoint),
    url: address("--url", url),
    ingressUrl: address("--ingress-url", ingressUrl),
  };
  const entry = { stack, region, profile, ...checked, production };
  return {
    ...Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)),
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers.map(headerIn)) }),
  };
}

const address = (option: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : urlOf(option, text);

/** Names by which secrets are sent: a value of theirs has its secret in a variable. */
const SECRET = /authorization|token|api-?key|secret|password|cookie/iu;

function headerIn(text: string): [string, string] {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1)];
  if (at < 1 || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/u.test(name))
    throw new UsageError(`--header takes name=value, not "${text}"`);
  if (SECRET.test(name) && !/\$\{[A-Za-z_][A-Za-z0-9_]*\}/u.test(value))
    throw new UsageError(
      `the header "${name}" looks like a secret, and the file is to hold none: name a variable, as in '${name}=Bearer \${MY_TOKEN}'`,
    );
  return [name, value];
}

export function useEnvironment({ out }: Cli, name: string): void {
  if (name !== LOCAL) known(name);
  changeUserFile(process.env, () => (name === LOCAL ? undefined : name));
  out.note(`commands talk to ${name} from now on`);
  const { name: chosen, chosenBy } = choose({}, process.env, process.cwd());
  if (chosen !== name) out.warn(`here ${chosenBy} still names ${chosen}`);
}

export async function showEnvironment({ out, options }: Cli, name?: string): Promise<void> {
  const asked = name ?? options.env;
  if (asked === undefined) {
    const { name: chosen, entry, chosenBy } = choose(options, process.env, process.cwd());
    const file = config().environments.get(chosen)?.file ?? null;
    const row: Row = { name: chosen, current: true, entry, file };
    return await out.show(jsonOf(row), () => linesOf(row, chosenBy));
  }
  const { entry, file } = asked === LOCAL ? { entry: { url: LOCAL_ADMIN_URL }, file: null } : known(asked);
  const row: Row = { name: asked, current: chosenName() === asked, entry, file };
  await out.show(jsonOf(row), () => linesOf(row, undefined));
}

function linesOf({ name, entry, file }: Row, chosenBy: string | undefined): readonly string[] {
  const { headers = {}, ...rest } = entry;
  const pairs: [string, string][] = [
    ["name", name],
    ...Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)]),
    ...Object.entries(headers).map(([key, value]): [string, string] => ["header", `${key}: ${value}`]),
    ...(file === null ? [] : [["file", file] as [string, string]]),
    ...(chosenBy === undefined ? [] : [["chosen by", chosenBy] as [string, string]]),
  ];
  const width = Math.max(...pairs.map(([key]) => key.length)) + 2;
  return pairs.map(([key, value]) => `${key.padEnd(width)}${value}`);
}

export function removeEnvironment({ out }: Cli, name: string): void {
  const { file } = known(name);
  if (file !== userFile(process.env))
    throw new CommandError(`"${name}" stands in ${file}, which is the project's`, {
      advice: "Take it out of that file.",
    });
  changeUserFile(process.env, (environments, current) => {
    delete environments[name];
    return current === name ? undefined : current;
  });
  out.note(`removed ${name}; nothing was deleted in AWS`);
}

function known(name: string): NamedEnvironment {
  const { environments } = config();
  const found = environments.get(name);
  if (found) return found;
  const names = [...environments.keys()].toSorted();
  throw new CommandError(`there is no environment "${name}".${didYouMean(name, names)}`, {
    exitCode: EXIT.nothing,
    advice:
      names.length === 0
        ? "None has been added: `perdure env add` does it."
        : `Known: ${LOCAL}, ${names.join(", ")}.`,
  });
}
