/** What the dispatcher asks a turn for. */
import { encodeNote, type Note } from "../../lib/model/entry.ts";
import { storedHeaders, headWithHeaders } from "../../lib/model/head.ts";
import { HEADERS_AT } from "../../lib/model/header-names.ts";
import type { ItemStore } from "../../lib/ports.ts";
import { type AttemptState, PROTOCOL_VERSION, type TurnRequest } from "../../lib/protocol.ts";
import type { HandlerPolicy } from "../../lib/store/handler-policy.ts";
import { readHeaders } from "../../lib/store/head-store.ts";
import type { Turns } from "../../lib/model/turns.ts";
import type { Invocation } from "./invocation.ts";
import { turnsForRequest } from "./turn-history.ts";

interface Asked {
  readonly invocation: Invocation;
  readonly state: AttemptState;
  readonly carried: readonly Note[];
  readonly ownsLock: boolean;
  readonly presence?: { readonly mark: string } | undefined;
  readonly turns: Turns;
}

/** But for how long it may take and what is kept of it. */
export function requestOf(
  { invocation, state, carried, ownsLock, presence, turns }: Asked,
  { deployment, kind: handlerKind, adopts, relays }: NonNullable<HandlerPolicy["served"]>,
) {
  const { id, incarnation, target, token, start, stored } = invocation;
  const isPresent = stored === undefined && adopts && !relays && presence !== undefined;
  return {
    ...({ kind: "turn", version: PROTOCOL_VERSION, id, incarnation, target, handlerKind } as const),
    ...{ deployment: deployment.id, attempt: state, carried: carried.map(encodeNote), ownsLock },
    ...(token === undefined ? {} : { token }),
    ...(start === undefined ? {} : { start }),
    ...(stored === undefined ? {} : { head: stored.item }),
    ...(isPresent ? { presence: presence.mark } : {}),
    ...turnsForRequest(turns, invocation),
  };
}

/** What a turn has its headers from. */
type HeadersSource = Pick<TurnRequest, "id" | "start" | "head">;

/** With the headers where they are expected: an earlier version of handlers does not read them where long ones are kept (0024). */
export async function withHeaders<R extends HeadersSource>(
  items: ItemStore,
  request: R,
  { headersApart }: Pick<NonNullable<HandlerPolicy["served"]>, "headersApart">,
): Promise<R> {
  const { id, start, head } = request;
  const held = start?.headers ?? (head && storedHeaders(head));
  if (headersApart || held?.[HEADERS_AT] === undefined) return request;
  const headers = { ...(await readHeaders(items, id, held)) };
  return start
    ? { ...request, start: { ...start, headers } }
    : { ...request, head: headWithHeaders(head ?? {}, headers) };
}
