/** `state clear`: one request for each key, and what came of each. */
import { eachAtOnce } from "../../lib/at-once.ts";
import { CLEARED_KEYS_AT_ONCE, CLEARED_KEYS_NAMED_MAX } from "../../lib/limits/cli.ts";
import type { Deadline } from "../calls/ingress-requests.ts";
import { keyTarget, type KeyTarget } from "../calls/target.ts";
import type { Cli } from "../cli.ts";
import { CommandError, EXIT, UsageError } from "../exit.ts";
import { keysWithState } from "./keys.ts";
import { assertHasState, stateOfKey, type StoredState } from "./stored-state.ts";
import { type ChangeFlags, editDeadline, endOfEdit, notChanged, queueEdit } from "./submitted-edit.ts";

interface KeyToClear {
  readonly key: string;
  /** Known if its names were listed. */
  readonly state?: StoredState;
}

interface ClearedKey {
  readonly key: string;
  /** Of the invocation that clears it. */
  readonly id?: string;
  readonly outcome: "cleared" | "queued" | "refused";
  readonly error?: string;
}

export async function clearKeys(
  cli: Cli,
  object: string,
  keys: readonly string[],
  flags: ChangeFlags,
): Promise<void> {
  const { service, named } = namedKeys(object, keys, flags);
  const found = await lookedUp(cli, service, named);
  if (found.length === 0) {
    await assertHasState(await cli.admin(), service);
    await print(cli, service, []);
    const what = named?.length === 1 ? `${service}/${named[0]} has` : `no such key of ${service} has`;
    throw new CommandError(named ? `${what} no state` : `no key of ${service} has state`, {
      exitCode: EXIT.nothing,
    });
  }
  for (const { key, state } of found.slice(0, CLEARED_KEYS_NAMED_MAX)) {
    const names = state?.values.map(({ name }) => name).join(", ");
    cli.out.note(`- ${service}/${key}${names === undefined ? "" : `: ${names}`}`);
  }
  if (found.length > CLEARED_KEYS_NAMED_MAX)
    cli.out.note(`and ${found.length - CLEARED_KEYS_NAMED_MAX} more`);
  await cli.confirm(`Clear the state of ${found.length === 1 ? "this key" : `these ${found.length} keys`}?`);
  const outcomes = await clearAll(cli, service, found, flags);
  await print(cli, service, outcomes);
  conclude(cli, outcomes, flags);
}

/** `named`: absent for all keys. */
function namedKeys(
  object: string,
  keys: readonly string[],
  { key }: ChangeFlags,
): { readonly service: string; readonly named?: readonly string[] } {
  if (!object.includes("/") && key === undefined)
    return keys.length === 0 ? { service: object } : { service: object, named: [...new Set(keys)] };
  const target = keyTarget(object, key);
  if (keys.length > 0)
    throw new UsageError(`the key is given twice: "${target.key}", and as ${keys.join(", ")}`);
  return { service: target.service, named: [target.key] };
}

/** The names of each key, and the version that they are at, unless there are many keys. */
async function lookedUp(
  cli: Cli,
  service: string,
  named: readonly string[] | undefined,
): Promise<KeyToClear[]> {
  const keys = named ?? (await keysWithState(cli, service, { prefix: "", most: Infinity })).keys;
  if (keys.length > CLEARED_KEYS_NAMED_MAX) return keys.map((key) => ({ key }));
  const found: KeyToClear[] = [];
  for (const key of keys) {
    const state = await stateOfKey(cli, { service, key });
    if (state.values.length > 0) found.push({ key, state });
  }
  return found;
}

async function clearAll(
  cli: Cli,
  service: string,
  found: readonly KeyToClear[],
  flags: ChangeFlags,
): Promise<ClearedKey[]> {
  const outcomes = new Map<string, ClearedKey>();
  const deadline = editDeadline(flags);
  await eachAtOnce(found, CLEARED_KEYS_AT_ONCE, async ({ key, state }) => {
    const version = flags.force === true ? undefined : state?.version;
    outcomes.set(key, await clearOne(cli, { service, key }, version, flags.wait ? deadline : undefined));
    cli.out.progress(`${outcomes.size} of ${found.length} keys`);
  });
  cli.out.progressDone();
  return found.flatMap(({ key }) => outcomes.get(key) ?? []);
}

/** `deadline`: absent if it is not waited for. */
async function clearOne(
  cli: Cli,
  target: KeyTarget,
  version: string | undefined,
  deadline: Deadline | undefined,
): Promise<ClearedKey> {
  const { key } = target;
  const contents = new Map<string, Uint8Array>();
  try {
    const id = await queueEdit(cli, target, contents, version);
    if (!deadline) return { key, id, outcome: "queued" };
    const ended = await endOfEdit(cli, id, { target, contents, deadline });
    if (ended.end !== "failed") return { key, id, outcome: ended.end === "done" ? "cleared" : "queued" };
    const { message } = notChanged(`${target.service}/${key}`, ended.error);
    return { key, id, outcome: "refused", error: message };
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode === EXIT.unreachable) throw error;
    return { key, outcome: "refused", error: error.message };
  }
}

async function print(cli: Cli, service: string, outcomes: readonly ClearedKey[]): Promise<void> {
  if (cli.out.format === "text" && outcomes.length === 0) return;
  await cli.out.list({
    rows: outcomes,
    columns: [
      { name: "KEY", of: ({ key }) => `${service}/${key}`, least: 20 },
      {
        name: "OUTCOME",
        of: ({ outcome, error }) => (error === undefined ? outcome : `${outcome}: ${error}`),
      },
    ],
    json: (outcome) => ({ service, ...outcome }),
    empty: "",
  });
}

/** Says how many, with the exit code. */
function conclude(cli: Cli, outcomes: readonly ClearedKey[], { wait }: ChangeFlags): void {
  const count = (wanted: ClearedKey["outcome"]): number =>
    outcomes.filter(({ outcome }) => outcome === wanted).length;
  const [done, queued, refused] = [count("cleared"), count("queued"), count("refused")];
  const said = [
    ...(wait ? [`${done} cleared`] : []),
    ...(queued > 0 ? [`${queued} queued`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ].join(", ");
  if (refused === 0 && (queued === 0 || !wait)) return cli.out.note(`${said}.`);
  const isAllRefused = refused === outcomes.length;
  throw new CommandError(said, {
    exitCode: refused === 0 ? EXIT.nothing : isAllRefused ? EXIT.failed : EXIT.partly,
    ...(queued > 0 ? { advice: "What is queued waits behind what holds its key, and is done later." } : {}),
  });
}
