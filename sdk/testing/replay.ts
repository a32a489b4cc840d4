/** Recorded journals against handlers, in a test. */
import { parseRecorded } from "../../lib/model/recorded-journal.ts";
import type { Replayed } from "../../lib/replay/replay.ts";
import { createEndpoint, type Served } from "../endpoint.ts";
import { replayedBy } from "../rehearsals.ts";

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
  return await replayedBy(endpoint, recorded);
}
