import type { Deployment, Reachable } from "../../lib/model/manifest.ts";
import type { Clock, Registry } from "../../lib/ports.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";

/** The registry, with what changes the deployments in it. */
export interface DeploymentRegistry extends Registry {
  deployments(): Promise<readonly Deployment[]>;
  register(deployment: Deployment, options?: { keep?: boolean }): Promise<void>;
  move(id: string, to: Reachable): Promise<Deployment | undefined>;
  remove(id: string): Promise<boolean>;
  withdraw(services: readonly string[], from: readonly string[]): Promise<void>;
}

/** Asks an address what it serves. Throws an `OperationalError` if the address does not answer, a `DeploymentError` if the
 * reason is known, and any other error if the answer is not a discovery. */
export interface Discoverer {
  discover(target: Reachable): Promise<DiscoveryResponse>;
}

export interface DeploymentPorts {
  readonly registry: DeploymentRegistry;
  /** Absent: deployments can be registered by another tool only. */
  readonly discoverer?: Discoverer;
  readonly clock: Clock;
}
