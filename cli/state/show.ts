/** `state get` and `state list`. */
import { STATE_LIST_DEFAULT } from "../../lib/limits/cli.ts";
import type { Cli } from "../cli.ts";
import { countIn } from "../count.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { safe } from "../output.ts";
import { keysWithState } from "./keys.ts";
import {
  assertHasState,
  stateOfKey,
  type StoredState,
  stateObject,
  stateTarget,
  type StoredValue,
  valueJson,
  valueText,
} from "./stored-state.ts";

export interface GetFlags {
  readonly key?: string;
  readonly plain?: boolean;
  readonly binary?: boolean;
}

export interface ListFlags {
  readonly prefix?: string;
  readonly limit?: string;
  readonly all?: boolean;
}

export async function getState(
  cli: Cli,
  object: string,
  words: readonly string[],
  flags: GetFlags,
): Promise<void> {
  const { target, rest } = stateTarget(object, words, flags.key);
  const [name, ...more] = rest;
  if (more.length > 0)
    throw new UsageError(`state get takes one name, not ${rest.length}: ${rest.join(", ")}`);
  const state = await stateOfKey(cli, target);
  if (name !== undefined) return await printValue(cli, state, name, flags);
  if (flags.plain === true)
    await cli.out.lines([safe(JSON.stringify(stateObject(state, flags.binary === true), undefined, 2))]);
  else await printState(cli, state, flags);
  if (state.values.length === 0)
    throw new CommandError(`${target.service}/${target.key} has no state`, { exitCode: EXIT.nothing });
}

async function printState(cli: Cli, state: StoredState, { binary = false }: GetFlags): Promise<void> {
  const { service, key, version, values } = state;
  if (cli.out.format !== "text") {
    const json = values.map(({ name, bytes, content }) => ({ name, bytes, ...valueJson(content, binary) }));
    return await cli.out.show({ service, key, version, state: json }, () => []);
  }
  if (values.length === 0) return;
  await cli.out.list<StoredValue>({
    rows: values,
    columns: [
      { name: "NAME", of: ({ name }) => name },
      { name: "BYTES", of: ({ bytes }) => bytes, wide: true },
      {
        name: "VALUE",
        of: (value) => (binary ? valueJson(value.content, true).base64 : valueText(value)),
        least: 20,
      },
    ],
    json: (row) => row,
    empty: "",
  });
}

/** Its bytes, or for people and with `--json` to be read. */
async function printValue(
  cli: Cli,
  state: StoredState,
  name: string,
  { binary = false }: GetFlags,
): Promise<void> {
  const found = state.values.find((value) => value.name === name);
  if (!found) {
    const names = state.values.map((value) => value.name).join(", ");
    throw new CommandError(`${state.service}/${state.key} has no value "${name}"`, {
      exitCode: EXIT.nothing,
      advice: names === "" ? "It has no state at all." : `It has these: ${names}.`,
    });
  }
  const { bytes, content } = found;
  if (content === undefined)
    throw new CommandError(`the value of ${name} has ${bytes} bytes, which is too long to be shown`);
  const view = valueJson(content, binary);
  if (cli.out.format !== "text") return await cli.out.show({ name, bytes, ...view }, () => []);
  if (binary) return await cli.out.lines([view.base64 ?? ""]);
  if (!cli.out.isTerminal) return await cli.out.bytes(content);
  const text = "value" in view ? JSON.stringify(view.value, undefined, 2) : valueText(found);
  await cli.out.lines([safe(text)]);
}

export async function listState(
  cli: Cli,
  service: string,
  { prefix = "", limit, all = false }: ListFlags,
): Promise<void> {
  if (service.includes("/")) {
    throw new UsageError(
      `state list takes the name of an object, not "${service}". perdure state get ${service} shows one key`,
    );
  }
  const most = all ? Infinity : countIn("--limit", limit, STATE_LIST_DEFAULT);
  const { keys, isComplete } = await keysWithState(cli, service, { prefix, most });
  if (keys.length === 0) await assertHasState(await cli.admin(), service);
  await cli.out.list({
    rows: keys,
    columns: [{ name: "KEY", of: (key) => key }],
    json: (key) => ({ service, key }),
    empty: isComplete
      ? `No key of ${service} has state.`
      : "No such key was found in the part that was looked at.",
  });
  if (!isComplete) cli.out.note("There may be more keys: --all looks at all.");
}
