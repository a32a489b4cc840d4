/**
 * `purge` and `purge-journal`: what a completed invocation has left is removed before its retention ends.
 *
 * A head is never deleted here. It must outlive the mailbox's retention (R10), or a Start that is delivered once more
 * would find nothing and run again: a purged head stays as a stub that has expired, which is absent to every reader
 * and is taken over by a new life of a derived id. DynamoDB deletes it when the mailbox has forgotten it.
 *
 * The last append's outputs are in doubt while its message may come back (R2), and what is purged cannot be repeated. So a
 * purge in that time does them first. Later that would be wrong: a tombstone may be gone by then, and an old `set` would take
 * effect again. It is not needed either, since the mailbox has forgotten the message.
 *
 * Crash points. The head first loses what refers to other items, then those go, then (purge) it expires: stopped anywhere,
 * nothing dangles, and purging again goes on. Until then it does not expire by itself, so that no new life of the id
 * can begin, whose values are named by their content and might be the same items. A workflow's state goes behind the
 * fence of its run, at a position that no log reaches: a zombie of it writes nothing any more (W3), while the next
 * run, with a newer token, writes as it likes.
 *
 * Two purges of one life. The one that ends first lets the head expire, and the next life may begin while the other still removes what
 * it has listed. So after each list it looks whether the head is held still. If it is, nothing that was listed is the next life's: a
 * request stores what is long after it has seen that the last life has expired (lib/store/admission.ts). What is stored under the same
 * name after that has another time to live, and is left.
 */
import { eachAtOnce } from "../../lib/at-once.ts";
import { expire, strip } from "../../lib/store/head/transitions.ts";
import { repeatEnd } from "../../lib/store/last-outputs.ts";
import { writeState } from "../../lib/store/state-store.ts";
import { type Head } from "../../lib/model/head.ts";
import { mayBeInDoubt } from "../../lib/model/head-age.ts";
import { HEAD } from "../../lib/model/head-keys.ts";
import { readHead } from "../../lib/store/head-store.ts";
import {
  type InvocationId,
  journalPartition,
  promisePartition,
  promiseValuePartition,
  statePartition,
} from "../../lib/model/ids.ts";
import { all, type Condition, type Table } from "../../lib/model/item.ts";
import { JOURNAL_ENTRIES_MAX, MAILBOX_RETENTION_MS } from "../../lib/limits.ts";
import { failure, type Outcome } from "../../lib/model/outcome.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { StoredItem } from "../../lib/ports.ts";
import { isChunkOfValue, itemNamesOf } from "../../lib/model/value-ref.ts";
import { emptyResponse } from "../http/message.ts";
import { type AdminError, conflict } from "./error.ts";
import { parseId, requireHead } from "./invocation.ts";
import type { AdminPorts, AdminExchange, Handling } from "./ports.ts";
import { PURGE_DELETES_AT_ONCE, PURGE_HELD_MS } from "../../lib/limits/http.ts";

/** Beyond every entry of a log, and still eight digits. */
const AFTER_ALL = JOURNAL_ENTRIES_MAX * 1000;

/** 200; 404 unknown, expired or purged; 409 not completed. */
export async function purgeInvocation({ ports }: AdminExchange, text: string): Handling {
  const { id, head } = await requireCompleted(ports, text);
  const held = await empty(ports, id, head, failure(410, "purged"));
  await removeItems(ports, id, undefined, held);
  if (await isWorkflowRun(ports, head)) await clearWorkflow(ports, head, held);
  if (!(await expire(ports, id, head))) throw startedAnew(id);
  return emptyResponse(200);
}

/** 200: status and result stay. 404 unknown; 409 not completed. */
export async function purgeJournal({ ports }: AdminExchange, text: string): Handling {
  const { id, head } = await requireCompleted(ports, text);
  const held = await empty(ports, id, head);
  const result = head.outcome?.ok && "ref" in head.outcome ? head.outcome.ref : undefined;
  await removeItems(ports, id, result, held);
  return emptyResponse(200);
}

async function requireCompleted(
  ports: AdminPorts,
  text: string,
): Promise<{ readonly id: InvocationId; readonly head: Head }> {
  const id = parseId(text);
  const head = await requireHead(ports, id, notCompleted);
  if (ON.purge[head.status] === "refuse") throw notCompleted(id);
  return { id, head };
}

const notCompleted = (id: InvocationId): AdminError => conflict(id, "is not yet completed.");

/** Whether its head is held still: no other purge has let it expire, so that no new life has begun. */
type Held = () => Promise<boolean>;

/** Takes off its head what refers to other items, and holds it for so long as they need to go. */
async function empty(ports: AdminPorts, id: InvocationId, head: Head, outcome?: Outcome): Promise<Held> {
  const nowMs = ports.clock.now();
  if (mayBeInDoubt(head, nowMs)) await repeatEnd(ports, id, head);
  const expiresAtMs = Math.max(head.expiresAtMs ?? 0, nowMs + PURGE_HELD_MS);
  const left = { expiresAtMs, ...(outcome ? { outcome } : {}) };
  if (!(await strip(ports.items, id, head, left))) throw startedAnew(id);
  return async () => {
    const now = (await readHead(ports.items, id))?.head;
    return now?.incarnation === head.incarnation && (now.expiresAtMs ?? 0) >= expiresAtMs;
  };
}

const startedAnew = (id: InvocationId): AdminError => conflict(id, "has been started anew meanwhile.");

/** Pages, inputs and values; of earlier lives, too, which nobody can reach any more. */
async function removeItems(
  { items, clock }: AdminPorts,
  id: InvocationId,
  result: string | undefined,
  held: Held,
): Promise<void> {
  const kept = new Set([HEAD, ...(result === undefined ? [] : itemNamesOf(result))]);
  const ttl = Math.ceil((clock.now() + MAILBOX_RETENTION_MS) / 1000);
  await forEach({ items }, "journal", journalPartition(id), held, async ({ sk, attributes }) => {
    if (kept.has(sk)) return;
    const key = { table: "journal", pk: journalPartition(id), sk } as const;
    // One that was stored anew meanwhile is another life's.
    const when = asListed(attributes);
    // A message under way may name a value that is too long for it, and is to find it.
    const changes = [{ do: "set", attribute: "ttl", value: ttl }] as const;
    await items.write(
      isChunkOfValue(sk) ? { op: "update", key, changes, when } : { op: "delete", key, when },
    );
  });
}

const asListed = ({ ttl }: StoredItem["attributes"]): Condition =>
  typeof ttl === "number"
    ? { is: "eq", attribute: "ttl", value: ttl }
    : all({ is: "present" }, { is: "missing", attribute: "ttl" });

async function isWorkflowRun({ registry }: AdminPorts, { target }: Head): Promise<boolean> {
  const service = await registry.service(target.service);
  const handler = service?.handlers.find(({ name }) => name === target.handler);
  return handler?.kind === "workflow";
}

async function clearWorkflow(ports: AdminPorts, { target, token }: Head, held: Held): Promise<void> {
  const { service, key = "" } = target;
  const { items } = ports;
  if (token !== undefined) {
    await forEach(ports, "state", statePartition(service, key), held, async ({ sk, attributes }) => {
      if (attributes["gone"] === true) return;
      const change = { name: sk, value: null, position: AFTER_ALL };
      await writeState(ports, { target, type: "workflow", token }, change);
    });
  }
  for (const pk of [promisePartition(service, key), promiseValuePartition(service, key)]) {
    await forEach(ports, "state", pk, held, async ({ sk }) => {
      await items.write({ op: "delete", key: { table: "state", pk, sk } });
    });
  }
}

async function forEach(
  { items }: Pick<AdminPorts, "items">,
  table: Table,
  pk: string,
  held: Held,
  act: (item: StoredItem) => Promise<void>,
): Promise<void> {
  let after: string | undefined;
  do {
    const page = await items.query(table, pk, "", after === undefined ? {} : { after });
    if (!(await held())) return;
    await eachAtOnce(page.items, PURGE_DELETES_AT_ONCE, act);
    after = page.next;
  } while (after !== undefined);
}
