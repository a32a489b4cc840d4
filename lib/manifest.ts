/** What a deployment declares of its services, found out at registration (discovery) and kept in the registry. */
export type ServiceType = "service" | "object" | "workflow";
/** `plain`: a service's handler. `exclusive`: single writer of its key. `workflow`: the `run`, once per key, exclusive. */
export type HandlerKind = "plain" | "exclusive" | "shared" | "workflow";

export interface RetryPolicy {
  readonly initialIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly factor: number;
  /** Attempts without progress, the first included. */
  readonly maxAttempts: number;
  readonly onMaxAttempts: "pause" | "kill";
}

/** Options that service and handler share; a handler's go before its service's. All durations in milliseconds. */
export interface Options {
  readonly idempotencyRetentionMs?: number;
  readonly workflowRetentionMs?: number;
  readonly journalRetentionMs?: number;
  readonly inactivityTimeoutMs?: number;
  readonly abortTimeoutMs?: number;
  readonly ingressPrivate?: boolean;
  readonly retryPolicy?: Partial<RetryPolicy>;
  readonly description?: string;
  readonly metadata?: Record<string, string>;
}

export interface HandlerManifest extends Options {
  readonly name: string;
  readonly kind: HandlerKind;
  /** Content types that the input takes (`application/*` and the like); absent: any. */
  readonly accept?: string;
  readonly outputContentType?: string;
  readonly inputJsonSchema?: unknown;
  readonly outputJsonSchema?: unknown;
}

export interface ServiceManifest extends Options {
  readonly name: string;
  readonly type: ServiceType;
  readonly handlers: readonly HandlerManifest[];
}

/** A service as the registry serves it: its newest manifest, and the deployment that new invocations go to. */
export interface RegisteredService extends ServiceManifest {
  readonly deployment: string;
  readonly revision: number;
}

/** A deployment: an immutable build of handlers (a Lambda version, a bundle of the local server). */
export interface Deployment {
  readonly id: string;
  /** What the invoker needs to reach it: a qualified function ARN, a bundle's hash. */
  readonly address: string;
  readonly createdAtMs: number;
  readonly services: readonly ServiceManifest[];
}

/** Whether the kind runs one at a time for its key. */
export const isExclusive = (kind: HandlerKind): boolean => kind === "exclusive" || kind === "workflow";
