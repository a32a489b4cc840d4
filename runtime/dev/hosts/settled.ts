/**
 * What must be settled before a closure begins, where a loss of power matters (runtime/local/database.ts).
 *
 * A closure begins when its turn has appended what it rests on. So the answer to an append that leaves its invocation running waits, and
 * so does that to a guard. A closure that needs no append of its turn rests on what the turn was given, or has read: the turn asks
 * for that ({@link TurnRequest.mustSettle}). A handler of an earlier version does not ask, so its turn begins when all is settled.
 *
 * What a turn writes besides is answered before it is settled: state, messages, its end. *Crash:* state and messages of an append that leaves
 * it running may be lost after the closure that follows has begun. They are outputs of the last append, which is in doubt: what goes on
 * with the invocation does them again (R2). An end is seen by nobody before it is settled.
 */
import type { Reached } from "../../../lib/model/manifest.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";

/** The request as the handler's process gets it, when it may have it. */
export async function onceSettled(
  { services = [] }: Reached,
  request: TurnRequest,
  settled: () => Promise<void>,
): Promise<TurnRequest> {
  if (services.find(({ name }) => name === request.target.service)?.settles === true)
    return { ...request, mustSettle: true };
  await settled();
  return request;
}
