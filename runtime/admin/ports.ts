import type { RegisteredService, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Clock, Entropy, ItemStore, Listing, Logger, Mailbox } from "../../lib/ports.ts";
import type { DeploymentRegistry, Discoverer } from "../deployments/ports.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import type { InvocationIndex } from "./invocation-index.ts";

/** The registry, with what only an operator asks for. */
export interface AdminRegistry extends DeploymentRegistry {
  configure(
    name: string,
    change: (manifest: ServiceManifest) => ServiceManifest,
  ): Promise<RegisteredService | undefined>;
}

export interface AdminPorts {
  readonly items: ItemStore;
  /** Absent: to find an invocation every head is looked at. */
  readonly listing?: Listing;
  readonly mailbox: Mailbox;
  readonly registry: AdminRegistry;
  /** Absent: deployments are registered otherwise. */
  readonly discoverer?: Discoverer;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** One request on its way through the admin API. */
export interface Exchange {
  readonly ports: AdminPorts;
  readonly index: InvocationIndex;
  /** Looks at every head. */
  readonly scan: InvocationIndex;
  readonly request: HttpRequest;
  readonly version: { readonly version: string; readonly ingressEndpoint: string };
}

export type Handling = Promise<HttpResponse>;
