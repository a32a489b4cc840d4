/**
 * Who owns a key, and who waits behind: `sys_keyed_service_status`, `sys_inbox`, `perdure_locks`.
 *
 * A key's owner is in its lock, once it has rested. Before that there is no lock, and the owner is the key's invocation that
 * runs (lib/model/lock.ts).
 */
import { eachAtOnce } from "../../../lib/at-once.ts";
import { QUERY_READS_AT_ONCE } from "../../../lib/limits/query.ts";
import { type InvocationId, isExclusiveId } from "../../../lib/model/ids.ts";
import { type Holder, INBOX_PREFIX, lockKey, parseInboxItem, parseLock } from "../../../lib/model/lock.ts";
import { type Predicate, valuesFor } from "../../query/predicate.ts";
import type { Row, TableRequest } from "../../query/query.ts";
import type { FoundInvocation } from "../invocation-index.ts";
import { STATUS_VIEWS, viewInvocation, viewStatus } from "../invocation-view.ts";
import { viewTime } from "../value-view.ts";
import type { TableContext } from "./context.ts";
import type { HeadTable } from "./heads.ts";

interface HeldKey {
  readonly service: string;
  readonly key: string;
  readonly owner?: InvocationId;
  readonly takenAtMs?: number;
  readonly waiting: readonly InvocationId[];
}

const OPEN: HeadTable = {
  statusesOf: () => STATUS_VIEWS,
  statuses: STATUS_VIEWS.filter((status) => status !== "completed"),
};
const NAMES = { service_name: "target_service_name", service_key: "target_service_key" } as const;

export async function lockOwnerRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const held = await heldKeys(context, request);
  return held.flatMap(({ service, key, owner }): Row[] =>
    owner === undefined ? [] : [{ service_name: service, service_key: key, invocation_id: owner }],
  );
}

export async function inboxRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { service, key, waiting } of await heldKeys(context, request)) {
    const heads = await headsOf(context, waiting);
    for (const [place, id] of waiting.entries()) {
      const createdMs = heads.get(id)?.head.acceptedAtMs;
      rows.push({
        ...{ service_name: service, service_key: key, id, sequence_number: place },
        created_at: createdMs === undefined ? undefined : viewTime(createdMs),
      });
    }
  }
  return rows;
}

/** A row for each that waits, and one for a key that nobody waits for. */
export async function lockRows(context: TableContext, request: TableRequest): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { service, key, owner, takenAtMs, waiting } of await heldKeys(context, request)) {
    const heads = await headsOf(context, owner === undefined ? waiting : [owner, ...waiting]);
    const target = (id: InvocationId): Row[string] => {
      const found = heads.get(id);
      return found && (viewInvocation(id, found.head) as Row)["target"];
    };
    const ownerHead = owner === undefined ? undefined : heads.get(owner)?.head;
    const lock: Row = {
      ...{ service_name: service, service_key: key, owner_id: owner },
      owner_target: owner === undefined ? undefined : target(owner),
      owner_status: ownerHead && viewStatus(ownerHead.status),
      taken_at: takenAtMs === undefined ? undefined : viewTime(takenAtMs),
    };
    if (waiting.length === 0 && owner !== undefined) rows.push(lock);
    for (const [place, id] of waiting.entries()) {
      const sinceMs = heads.get(id)?.head.acceptedAtMs;
      rows.push({
        ...{ ...lock, waiting_id: id, waiting_place: place, waiting_target: target(id) },
        waiting_since: sinceMs === undefined ? undefined : viewTime(sinceMs),
      });
    }
  }
  return rows;
}

const headsOf = async ({ heads }: TableContext, ids: readonly InvocationId[]) =>
  new Map((await heads.byIds(ids)).map((found) => [found.id, found]));

/** Keys that are named, and those of open invocations that hold one. */
async function heldKeys(context: TableContext, { mentions }: TableRequest): Promise<readonly HeldKey[]> {
  const running = new Map<string, FoundInvocation[]>();
  for (const { predicates } of mentions) {
    for (const pair of namedPairs(predicates)) running.set(JSON.stringify(pair), []);
  }
  const asked = mentions.map(({ predicates }) => ({ predicates: predicates.flatMap(ofInvocation) }));
  const found = await context.heads.find(asked, OPEN, ({ head: { target } }) => ({
    ...{ target_service_name: target.service, target_service_key: target.key },
  }));
  for (const one of found) {
    const { service, key } = one.head.target;
    if (key === undefined || !isExclusiveId(one.id)) continue;
    const name = JSON.stringify([service, key]);
    running.set(name, [...(running.get(name) ?? []), one]);
  }
  const held: HeldKey[] = [];
  await eachAtOnce([...running], QUERY_READS_AT_ONCE, async ([name, invocations]) => {
    const [service, key] = JSON.parse(name) as [string, string];
    held.push(await heldKey(context, service, key, invocations));
  });
  return held.toSorted((a, b) => (a.service + a.key < b.service + b.key ? -1 : 1));
}

function namedPairs(predicates: readonly Predicate[]): readonly (readonly [string, string])[] {
  const services = valuesFor(predicates, "service_name") ?? [];
  const keys = valuesFor(predicates, "service_key") ?? [];
  return services.flatMap((service) => keys.map((key) => [service, key] as const));
}

/** The same said of an invocation, as far as it says something of that. */
function ofInvocation(predicate: Predicate): Predicate[] {
  const column = Object.entries(NAMES).find(([name]) => name === predicate.column)?.[1];
  return column === undefined ? [] : [{ ...predicate, column }];
}

async function heldKey(
  { exchange: { ports }, budget }: TableContext,
  service: string,
  key: string,
  invocations: readonly FoundInvocation[],
): Promise<HeldKey> {
  const end = budget.end;
  if (end !== undefined) {
    budget.lacks(`locks of some keys: ${end}`);
    return { service, key, waiting: [] };
  }
  const at = lockKey(service, key);
  const item = await ports.items.get(at);
  budget.count(1, "keys");
  if (!item) {
    const runs = invocations.filter(({ head: { status } }) => status === "running");
    const [owner] = runs.toSorted((a, b) => a.head.acceptedAtMs - b.head.acceptedAtMs);
    return { service, key, waiting: [], ...(owner ? { owner: owner.id } : {}) };
  }
  const lock = parseLock(item);
  const parked: Holder[] = [...lock.inline];
  for (let after: string | undefined, more = lock.from < lock.to; more;) {
    const page = await ports.items.query("state", at.pk, INBOX_PREFIX, after === undefined ? {} : { after });
    const places = page.items.filter(({ sk }) => Number(sk.slice(INBOX_PREFIX.length)) >= lock.from);
    parked.push(...places.map(({ attributes }) => parseInboxItem(attributes)));
    after = page.next;
    more = after !== undefined && budget.end === undefined;
  }
  const waiting = parked.map(({ id }) => id);
  const taken = lock.takenAtMs === undefined ? {} : { takenAtMs: lock.takenAtMs };
  return { service, key, owner: lock.owner.id, waiting, ...taken };
}
