/** Asks for all that is known of one key, as long as it is on the screen. */
import { askFields, isNotFound, path, query, sqlText } from "../../admin/client.ts";
import { type Invocation, invocationOf } from "../../admin/invocation.ts";
import { present, timeOf } from "../../admin/fields.ts";
import { type Loaded, useLive } from "../../admin/live.ts";
import { chainFrom, chainSource } from "./chain.ts";
import type { KeyData, PromiseInfo } from "./key-data.ts";
import { type KeyState, keyStateOf } from "./state-changes.ts";

const WAITING_MAX = 100;
const HISTORY_MAX = 30;
const OPEN = "scheduled,pending,ready,running,suspended,backing-off,paused";

/** `exclusive`: names of the handlers that need the key. */
export const useKeyData = (service: string, key: string, exclusive: ReadonlySet<string>): Loaded<KeyData> =>
  useLive(JSON.stringify(["key", service, key]), async (signal): Promise<KeyData> => {
    const named = new URLSearchParams({ service, key, limit: String(HISTORY_MAX), order: "newest" });
    const [lock, listed] = await Promise.all([
      askFields(`${path`/services/${service}/locks/${key}`}?limit=${WAITING_MAX}`, { signal }),
      askFields(`/invocations?${named.toString()}`, { signal }),
    ]);
    const history = listed.objects("invocations").map(invocationOf);
    const historyMore = listed.optionalText("next") !== undefined;
    const open = historyMore ? await openOf(service, key, signal) : history;
    const known = new Map([...history, ...open].map((each) => [each.id, each]));
    const holder = lock.object("owner");
    const ownerId = holder?.text("invocation_id") ?? open.find((each) => runsAlone(each, exclusive))?.id;
    const owner = ownerId === undefined ? undefined : (known.get(ownerId) ?? (await one(ownerId, signal)));
    const waitingIds = lock.list("waiting").filter((id) => typeof id === "string");
    const waiting = waitingIds.map((id) => known.get(id)).filter((each) => each !== undefined);
    return {
      ...present("owner", owner),
      ...present("takenMs", holder && timeOf(holder, "taken_at")),
      waiting,
      callers: NO_CALLERS,
      waitingCount: lock.optionalNumber("waiting_count") ?? waitingIds.length,
      history,
      historyMore,
      coversEnded: listed.list("covers").includes("ended"),
    };
  });

const NO_CALLERS: KeyData["callers"] = new Map();

/** The chain and the callers come a moment later: they take questions in SQL, and the page does not wait for them. */
export function useWhole({ data, ...loaded }: Loaded<KeyData>): Loaded<KeyData> {
  const ids = [data?.owner, ...(data?.waiting ?? [])].map((each) => `${each?.id} ${each?.status}`);
  const more = useLive(`more ${ids.join()}`, async (signal): Promise<Pick<KeyData, "chain" | "callers">> => {
    if (!data) return { callers: NO_CALLERS };
    const { owner, waiting } = data;
    const [callers, chain] = await Promise.all([
      callersOf(waiting, signal),
      owner && chainFrom(owner, chainSource(signal)),
    ]);
    return { callers, ...present("chain", chain) };
  });
  return { ...loaded, data: data && { ...data, ...more.data } };
}

const openOf = async (service: string, key: string, signal: AbortSignal): Promise<readonly Invocation[]> => {
  const named = new URLSearchParams({ service, key, status: OPEN, limit: String(WAITING_MAX) });
  const answer = await askFields(`/invocations?${named.toString()}`, { signal });
  return answer.objects("invocations").map(invocationOf);
};

async function callersOf(
  waiting: readonly Invocation[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Set(waiting.flatMap(({ invokedById }) => (invokedById === undefined ? [] : [invokedById])));
  if (ids.size === 0) return new Map();
  const sql = `SELECT id, target FROM sys_invocation WHERE id IN (${[...ids].map(sqlText).join(", ")})`;
  const rows = await query(sql, { signal });
  return new Map(rows.map((row) => [row.text("id"), row.text("target")]));
}

/** It has begun; the lock is written only when it rests. A shared handler has none at all. */
const runsAlone = ({ status, target }: Invocation, exclusive: ReadonlySet<string>): boolean =>
  status === "running" && exclusive.has(target.handler);

async function one(id: string, signal: AbortSignal): Promise<Invocation | undefined> {
  try {
    return invocationOf(await askFields(path`/invocations/${id}`, { signal }));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export const useKeyState = (service: string, key: string): Loaded<KeyState> =>
  useLive(JSON.stringify(["state", service, key]), async (signal) =>
    keyStateOf(await askFields(path`/services/${service}/state/${key}`, { signal })),
  );

export const usePromises = (service: string, key: string): Loaded<readonly PromiseInfo[]> =>
  useLive(JSON.stringify(["promises", service, key]), async (signal) => {
    const rows = await query(
      "SELECT key, completed, completion_success_value_utf8, completion_failure FROM sys_promise " +
        `WHERE service_name = ${sqlText(service)} AND service_key = ${sqlText(key)} ORDER BY key`,
      { signal },
    );
    return rows.map((row) => ({
      name: row.optionalText("key") ?? "",
      completed: row.flag("completed"),
      ...present("value", row.optionalText("completion_success_value_utf8")),
      ...present("failure", row.optionalText("completion_failure")),
    }));
  });
