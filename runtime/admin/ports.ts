import type { RegisteredService, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Entropy, ItemStore, Listing, Logger, Mailbox, Timed } from "../../lib/ports.ts";
import type { DeploymentRegistry, Discoverer } from "../deployments/ports.ts";
import type { HttpRequest } from "../http/message.ts";
import type { Sandbox } from "../query/sandbox.ts";
import type { AuditLog } from "./audit/action.ts";
import type { EngineTraces } from "../traces/engine-traces.ts";
import type { RecordTally } from "../events/record-tally.ts";
import type { SourceReader } from "../events/source-reader.ts";
import type { InvocationIndex } from "./invocation-index.ts";
import type { Overview } from "./overview/overview.ts";
import type { Tally } from "./overview/tally.ts";

/** The registry, with what only an operator asks for. */
export interface AdminRegistry extends DeploymentRegistry {
  configure(
    name: string,
    change: (manifest: ServiceManifest) => ServiceManifest,
  ): Promise<RegisteredService | undefined>;
}

export interface AdminPorts extends Timed {
  readonly items: ItemStore;
  /** Absent: every head is read to find an invocation. */
  readonly listing?: Listing;
  readonly mailbox: Mailbox;
  readonly registry: AdminRegistry;
  /** Absent: deployments can be registered by another tool only. */
  readonly discoverer?: Discoverer;
  /** Of a server that makes every write itself. Absent: an overview reads. */
  readonly tally?: Tally;
  /** Where actions are kept. Absent: they are lines of the log. */
  readonly audit?: AuditLog;
  /** Absent: nothing here reads sources by itself. */
  readonly sources?: SourceReader;
  /** Absent: nobody counts records here. */
  readonly recordTally?: RecordTally;
  readonly entropy: Entropy;
  readonly logger: Logger;
  /** Absent: nothing is traced. */
  readonly traces?: EngineTraces | undefined;
  /** Read units that the store has taken since it was opened. Absent: reading costs nothing. */
  readonly readUnits?: () => number;
}

/** Where a server is: so that people see which one they change. */
export interface AdminEnvironment {
  readonly kind: "local" | "aws";
  readonly name?: string | undefined;
  readonly region?: string | undefined;
  readonly account?: string | undefined;
  /** Whose credentials ask, as far as what answers knows it. */
  readonly role?: string | undefined;
  /** The data file on this machine. */
  readonly dataPath?: string | undefined;
  readonly isProduction?: boolean | undefined;
}

export interface AdminOptions {
  /** Of this software. */
  readonly version: string;
  /** Where clients reach the ingress. */
  readonly ingressEndpoint: string;
  /** By default all that is known is that it runs here. */
  readonly environment?: AdminEnvironment;
  /** Of the process that runs a query. By default QUERY_MEMORY_BYTES_MAX. */
  readonly queryMemoryBytesMax?: number;
}

/** One request on its way through the admin API. */
export interface AdminExchange {
  readonly ports: AdminPorts;
  readonly index: InvocationIndex;
  /** Reads every head. */
  readonly scan: InvocationIndex;
  readonly request: HttpRequest;
  readonly options: AdminOptions;
  readonly overview: Overview;
  /** Runs queries. */
  readonly sandbox: Sandbox;
}

export type { Handling } from "../http/message.ts";
