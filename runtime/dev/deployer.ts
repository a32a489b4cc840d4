/**
 * Makes a deployment of a bundle: loads it in a process of its own, asks it what it serves, stores its code, and registers
 * it. From then on new invocations go there. Those in flight stay with the deployment that they began on.
 */
import { gunzip, gzip } from "node:zlib";
import { promisify } from "node:util";
import type { ItemRegistry } from "../../lib/store/registry.ts";
import { FunctionError } from "../../lib/errors.ts";
import type { RegisteredService, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Clock } from "../../lib/ports.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";
import { BuildError, type Bundle } from "./bundler.ts";
import type { HostPool } from "./hosts/host-pool.ts";

export interface BlobStore {
  put(name: string, bytes: Uint8Array): Promise<void>;
  get(name: string): Promise<Uint8Array | undefined>;
}

export interface Deployed {
  readonly deployment: string;
  readonly services: readonly ServiceManifest[];
  /** It was not in service before: nothing has run on it. */
  readonly isNew: boolean;
  /** Changes that the user may not have meant. */
  readonly warnings: readonly string[];
}

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const blobOf = (deployment: string): string => `bundle/${deployment}.mjs.gz`;

export class Deployer {
  readonly #blobs: BlobStore;
  readonly #registry: ItemRegistry;
  readonly #clock: Clock;
  /** What this engine's last deployment served. */
  #previous: readonly ServiceManifest[] | undefined;
  /** Code that is being deployed. It is stored once it has been loaded. */
  readonly #fresh = new Map<string, Uint8Array>();

  constructor(ports: { blobs: BlobStore; registry: ItemRegistry; clock: Clock }) {
    this.#blobs = ports.blobs;
    this.#registry = ports.registry;
    this.#clock = ports.clock;
  }

  /** The code of a deployment, of whatever age. */
  async load(deployment: string): Promise<Uint8Array | undefined> {
    const fresh = this.#fresh.get(deployment);
    if (fresh !== undefined) return fresh;
    const stored = await this.#blobs.get(blobOf(deployment));
    return stored === undefined ? undefined : decompress(stored);
  }

  /** Throws {@link BuildError} if the code cannot be loaded or serves nothing. Then nothing has changed. */
  async deploy({ deployment, code }: Bundle, pool: HostPool): Promise<Deployed> {
    this.#fresh.set(deployment, code);
    try {
      const { services } = await discover(pool, deployment);
      await this.#store(deployment, code);
      const before = await this.#registry.services();
      const isNew = !isServed(deployment, services, before);
      // After a restart the same code is not a new revision.
      if (isNew) {
        const createdAtMs = this.#clock.now();
        await this.#registry.register({ id: deployment, address: deployment, createdAtMs, services });
      }
      pool.keep(deployment);
      const warnings = isNew ? warningsOf(this.#previous ?? before, services) : [];
      this.#previous = services;
      return { deployment, services, isNew, warnings };
    } finally {
      this.#fresh.delete(deployment);
    }
  }

  async #store(deployment: string, code: Uint8Array): Promise<void> {
    // A blob never changes, but another version of Node may compress the same code to other bytes.
    if ((await this.#blobs.get(blobOf(deployment))) !== undefined) return;
    await this.#blobs.put(blobOf(deployment), await compress(code));
  }
}

function isServed(
  id: string,
  services: readonly ServiceManifest[],
  registered: readonly RegisteredService[],
): boolean {
  const current = new Map(registered.map(({ name, deployment }) => [name, deployment]));
  return services.every(({ name }) => current.get(name) === id);
}

/** What the code serves. Throws {@link BuildError} if it cannot be loaded or serves nothing. */
export async function discover(
  pool: Pick<HostPool, "discover">,
  deployment: string,
): Promise<DiscoveryResponse> {
  try {
    return await pool.discover(deployment);
  } catch (error) {
    if (error instanceof FunctionError) throw new BuildError("load", error.message, { cause: error });
    throw error;
  }
}

/** Changes that may break callers, state or open invocations. */
export function warningsOf(before: readonly ServiceManifest[], after: readonly ServiceManifest[]): string[] {
  return before.flatMap((old) => {
    const service = after.find(({ name }) => name === old.name);
    if (service === undefined)
      return [`${old.type} ${old.name} is not in the file any more. Calls to it run its last code.`];
    if (service.type !== old.type)
      return [`${old.name} was ${article(old.type)} and is now ${article(service.type)}.`];
    return old.handlers.flatMap((handler) => {
      const { name, kind } = handler;
      const now = service.handlers.find((candidate) => candidate.name === name);
      if (now === undefined) return [`${old.name}/${name} was removed. New calls to it fail.`];
      return now.kind === kind ? [] : [`${old.name}/${name} was ${kind} and is now ${now.kind}.`];
    });
  });
}

const article = (type: string): string => `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
