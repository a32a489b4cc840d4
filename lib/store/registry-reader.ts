/** What the registry says of a service, over the item store: one item a service. A handler's function needs no more of the registry
 * (docs/decisions/0012-light-client.md). */
import { REGISTRY_CACHE_MS } from "../limits.ts";
import type { ItemKey } from "../model/item.ts";
import type { RegisteredService } from "../model/manifest.ts";
import type { Clock, ItemStore, Registry } from "../ports.ts";

export const SERVICE = "service";

export const keyOf = (kind: string, name: string): ItemKey => ({
  table: "registry",
  pk: `${kind}.${name}`,
  sk: kind,
});

export class RegistryReader implements Pick<Registry, "service"> {
  protected readonly items: ItemStore;
  protected readonly clock: Clock;
  readonly #cacheMs: number;
  readonly #cache = new Map<string, { readonly readAtMs: number; readonly value: Promise<unknown> }>();

  constructor(items: ItemStore, clock: Clock, cacheMs: number = REGISTRY_CACHE_MS) {
    this.items = items;
    this.clock = clock;
    this.#cacheMs = cacheMs;
  }

  async service(name: string): Promise<RegisteredService | undefined> {
    return this.cached(`${SERVICE}.${name}`, async () => {
      const item = await this.items.get(keyOf(SERVICE, name));
      return item === undefined ? undefined : (item["d"] as unknown as RegisteredService);
    });
  }

  protected cached<T>(name: string, read: () => Promise<T | undefined>): Promise<T | undefined> {
    const held = this.#cache.get(name);
    if (held && this.clock.now() - held.readAtMs < this.#cacheMs) return held.value as Promise<T | undefined>;
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
    this.#cache.set(name, { readAtMs: this.clock.now(), value });
    return value;
  }

  protected forgetCached(): void {
    this.#cache.clear();
  }
}
