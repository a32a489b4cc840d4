/** The registry of deployments and services, over the item store: one item a deployment, one a service. */
import { OperationalError } from "../lib/errors.ts";
import type { Attributes, ItemKey } from "../lib/item.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../lib/limits.ts";
import type { Deployment, RegisteredService, ServiceManifest } from "../lib/manifest.ts";
import type { Clock, ItemStore, Registry } from "../lib/ports.ts";

const DEPLOYMENT = "deployment";
const SERVICE = "service";
/** What a reader may have of the registry without asking again, milliseconds. */
export const REGISTRY_CACHE_MS = 10_000;

const keyOf = (kind: string, name: string): ItemKey => ({
  table: "registry",
  pk: `${kind}.${name}`,
  sk: kind,
});

export class ItemRegistry implements Registry {
  readonly #items: ItemStore;
  readonly #clock: Clock;
  readonly #cacheMs: number;
  readonly #cache = new Map<string, { readonly readAtMs: number; readonly value: Promise<unknown> }>();

  constructor(items: ItemStore, clock: Clock, cacheMs: number = REGISTRY_CACHE_MS) {
    this.#items = items;
    this.#clock = clock;
    this.#cacheMs = cacheMs;
  }

  async service(name: string): Promise<RegisteredService | undefined> {
    return this.#cached(`${SERVICE}.${name}`, async () => {
      const item = await this.#items.get(keyOf(SERVICE, name));
      return item === undefined ? undefined : (item["d"] as unknown as RegisteredService);
    });
  }

  async deployment(id: string): Promise<Deployment | undefined> {
    return this.#cached(`${DEPLOYMENT}.${id}`, async () => {
      const item = await this.#items.get(keyOf(DEPLOYMENT, id));
      return item === undefined ? undefined : (item["d"] as unknown as Deployment);
    });
  }

  services(): Promise<readonly RegisteredService[]> {
    return this.#all<RegisteredService>(SERVICE);
  }

  deployments(): Promise<readonly Deployment[]> {
    return this.#all<Deployment>(DEPLOYMENT);
  }

  /** Stores the deployment and points its services to it: new invocations go there from now on. */
  async register(deployment: Deployment): Promise<void> {
    await this.#put(keyOf(DEPLOYMENT, deployment.id), deployment);
    for (const manifest of deployment.services) await this.#pointTo(manifest, deployment.id);
    this.#cache.clear();
  }

  async #pointTo(manifest: ServiceManifest, deployment: string): Promise<void> {
    const key = keyOf(SERVICE, manifest.name);
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const before = await this.#items.get(key);
      const revision = Number(before?.["v"] ?? 0);
      const service: RegisteredService = { ...manifest, deployment, revision: revision + 1 };
      const attributes: Attributes = { d: plain(service), v: revision + 1 };
      const { won } = await this.#items.write({
        op: "put",
        key,
        attributes,
        when: before === undefined ? { is: "absent" } : { is: "eq", attribute: "v", value: revision },
      });
      if (won) return;
    }
    throw new OperationalError(
      "unavailable",
      `service ${manifest.name} is being registered by others; try again`,
    );
  }

  async #put(key: ItemKey, value: Deployment): Promise<void> {
    await this.#items.write({ op: "put", key, attributes: { d: plain(value) } });
  }

  async #all<T>(kind: string): Promise<readonly T[]> {
    const found: T[] = [];
    let after: string | undefined;
    do {
      const page = await this.#items.scan("registry", kind, after === undefined ? {} : { after });
      found.push(...page.items.map((item) => item.attributes["d"] as unknown as T));
      after = page.next;
    } while (after !== undefined);
    return found;
  }

  #cached<T>(name: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const held = this.#cache.get(name);
    if (held && this.#clock.now() - held.readAtMs < this.#cacheMs)
      return held.value as Promise<T | undefined>;
    const value = read().then(
      (found) => {
        if (found === undefined) this.#cache.delete(name);
        return found;
      },
      (error: unknown) => {
        this.#cache.delete(name);
        throw error;
      },
    );
    this.#cache.set(name, { readAtMs: this.#clock.now(), value });
    return value;
  }
}

/** Without the `undefined`s that an item cannot hold. */
const plain = (value: unknown): Attributes => JSON.parse(JSON.stringify(value)) as Attributes;
