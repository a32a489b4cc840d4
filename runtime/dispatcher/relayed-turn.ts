/**
 * Runs a turn and waits for it, until it has made itself known and named its guard (R26): then it is let go of, and its message is done.
 * docs/decisions/0025-long-turns-are-let-go.md has the rules and crash points.
 *
 * The head says so. It is read late, if that is cheaper: what is seen was so, and a guard of this turn that was named once vouches
 * for all that follows. Guards of other turns have other names.
 */
import { FunctionError } from "../../lib/errors.ts";
import { deathBy } from "../../lib/death.ts";
import { RELAY_KEY_LOOKS_MS, RELAY_LOOKS_MS, RELAYED_TURN_MS_MAX } from "../../lib/limits.ts";
import { isStub, parseFields } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import type { Reached } from "../../lib/model/manifest.ts";
import type { AskedRelay, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { earlyRelay, guardName, isOfRelay, relayTimer } from "../../lib/store/guard.ts";
import { stopwatchOf } from "../../lib/ports.ts";
import { readHead } from "../../lib/store/head-store.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";
import { sendGuard } from "./let-go.ts";

type RelayedRequest = TurnRequest & { readonly relay: AskedRelay };

export const askedRelay = (ports: DispatcherPorts, abortTimeoutMs: number): AskedRelay => ({
  name: guardName(ports),
  remainingMs: Math.min(abortTimeoutMs, RELAYED_TURN_MS_MAX),
});

/** `let-go`: the turn, or its guard, sees to all that follows. Throws as the invoker does. */
export async function runRelayed(
  ports: DispatcherPorts,
  deployment: Reached,
  request: RelayedRequest,
  { follow }: Pick<Delivery, "follow">,
): Promise<TurnOutcome | "let-go"> {
  const letGo = new AbortController();
  const turn = ports.invoker.invoke(deployment, request, letGo.signal);
  const watch = watchHead(ports, request);
  try {
    const first = await Promise.race([turn, watch.named]);
    if (first !== "let-go") return first.left ? await seenOff(ports, request, first) : first;
  } finally {
    watch.stop();
  }
  if (ports.invoker.staysInTouch) follow(request.id, afterwards(ports, request, turn));
  else turn.catch(() => undefined);
  letGo.abort();
  return "let-go";
}

function watchHead(
  ports: DispatcherPorts,
  { id, token, relay: { name } }: RelayedRequest,
): { readonly named: Promise<"let-go">; stop(): void } {
  const { promise: named, resolve } = Promise.withResolvers<"let-go">();
  let [isOver, cancel] = [false, (): void => undefined];
  const { items } = ports;
  const looksMs = token === undefined ? RELAY_LOOKS_MS : RELAY_KEY_LOOKS_MS;
  const stopwatch = stopwatchOf(ports);
  const sinceMs = stopwatch.now();
  const look = async (): Promise<void> => {
    // A look that fails is made again.
    const item = await items.get(headKey(id), { mayLag: true }).catch(() => undefined);
    if (isOver) return;
    if (item && !isStub(item) && isOfRelay(parseFields(item).guard, name)) resolve("let-go");
    else again();
  };
  const again = (): void => {
    const atMs = stopwatch.now() - sinceMs;
    const nextMs = looksMs.find((ms) => ms > atMs) ?? atMs + (looksMs.at(-1) ?? 0);
    cancel = stopwatch.after(nextMs - atMs, () => void look());
  };
  again();
  const stop = (): void => {
    isOver = true;
    cancel();
  };
  return { named, stop };
}

/** A guard that nothing needs is taken back where that is easy. */
async function seenOff(
  { timers }: DispatcherPorts,
  request: RelayedRequest,
  { left }: TurnOutcome,
): Promise<"let-go"> {
  if (left?.needless) await timers.cancel?.(relayTimer(request, left.needless));
  return "let-go";
}

/** A process that hears of the turn's death sends its guard at once. */
async function afterwards(
  ports: DispatcherPorts,
  request: RelayedRequest,
  turn: Promise<TurnOutcome>,
): Promise<void> {
  try {
    await seenOff(ports, request, await turn);
  } catch (error) {
    if (!(error instanceof FunctionError)) return;
    const { id } = request;
    const stored = await readHead(ports.items, id);
    const guard = stored?.head.guard;
    const name = guard !== undefined && isOfRelay(guard, request.relay.name) ? guard : request.relay.name;
    const ended = deathBy(error, ports.logger, id);
    const early = earlyRelay(request, name, ended.throttled ? {} : { ended });
    await sendGuard(ports, id, early);
  }
}
