/**
 * The door by which other handlers' functions come in (R28): an alias of this function. IAM lets them invoke that, and no version.
 *
 * A turn request is believed: the head and the results in it, that its lock is held. The dispatcher may say such things. A handler of
 * another service must not be able to. So what comes in here is taken apart. It may be the first turn of a call of a service or a
 * shared handler. Its Start is believed, which the caller could also send to the mailbox; and for how long it is kept, its deployment and
 * its guard, which are about this invocation alone.
 */
import { isExclusive, type HandlerKind, type ServiceManifest } from "../lib/model/manifest.ts";
import { isExclusiveId, isInvocationId, serviceTag, tagOf } from "../lib/model/ids.ts";
import type { Start } from "../lib/model/message.ts";
import { areNamedBy, type Resources, resourcesId } from "../lib/model/resources.ts";
import type { TurnOutcome, TurnRequest } from "../lib/protocol.ts";
import { guardedRequest } from "../lib/store/guarded-turn.ts";

/** Of Lambda's context: by which name the function was invoked, and which version of it runs. */
export interface Invoked {
  readonly invokedFunctionArn?: string;
  readonly functionVersion?: string;
}

export const isThroughDoor = ({ invokedFunctionArn }: Invoked, alias: string | undefined): boolean =>
  !!alias && invokedFunctionArn?.endsWith(`:${alias}`) === true;

/** The alias stands for another version than the caller has read: a deployment is under way. The call goes by the queue. */
export const notMeant = ({ address }: TurnRequest, { functionVersion }: Invoked): TurnOutcome | undefined =>
  address === undefined || address.endsWith(`:${functionVersion}`)
    ? undefined
    : { kind: "lost", reason: `version ${functionVersion} was asked for ${address}` };

/** The request is for other tables and queues than this version would use: it has not run. Of a call, the caller's word names none; so it
 * goes by the queue. */
export const notHere = ({ resourcesId: id }: TurnRequest, used: Resources): TurnOutcome | undefined =>
  id === undefined || areNamedBy(id, used)
    ? undefined
    : { kind: "lost", reason: "this version's variables name other tables", resourcesId: resourcesId(used) };

/** Throws `TypeError`. */
export function onlyCall(request: TurnRequest, services: readonly ServiceManifest[]): TurnRequest {
  const { start, guard, deployment, retentionMs, journalRetentionMs = retentionMs } = request;
  const kind = start && kindOf(start, services);
  if (!start || !guard || !kind || isExclusive(kind) || !(start.input instanceof Uint8Array))
    throw new TypeError("not a call: other handlers may invoke this function for calls only");
  const { id, incarnation, origin, target, input, headers, acceptedAtMs } = start;
  const { name, atMs, aloneAfterMs = 0 } = guard;
  return guardedRequest(
    {
      start: { kind: "start", id, incarnation, origin, target, input, headers, acceptedAtMs },
      guard: { name, ...(atMs === undefined ? {} : { atMs }), aloneAfterMs },
      served: { deployment: { id: deployment }, kind },
    },
    { retentionMs, journalRetentionMs },
    request.remainingMs,
  );
}

/** `undefined`: it is not served here, or the id is not of this service, or is a key's. */
function kindOf({ id, target }: Start, services: readonly ServiceManifest[]): HandlerKind | undefined {
  if (!isInvocationId(id) || isExclusiveId(id) || tagOf(id) !== serviceTag(target.service)) return undefined;
  const service = services.find(({ name }) => name === target.service);
  return service?.handlers.find(({ name }) => name === target.handler)?.kind;
}
