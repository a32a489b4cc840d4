/**
 * What may follow at the end of a command line, in the form that the shells' scripts read: a word a line, a tab and what it is, and
 * at the end what the shell is to do.
 *
 * Names of commands and options come from the declared commands. Services, handlers, deployments and ids come from the server, if
 * it answers soon; a shell that waits for a dead server would be worse than one that completes nothing.
 */
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { COMPLETED_IDS_MAX, COMPLETION_ANSWER_MS } from "../../lib/limits/cli.ts";
import { AdminClient } from "../admin-client.ts";
import type { Door } from "../door.ts";
import { chosenEnvironment } from "../environment/environment.ts";
import { CommandError, UsageError } from "../exit.ts";
import { safe } from "../output.ts";
import { serviceIn } from "../services/service-answer.ts";

interface Candidate {
  readonly word: string;
  readonly what?: string;
}

/** The shell adds no files, since none are meant. */
const NO_FILES = ":4";
const FILES = ":0";

/** What a value is, by the name of the argument or option that takes it. Others are completed with files. */
const KINDS: Readonly<Record<string, Kind>> = {
  service: "service",
  handler: "handler",
  deployment: "deployment",
  status: "status",
  shell: "shell",
  object: "service",
  target: "target",
  query: "nothing",
  id: "id",
  ids: "id",
  invocation: "id",
  what: "what",
  from: "nothing",
  describe: "table",
};
type Kind =
  | "service"
  | "handler"
  | "deployment"
  | "status"
  | "shell"
  | "target"
  | "id"
  | "what"
  | "table"
  | "nothing";

export async function complete(root: CommandUnknownOpts, words: readonly string[]): Promise<string> {
  const [last = "", ...before] = [...words].toReversed();
  const { candidates, orFiles } = await candidatesFor(root, before.toReversed(), last);
  const lines = candidates
    .filter(({ word }) => word.startsWith(last))
    .map(({ word, what = "" }) => `${safe(word)}\t${safe(what).replaceAll(/\s+/gu, " ")}`);
  return [...new Set(lines), orFiles && lines.length === 0 ? FILES : NO_FILES, ""].join("\n");
}

interface Offered {
  readonly candidates: readonly Candidate[];
  readonly orFiles: boolean;
}

const offer = (candidates: readonly Candidate[], orFiles = false): Offered => ({ candidates, orFiles });

async function candidatesFor(
  root: CommandUnknownOpts,
  before: readonly string[],
  last: string,
): Promise<Offered> {
  const { command, given, awaiting, url } = read(root, before);
  if (awaiting !== undefined) return await valuesOf(root, awaiting, given, url);
  if (last.startsWith("-")) return offer(optionsOf(command));
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help");
  if (commands.length > 0)
    return offer(commands.map((each) => ({ word: each.name(), what: each.summary() || each.description() })));
  const argument = command.registeredArguments[given.length] ?? command.registeredArguments.at(-1);
  if (argument === undefined || (given.length >= command.registeredArguments.length && !argument.variadic))
    return offer([]);
  const noun = command.parent?.name() ?? "";
  const name = argument.name() === "id" && noun === "deployments" ? "deployment" : argument.name();
  return await valuesOf(root, { name, choices: argument.argChoices }, given, url);
}

interface Awaiting {
  readonly name: string;
  readonly choices: readonly string[] | undefined;
}

interface ReadWords {
  readonly command: CommandUnknownOpts;
  /** Arguments so far. */
  readonly given: readonly string[];
  /** An option that takes the word that is being completed. */
  readonly awaiting: Awaiting | undefined;
  /** Options that choose the server. */
  readonly url: Readonly<Record<string, string>>;
}

/** Follows the words to the command that they name, with its aliases. */
function read(root: CommandUnknownOpts, words: readonly string[]): ReadWords {
  let command = root;
  let given: string[] = [];
  let awaiting: Awaiting | undefined;
  const url: Record<string, string> = {};
  for (const word of words) {
    if (awaiting !== undefined) {
      url[awaiting.name] = word;
      awaiting = undefined;
      continue;
    }
    if (word.startsWith("-")) {
      const option = [...command.options, ...root.options].find(
        ({ long, short }) => word === long || word === short,
      );
      if (option !== undefined && (option.required || option.optional))
        awaiting = { name: option.attributeName(), choices: option.argChoices };
      continue;
    }
    const inner = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (inner === undefined) given = [...given, word];
    else [command, given] = [inner, []];
  }
  return { command, given, awaiting, url };
}

function optionsOf(command: CommandUnknownOpts): Candidate[] {
  const help = command.createHelp();
  return [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].flatMap(
    ({ long, description }) =>
      long === null || long === undefined ? [] : [{ word: long, what: description }],
  );
}

async function valuesOf(
  root: CommandUnknownOpts,
  { name, choices }: Awaiting,
  given: readonly string[],
  url: Readonly<Record<string, string>>,
): Promise<Offered> {
  if (choices !== undefined) return offer(choices.map((word) => ({ word })));
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (kind === undefined) return offer([], true);
  if (kind === "nothing") return offer([]);
  try {
    const admin = new AdminClient(
      impatient((await chosenEnvironment({ ...root.opts(), ...url }, process.env)).admin),
    );
    return offer(await LIVE[kind](admin, given));
  } catch (error) {
    // Nothing answers, or not what was expected: there is nothing to complete with.
    if (error instanceof CommandError || error instanceof UsageError) return offer([]);
    throw error;
  }
}

const impatient = (door: Door): Door => ({
  address: door.address,
  send: async (request) => await door.send({ ...request, timeoutMs: COMPLETION_ANSWER_MS }),
});

type Live = (admin: AdminClient, given: readonly string[]) => Promise<readonly Candidate[]>;

const services = async (admin: AdminClient) =>
  (await admin.fields("GET", "/services")).objects("services").map(serviceIn);

const ids: Live = async (admin) => {
  const answer = await admin.fields("GET", "/invocations", { query: { limit: COMPLETED_IDS_MAX } });
  return answer
    .objects("invocations")
    .map((each) => ({ word: each.text("id"), what: `${each.text("target")}, ${each.text("status")}` }));
};

const targets: Live = async (admin) =>
  (await services(admin)).flatMap(({ name, type, handlers }) =>
    type === "Service"
      ? handlers.map((handler) => ({ word: `${name}/${handler.name}`, what: type }))
      : [{ word: `${name}/`, what: `${type}: its key follows` }],
  );

const LIVE: Readonly<Record<Exclude<Kind, "nothing">, Live>> = {
  service: async (admin) => (await services(admin)).map(({ name: word, type: what }) => ({ word, what })),
  handler: async (admin) =>
    (await services(admin)).flatMap(({ name, handlers }) =>
      handlers.map((handler) => ({ word: handler.name, what: `of ${name}` })),
    ),
  target: targets,
  deployment: async (admin) =>
    (await admin.fields("GET", "/deployments")).objects("deployments").map((each) => ({
      word: each.text("id"),
      what: each.optionalText("uri") ?? each.optionalText("arn") ?? "",
    })),
  id: ids,
  what: async (...args) => [...(await ids(...args)), ...(await targets(...args))],
  table: async (admin) => {
    const { askSql, TABLES_QUERY } = await import("../sql/answer.ts");
    return (await askSql(admin, TABLES_QUERY, {})).rows.map(({ table_name: word }) => ({
      word: String(word),
    }));
  },
  status: async () => {
    const { OPEN_STATUSES } = await import("../open-invocations.ts");
    return [...OPEN_STATUSES, "completed"].map((word) => ({ word }));
  },
  shell: async () => {
    const { SHELLS } = await import("./completion-script.ts");
    return SHELLS.map((word) => ({ word }));
  },
};
