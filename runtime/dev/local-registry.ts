/** The registry of a server on this machine, with the retentions of services that say none. What is stored does not have them. */
import type { Deployment, RegisteredService, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Clock, ItemStore } from "../../lib/ports.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";

/** In milliseconds. */
export interface DefaultRetention {
  readonly journalRetentionMs?: number;
  readonly idempotencyRetentionMs?: number;
  readonly workflowRetentionMs?: number;
}

export class LocalRegistry extends ItemRegistry {
  readonly #retention: DefaultRetention;

  constructor(items: ItemStore, clock: Clock, retention: DefaultRetention = {}) {
    super(items, clock);
    this.#retention = retention;
  }

  override async service(name: string): Promise<RegisteredService | undefined> {
    const service = await super.service(name);
    return service && this.#kept(service);
  }

  override async deployment(id: string): Promise<Deployment | undefined> {
    const deployment = await super.deployment(id);
    return deployment && { ...deployment, services: deployment.services.map((each) => this.#kept(each)) };
  }

  #kept<S extends ServiceManifest>(service: S): S {
    return { ...this.#retention, ...service };
  }
}
