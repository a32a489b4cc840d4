/**
 * Which server a command talks to: the command line says it, else a variable, else `perdure env use`, else it is the one on this
 * machine. Two that contradict each other are refused, and a name that is not known is an error
 * (docs/decisions/0036-the-command-line.md).
 */
import { type Door, HttpDoor } from "../door.ts";
import { CommandError, UsageError } from "../exit.ts";
import { didYouMean } from "../suggest.ts";
import {
  type Config,
  type EnvironmentEntry,
  headersOf,
  LOCAL,
  looksLikeProduction,
  type NamedEnvironment,
  readConfig,
} from "./config.ts";

export interface ServerEnvironment {
  /** As it is called in `--env`, or the stack's name, or `local`, or the address's host. */
  readonly name: string;
  /** What has chosen it, to be shown: `--stack`, `$PERDURE_URL`, `perdure env use`. */
  readonly chosenBy: string;
  readonly admin: Door;
  /** `undefined`: the admin API says where the ingress is. */
  readonly ingress: Door | undefined;
  readonly isProduction: boolean;
  /** A copy of the data: nothing can be changed. */
  readonly isCopy?: true;
  /** Absent: it is not in AWS, as far as is known. */
  readonly aws?: DeployedStack;
  /** In AWS: whose credentials requests are signed with. Throws what AWS says against it. */
  readonly identity?: () => Promise<AwsIdentity>;
}

export interface AwsIdentity {
  readonly account: string;
  /** The role's or the user's ARN. */
  readonly arn: string;
}

/** Where a deployed environment is. */
export interface DeployedStack {
  readonly stack: string;
  readonly region: string;
  readonly profile: string | undefined;
  readonly endpoint: string | undefined;
  /** The names of its tables. */
  readonly tables: { readonly journal: string; readonly state: string; readonly registry: string };
  /** The runtime's construct: the dimension `Runtime` of its metrics. */
  readonly runtime: string;
}

/** What was asked for on the command line. */
export interface EnvironmentChoice {
  readonly url?: string | undefined;
  readonly ingressUrl?: string | undefined;
  readonly env?: string | undefined;
  readonly stack?: string | undefined;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
}

export type ProcessVariables = Readonly<Record<string, string | undefined>>;

export const LOCAL_ADMIN_URL = "http://127.0.0.1:9070";
const VARIABLES = { url: "PERDURE_ADMIN_URL", env: "PERDURE_ENV", stack: "PERDURE_STACK" } as const;
/** Before the file of `perdure export`. */
const COPY = "file:";
const INGRESS_URL = "PERDURE_INGRESS_URL";

/** One place, and what has named it. */
export interface Chosen {
  readonly name: string;
  readonly chosenBy: string;
  readonly entry: EnvironmentEntry;
  /** Throws {@link CommandError} for a variable that is not set. */
  readonly headers: () => Readonly<Record<string, string>>;
}

/** Throws {@link UsageError} for what contradicts itself, and {@link CommandError} for what cannot be found. */
export async function chosenEnvironment(
  choice: EnvironmentChoice,
  variables: ProcessVariables,
  folder = process.cwd(),
): Promise<ServerEnvironment> {
  const { name, chosenBy, entry, headers: filled } = choose(choice, variables, folder);
  const headers = filled();
  const isProduction = entry.production ?? [name, entry.stack ?? ""].some(looksLikeProduction);
  if (entry.stack === undefined) {
    const { region, profile } = choice;
    if (region !== undefined || profile !== undefined)
      throw new UsageError(
        `--${region === undefined ? "profile" : "region"} is for --stack and for environments in AWS`,
      );
    if (entry.url?.startsWith(COPY) === true) {
      const { openExport } = await import("../exports/door.ts");
      const file = entry.url.slice(COPY.length);
      return {
        name: file,
        chosenBy,
        isProduction,
        isCopy: true,
        admin: openExport(file),
        ingress: undefined,
      };
    }
    const ingress = entry.ingressUrl;
    return {
      ...{ name, chosenBy, isProduction },
      admin: new HttpDoor(urlOf("the admin API's address", entry.url ?? LOCAL_ADMIN_URL), headers),
      ingress:
        ingress === undefined ? undefined : new HttpDoor(urlOf("the ingress's address", ingress), headers),
    };
  }
  // AWS is far from `perdure dev`: what knows it is loaded here and not before.
  const { stackEnvironment } = await import("../aws/environment.ts");
  return {
    ...{ name, chosenBy, isProduction },
    ...(await stackEnvironment({ ...entry, stack: entry.stack }, headers, variables)),
  };
}

const NONE = () => ({});

/** Without asking anybody. */
export function choose(choice: EnvironmentChoice, variables: ProcessVariables, folder: string): Chosen {
  const { url, env, stack, ingressUrl } = choice;
  const given = onlyOne({ url, env, stack }, (key) => `--${key}`);
  if (given) return chosenBy(`--${given}`, { url, env, stack }[given] ?? "", given);
  const set = {
    url: variables[VARIABLES.url],
    env: variables[VARIABLES.env],
    stack: variables[VARIABLES.stack],
  };
  const variable = onlyOne(set, (key) => `$${VARIABLES[key]}`);
  if (variable) return chosenBy(`$${VARIABLES[variable]}`, set[variable] ?? "", variable);
  const config = readConfig(variables, folder);
  if (config.current !== undefined) {
    return named(config.current, "`perdure env use`", config);
  }
  return ofUrl(undefined, "default");

  function chosenBy(by: string, value: string, kind: "url" | "env" | "stack"): Chosen {
    if (kind === "url") return ofUrl(value, by);
    if (kind === "env") return named(value, by, readConfig(variables, folder));
    return { name: value, chosenBy: by, entry: { stack: value, ...overrides() }, headers: NONE };
  }

  function named(name: string, by: string, { environments }: Config): Chosen {
    if (name === LOCAL) return ofUrl(undefined, by);
    const found = environments.get(name);
    if (!found) throw unknown(name, by, environments);
    return {
      ...{ name, chosenBy: by, entry: { ...found.entry, ...overrides() } },
      headers: () => headersOf(found, variables),
    };
  }

  /** The variable of the ingress belongs to that of the admin API, and to the default. */
  function ofUrl(address: string | undefined, by: string): Chosen {
    const ingress = ingressUrl ?? (by.startsWith("--") ? undefined : variables[INGRESS_URL]);
    const entry = {
      url: address ?? LOCAL_ADMIN_URL,
      ...(ingress === undefined ? {} : { ingressUrl: ingress }),
    };
    const host = address === undefined ? LOCAL : URL.parse(address)?.host;
    return {
      name: host === undefined || host === "" ? (address ?? LOCAL) : host,
      chosenBy: by,
      entry,
      headers: NONE,
    };
  }

  /** What the command line says besides, and goes before an environment's own. */
  function overrides(): Partial<EnvironmentEntry> {
    const { region, profile, endpoint } = choice;
    return {
      ...(ingressUrl === undefined ? {} : { ingressUrl }),
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
      ...(endpoint === undefined ? {} : { endpoint }),
    };
  }
}

/** Throws {@link UsageError} if two are there. An empty variable counts as none. */
function onlyOne<K extends string>(
  of: Readonly<Record<K, string | undefined>>,
  show: (key: K) => string,
): K | undefined {
  const there = (Object.keys(of) as K[]).filter((key) => (of[key] ?? "") !== "");
  const [one, other] = there;
  if (one === undefined || other === undefined) return one;
  throw new UsageError(`${show(one)} and ${show(other)} name two servers: leave one of them away`);
}

function unknown(
  name: string,
  by: string,
  environments: ReadonlyMap<string, NamedEnvironment>,
): CommandError {
  const known = [LOCAL, ...[...environments.keys()].toSorted()];
  return new CommandError(`there is no environment "${name}" (${by}).${didYouMean(name, known)}`, {
    advice: `Known: ${known.join(", ")}. \`perdure env add ${name} --stack <stack>\` adds it.`,
  });
}

/** Throws {@link UsageError} for what is no URL. */
export function urlOf(what: string, text: string): string {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (!url || !url.protocol.startsWith("http")) throw new UsageError(`${what} is no URL: "${text}"`);
  return url.href;
}
