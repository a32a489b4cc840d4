/** What the dispatcher asks a turn for. */
import { encodeNote, type Note } from "../../lib/model/entry.ts";
import { type AttemptState, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import type { HandlerPolicy } from "../../lib/store/handler-policy.ts";
import type { Invocation } from "./invocation.ts";

interface Asked {
  readonly invocation: Invocation;
  readonly state: AttemptState;
  readonly carried: readonly Note[];
  readonly ownsLock: boolean;
  readonly presence?: { readonly mark: string } | undefined;
}

/** But for how long it may take and what is kept of it. */
export function requestOf(
  { invocation, state, carried, ownsLock, presence }: Asked,
  { deployment, kind: handlerKind, adopts }: NonNullable<HandlerPolicy["served"]>,
) {
  const { id, incarnation, target, token, start, stored } = invocation;
  const isPresent = stored === undefined && adopts && presence !== undefined;
  return {
    ...({ kind: "turn", version: PROTOCOL_VERSION, id, incarnation, target, handlerKind } as const),
    ...{ deployment: deployment.id, attempt: state, carried: carried.map(encodeNote), ownsLock },
    ...(token === undefined ? {} : { token }),
    ...(start === undefined ? {} : { start }),
    ...(stored === undefined ? {} : { head: stored.item }),
    ...(isPresent ? { presence: presence.mark } : {}),
  };
}
