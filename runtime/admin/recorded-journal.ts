/**
 * `GET /invocations/{id}/recorded-journal`: what is stored of it, to be replayed elsewhere (lib/model/recorded-journal.ts), in parts.
 *
 * The head sorts first, so it is read first. All that it refers to was there before it, and does not change. So what is read later fits,
 * even if the invocation goes on meanwhile.
 */
import { headKey } from "../../lib/model/head-keys.ts";
import { encodeRecorded } from "../../lib/model/recorded-journal.ts";
import { parseId, requireHead } from "./invocation.ts";
import type { AdminExchange, Handling } from "./ports.ts";

export async function recordedJournal({ ports, request: { query } }: AdminExchange, text: string): Handling {
  const id = parseId(text);
  await requireHead(ports, id);
  const { table, pk } = headKey(id);
  const after = query.get("after");
  const page = await ports.items.query(table, pk, "", after === null ? {} : { after });
  const body = new TextEncoder().encode(encodeRecorded({ id, ...page }));
  return { status: 200, headers: { "content-type": "application/json" }, body };
}
