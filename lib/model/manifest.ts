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
  /** Answer with the content type even if there is no content. */
  readonly setOutputContentTypeIfEmpty?: boolean;
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

/** How handlers are reached. */
export interface Reachable {
  /** A qualified function ARN, the URL that a process serves them at, a bundle's hash. */
  readonly address: string;
  /** Sent along with every request to a URL. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The URL speaks HTTP/1.1 and not HTTP/2. */
  readonly http11?: boolean;
}

/** A deployment: an immutable build of handlers (a Lambda version, a bundle of the local server). */
export interface Deployment extends Reachable {
  readonly id: string;
  readonly createdAtMs: number;
  readonly sdkVersion?: string;
  /** Of whoever registered it: shown, and nothing else. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of its services, when they were last registered by it. */
  readonly revisions?: Readonly<Record<string, number>>;
  readonly services: readonly ServiceManifest[];
}

/** Whether the kind runs one at a time for its key. */
export const isExclusive = (kind: HandlerKind): boolean => kind === "exclusive" || kind === "workflow";
