/** Recorded journals against the handlers of an endpoint, without effects. */
import { eachAtOnce } from "../lib/at-once.ts";
import { systemClock } from "../lib/clock.ts";
import { systemEntropy } from "../lib/entropy.ts";
import { LOCAL_LOOK_MS } from "../lib/limits.ts";
import { REHEARSALS_RUN_AT_ONCE } from "../lib/limits/replay.ts";
import type { RecordedJournal } from "../lib/model/recorded-journal.ts";
import { silentLogger } from "../lib/ports.ts";
import type { Rehearsal } from "../lib/protocol.ts";
import { recordedPorts } from "../lib/replay/recorded-ports.ts";
import { NOT_TOLD, rehearse } from "../lib/replay/rehearsal.ts";
import { type Replayed, replayAll } from "../lib/replay/replay.ts";
import type { Endpoint } from "./endpoint.ts";

/** In the order of the journals. `msMax`: how long each may take. Throws `TypeError` for a journal that cannot be read. */
export async function replayedBy(
  endpoint: Endpoint,
  journals: readonly RecordedJournal[],
  msMax?: number,
): Promise<readonly Replayed[]> {
  const ports = {
    ...recordedPorts(journals),
    ...{ clock: systemClock, entropy: systemEntropy, logger: silentLogger, lookMs: LOCAL_LOOK_MS },
  };
  return await replayAll(journals, endpoint.discover().services, async (requests) => {
    const told = new Map<number, Rehearsal>();
    await eachAtOnce([...requests.entries()], REHEARSALS_RUN_AT_ONCE, async ([at, request]) => {
      const rehearsal = rehearse((rehearsed) => endpoint.runTurn(request, rehearsed), ports);
      told.set(at, await (msMax === undefined ? rehearsal : within(rehearsal, msMax)));
    });
    return requests.map((_, at) => told.get(at) ?? NOT_TOLD);
  });
}

/** A handler may wait for what never comes. */
async function within(rehearsal: Promise<Rehearsal>, msMax: number): Promise<Rehearsal> {
  const late = Promise.withResolvers<Rehearsal>();
  const cancel = systemClock.after(msMax, () => late.resolve(NOT_TOLD));
  try {
    return await Promise.race([rehearsal, late.promise]);
  } finally {
    cancel();
  }
}
