/** Files of the user's, bundled and run in a process of their own as `perdure dev` does it, to be asked whether they fit journals. */
import { asError, FunctionError, OperationalError } from "../../lib/errors.ts";
import { REPLAYED_AT_ONCE } from "../../lib/limits/local.ts";
import type { RecordedJournal } from "../../lib/model/recorded-journal.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";
import { BuildError, type Bundle, Bundler } from "./bundler.ts";
import { HostPool } from "./hosts/host-pool.ts";
import { RecordedItems } from "../replay/recorded-items.ts";
import { type Replayed, replayAll } from "../replay/replay.ts";

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
    ports: {
      items: new RecordedItems(journals),
      ...{ mailbox: { sendBatch: noEffect }, timers: { schedule: noEffect }, invoker: { invoke: noEffect } },
      registry: {
        service: async () => undefined,
        deployment: async () => undefined,
        services: async () => [],
      },
    },
    loadBundle: async () => code,
    output: () => undefined,
  });
  try {
    const { services } = await discovered(pool, deployment);
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

/** A rehearsal ends before it asks for one. */
const noEffect = (): Promise<never> =>
  Promise.reject(new OperationalError("unavailable", "a replay has no effects"));

async function discovered(pool: HostPool, deployment: string): Promise<DiscoveryResponse> {
  try {
    return await pool.discover(deployment);
  } catch (error) {
    if (error instanceof FunctionError)
      throw new BuildError("load", asError(error).message, { cause: error });
    throw error;
  }
}
