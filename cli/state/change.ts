/** `state set`, `edit` and `patch`: the state is read, changed here, shown, and sent with the version that was read. */
import type { Operation } from "rfc6902";
import { inputOf } from "../calls/input.ts";
import type { KeyTarget } from "../calls/target.ts";
import type { Cli } from "../cli.ts";
import { assertTerminal, editedText } from "../editor.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { patched } from "./patched.ts";
import {
  contentsOf,
  stateOfKey,
  stateObject,
  stateTarget,
  type StoredState,
  tooLong,
  valueText,
} from "./stored-state.ts";
import {
  type ChangeFlags,
  type Contents,
  editDeadline,
  endOfEdit,
  notChanged,
  queueEdit,
} from "./submitted-edit.ts";

export interface SetFlags extends ChangeFlags {
  readonly unset?: readonly string[];
}

export interface EditFlags extends ChangeFlags {
  readonly binary?: boolean;
}

export interface PatchFlags extends EditFlags {
  readonly patch: string;
}

export async function setState(
  cli: Cli,
  object: string,
  assignments: readonly string[],
  flags: SetFlags,
): Promise<void> {
  const { target } = stateTarget(object, [], flags.key);
  const { unset = [] } = flags;
  if (assignments.length === 0 && unset.length === 0)
    throw new UsageError("state set needs name=JSON, or --unset name");
  const values = await valuesIn(assignments);
  const before = await stateOfKey(cli, target);
  const contents = new Map(contentsIn(before));
  for (const name of unset) {
    if (!contents.delete(name)) cli.out.warn(`${target.service}/${target.key} has no value "${name}"`);
  }
  for (const [name, bytes] of values) contents.set(name, bytes);
  await change(cli, before, contents, flags);
}

/** Throws {@link UsageError}. */
export async function valuesIn(assignments: readonly string[]): Promise<Contents> {
  const values = new Map<string, Uint8Array>();
  for (const text of assignments) {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`an assignment is name=JSON, not "${text}"`);
    values.set(text.slice(0, at), (await inputOf(text.slice(at + 1), {})).body);
  }
  return values;
}

export async function editState(
  cli: Cli,
  object: string,
  given: string | undefined,
  flags: EditFlags,
): Promise<void> {
  const target = targetOf(object, given, flags);
  const instead = "`perdure state set` and `perdure state patch` change it without an editor.";
  if (cli.options.yes !== true) assertTerminal(cli.out, instead);
  const isBinary = flags.binary === true;
  const before = await stateOfKey(cli, target);
  const text = `${JSON.stringify(stateObject(before, isBinary), undefined, 2)}\n`;
  const edited = jsonFrom(await editedText(text, "state.json"));
  await change(cli, before, contentsOf(edited, before, isBinary), flags);
}

function jsonFrom(edited: string): unknown {
  try {
    return JSON.parse(edited) as unknown;
  } catch (error) {
    const reason = (error as Error).message;
    throw new CommandError(`the edited text is no JSON, so nothing was changed: ${reason}`, { cause: error });
  }
}

export async function patchState(
  cli: Cli,
  object: string,
  given: string | undefined,
  flags: PatchFlags,
): Promise<void> {
  const target = targetOf(object, given, flags);
  const operations = await operationsIn(flags.patch);
  const isBinary = flags.binary === true;
  const before = await stateOfKey(cli, target);
  const after = await patched(stateObject(before, isBinary), operations);
  await change(cli, before, contentsOf(after, before, isBinary), flags);
}

function targetOf(object: string, given: string | undefined, { key }: ChangeFlags): KeyTarget {
  const { target, rest } = stateTarget(object, given === undefined ? [] : [given], key);
  if (rest.length > 0)
    throw new UsageError(`the key is given twice: "${target.key}" and "${rest.join(" ")}"`);
  return target;
}

async function operationsIn(text: string): Promise<readonly Operation[]> {
  const { body } = await inputOf(text, {});
  const operations = JSON.parse(new TextDecoder().decode(body)) as unknown;
  if (Array.isArray(operations)) return operations as Operation[];
  throw new UsageError("a patch is a list of operations, as RFC 6902 has them");
}

/** All values, to be sent again. Throws {@link CommandError} if one is too long to be read. */
function contentsIn({ values }: StoredState): Contents {
  return new Map(
    values.map(({ name, bytes, content }) => {
      if (content === undefined) throw tooLong(name, bytes);
      return [name, content];
    }),
  );
}

export interface StateChange {
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
  readonly before?: Uint8Array;
  readonly after?: Uint8Array;
}

/** In the order of names. */
export function stateChanges(before: Pick<StoredState, "values">, after: Contents): StateChange[] {
  const old = new Map(before.values.map(({ name, content }) => [name, content ?? new Uint8Array()]));
  const names = [...new Set([...old.keys(), ...after.keys()])].toSorted();
  return names.flatMap((name): StateChange[] => {
    const [was, is] = [old.get(name), after.get(name)];
    if (was === undefined) return is === undefined ? [] : [{ name, change: "added", after: is }];
    if (is === undefined) return [{ name, change: "removed", before: was }];
    return Buffer.compare(was, is) === 0 ? [] : [{ name, change: "changed", before: was, after: is }];
  });
}

/** Shows what changes, asks, and sends it. */
async function change(cli: Cli, before: StoredState, after: Contents, flags: ChangeFlags): Promise<void> {
  const { service, key } = before;
  const { out } = cli;
  const changes = stateChanges(before, after);
  const shown = changes.map(({ name, change: kind }) => ({ name, change: kind }));
  const print = async (rest: object): Promise<void> => {
    if (out.format !== "text") await out.show({ service, key, changes: shown, ...rest }, () => []);
  };
  if (changes.length === 0) {
    out.note("There is nothing to change.");
    return await print({ done: true });
  }
  for (const line of changes.flatMap(linesOf)) out.note(line);
  await cli.confirm(`Change the state of ${service}/${key}?`);
  const id = await queueEdit(cli, before, after, flags.force === true ? undefined : before.version);
  const ended = flags.wait
    ? await endOfEdit(cli, id, { target: before, contents: after, deadline: editDeadline(flags) })
    : ({ end: "queued" } as const);
  await print({ id, done: ended.end === "done" });
  if (ended.end === "failed") throw notChanged(`${service}/${key}`, ended.error);
  if (ended.end === "done") return out.note(`Changed ${service}/${key}.`);
  if (!flags.wait) return out.note(`Queued as ${id}.`);
  throw new CommandError(`the change of ${service}/${key} is queued, and not done yet`, {
    exitCode: EXIT.nothing,
    advice: `It waits behind what holds the key: \`perdure services status ${service}\`. \`perdure invocations cancel ${id}\` takes it back.`,
  });
}

/** Of a value, so many characters are shown. */
const SHOWN = 200;

function linesOf({ name, before, after }: StateChange): string[] {
  const line = (sign: string, content: Uint8Array | undefined): string[] => {
    if (content === undefined) return [];
    const text = valueText({ bytes: content.byteLength, content });
    return [`${sign} ${name}: ${text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}`];
  };
  return [...line("-", before), ...line("+", after)];
}
