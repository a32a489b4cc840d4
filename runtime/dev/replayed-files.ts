/** Files of the user's, bundled and run in a process of their own as `perdure dev` does it, to be asked whether they fit journals. */
import { REPLAYED_AT_ONCE } from "../../lib/limits/local.ts";
import type { RecordedJournal } from "../../lib/model/recorded-journal.ts";
import { type Bundle, Bundler } from "./bundler.ts";
import { discover } from "./deployer.ts";
import { HostPool } from "./hosts/host-pool.ts";
import { recordedPorts } from "../../lib/replay/recorded-ports.ts";
import { type Replayed, replayAll } from "../../lib/replay/replay.ts";

/**
 * In the order of the journals. `done`: how many were replayed so far. Throws {@link BuildError} if the files cannot be bundled or
 * loaded, or serve nothing.
 */
export async function replayFiles(
  files: readonly string[],
  journals: readonly RecordedJournal[],
  done: (count: number) => void = () => undefined,
): Promise<readonly Replayed[]> {
  const { deployment, code } = await bundled(files);
  const pool = new HostPool({
    ports: recordedPorts(journals),
    loadBundle: async () => code,
    output: () => undefined,
  });
  try {
    const { services } = await discover(pool, deployment);
    const all: Replayed[] = [];
    for (let at = 0; at < journals.length; at += REPLAYED_AT_ONCE) {
      const some = journals.slice(at, at + REPLAYED_AT_ONCE);
      all.push(...(await replayAll(some, services, (requests) => pool.rehearse(deployment, requests))));
      done(all.length);
    }
    return all;
  } finally {
    await pool.stop();
  }
}

async function bundled(files: readonly string[]): Promise<Bundle> {
  const bundler = new Bundler(files);
  try {
    return await bundler.build();
  } finally {
    await bundler.close();
  }
}
