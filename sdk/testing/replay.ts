/** Recorded journals against handlers, in a test. */
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { LOCAL_LOOK_MS } from "../../lib/limits.ts";
import { parseRecorded } from "../../lib/model/recorded-journal.ts";
import { silentLogger } from "../../lib/ports.ts";
import { rehearse } from "../../runtime/dev/hosts/rehearsal.ts";
import { recordedPorts } from "../../runtime/replay/recorded-ports.ts";
import { type Replayed, replayAll } from "../../runtime/replay/replay.ts";
import { createEndpoint, type Served } from "../endpoint.ts";

export type { Replayed };

/**
 * Asks handlers whether they do what journals have recorded, without effects. `journals`: what `perdure invocations export --replayable`,
 * `perdure replay --save` or {@link TestInvocation.recorded} has made, a journal a line. Answers in their order; `fits` says whether, `reason`
 * why not. Throws `TypeError` for what is no recorded journal, and if `services` is not a list of definitions.
 */
export async function replay(
  journals: string | readonly string[],
  { services, ...options }: Served,
): Promise<readonly Replayed[]> {
  const lines = [journals].flat().flatMap((text) => text.split("\n"));
  const recorded = lines.filter((line) => line.trim() !== "").map(parseRecorded);
  const endpoint = createEndpoint(services, options);
  const ports = {
    ...recordedPorts(recorded),
    ...{ clock: systemClock, entropy: systemEntropy, logger: silentLogger, lookMs: LOCAL_LOOK_MS },
  };
  return await replayAll(recorded, endpoint.discover().services, (requests) =>
    Promise.all(
      requests.map((request) => rehearse((rehearsed) => endpoint.runTurn(request, rehearsed), ports)),
    ),
  );
}
