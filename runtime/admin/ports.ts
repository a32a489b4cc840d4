import type { Deployment } from "../../lib/manifest.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox, Registry } from "../../lib/ports.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import type { InvocationIndex } from "./invocation-index.ts";

/** The registry, with what only an operator asks for. */
export interface AdminRegistry extends Registry {
  deployments(): Promise<readonly Deployment[]>;
}

export interface AdminPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: AdminRegistry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** One request on its way through the admin API. */
export interface Exchange {
  readonly ports: AdminPorts;
  readonly index: InvocationIndex;
  readonly request: HttpRequest;
  readonly version: { readonly version: string; readonly ingressEndpoint: string };
}

export type Handling = Promise<HttpResponse>;
