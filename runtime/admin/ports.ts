import type { Deployment, Reachable, RegisteredService, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Clock, Entropy, ItemStore, Listing, Logger, Mailbox, Registry } from "../../lib/ports.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import type { InvocationIndex } from "./invocation-index.ts";

/** The registry, with what only an operator asks for. */
export interface AdminRegistry extends Registry {
  deployments(): Promise<readonly Deployment[]>;
  register(deployment: Deployment, options?: { keep?: boolean }): Promise<void>;
  move(id: string, to: Reachable): Promise<Deployment | undefined>;
  configure(
    name: string,
    change: (manifest: ServiceManifest) => ServiceManifest,
  ): Promise<RegisteredService | undefined>;
  remove(id: string): Promise<boolean>;
}

/** Asks what is served somewhere. Throws {@link OperationalError} if it cannot be reached, {@link DiscoveryError} where
 * the reason is known, and any other error if what it answers is no discovery. */
export interface Discoverer {
  discover(target: Reachable): Promise<DiscoveryResponse>;
}

export class DiscoveryError extends Error {
  override readonly name = "DiscoveryError";
  /** The one that the admin API answers. */
  readonly code: "META0003" | "META0013" | "META0014";
  constructor(code: DiscoveryError["code"], message: string) {
    super(message);
    this.code = code;
  }
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
