/**
 * `GET /services/{service}/locks/{key}`: which invocation owns a key, and which ones are parked behind it, in their order.
 *
 * A key has a lock from the moment its invocation first rests. Before that the invocation's message in flight is the lock, and what
 * comes later waits in the mailbox, where nobody sees it. The cost: one read, and a query if more wait than the lock itself holds.
 */
import {
  type Holder,
  INBOX_PREFIX,
  inboxKey,
  type Lock,
  lockKey,
  parseInboxItem,
  parseLock,
} from "../../lib/model/lock.ts";
import { LOCK_WAITING_DEFAULT, LOCK_WAITING_MAX } from "../../lib/limits/http.ts";
import type { ItemKey } from "../../lib/model/item.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { jsonResponse } from "../http/message.ts";
import { numberIn } from "./invocation.ts";
import type { AdminExchange, AdminPorts, Handling } from "./ports.ts";
import { findService } from "./services.ts";
import { viewTime } from "./value-view.ts";

/** 200, also of a key that nobody owns. 404 unknown service. `?limit=`: so many of those that wait. */
export async function describeLock(
  { ports, request: { query } }: AdminExchange,
  service: string,
  key: string,
): Handling {
  await findService(ports.registry, service);
  const limit = numberIn(query, "limit", { preset: LOCK_WAITING_DEFAULT, min: 1, max: LOCK_WAITING_MAX });
  const place = lockKey(service, key);
  const item = await ports.items.get(place);
  const lock = item && parseLock(item);
  if (!lock) return jsonResponse(200, { service, key, waiting: [], waiting_count: 0 });
  const waiting = await waitingBehind(ports, place, { lock, limit });
  return jsonResponse(200, {
    ...{ service, key },
    owner: {
      invocation_id: shownId(lock.owner.id),
      ...(lock.takenAtMs === undefined ? {} : { taken_at: viewTime(lock.takenAtMs) }),
    },
    waiting: waiting.map(({ id }) => shownId(id)),
    waiting_count: lock.inline.length + lock.to - lock.from,
  });
}

async function waitingBehind(
  { items }: AdminPorts,
  place: ItemKey,
  { lock, limit }: { readonly lock: Lock; readonly limit: number },
): Promise<readonly Holder[]> {
  const left = limit - lock.inline.length;
  if (left <= 0 || lock.from === lock.to) return lock.inline.slice(0, limit);
  const [first, end] = [lock.from, lock.to].map((position) => inboxKey(place, position).sk);
  const page = await items.query(place.table, place.pk, INBOX_PREFIX, { limit: left });
  const parked = page.items.filter(
    ({ sk }) => first !== undefined && end !== undefined && sk >= first && sk < end,
  );
  return [...lock.inline, ...parked.map(({ attributes }) => parseInboxItem(attributes))];
}
