/** What a deployment declares of its services. Registration asks for it (discovery), and the registry keeps it. */
export type ServiceType = "service" | "object" | "workflow";
/** `plain`: a service's handler. `exclusive`: the single writer of its key. `workflow`: the `run`, which is exclusive and
 * runs once for each key. */
export type HandlerKind = "plain" | "exclusive" | "shared" | "workflow";

export interface RetryPolicy {
  readonly initialIntervalMs: number;
  readonly maxIntervalMs: number;
  readonly factor: number;
  /** Attempts without progress, the first included. */
  readonly maxAttempts: number;
  readonly onMaxAttempts: "pause" | "kill";
}

/** Options of a service or a handler. The handler's win. All durations are in milliseconds. */
export interface Options {
  readonly idempotencyRetentionMs?: number;
  readonly workflowRetentionMs?: number;
  readonly journalRetentionMs?: number;
  readonly inactivityTimeoutMs?: number;
  readonly abortTimeoutMs?: number;
  readonly ingressPrivate?: boolean;
  /** Headers that the ingress withholds from handlers that do not name them. */
  readonly passHeaders?: readonly string[];
  readonly retryPolicy?: Partial<RetryPolicy>;
  readonly description?: string;
  readonly metadata?: Record<string, string>;
}

export interface HandlerManifest extends Options {
  readonly name: string;
  readonly kind: HandlerKind;
  /** Content types that the input may have (`application/*` and the like). Absent: any. */
  readonly accept?: string;
  readonly outputContentType?: string;
  /** The response has the content type even if it has no content. */
  readonly setOutputContentTypeIfEmpty?: boolean;
  readonly inputJsonSchema?: unknown;
  readonly outputJsonSchema?: unknown;
}

export interface ServiceManifest extends Options {
  readonly name: string;
  readonly type: ServiceType;
  readonly handlers: readonly HandlerManifest[];
  /** Its turns adopt a head that was made while they ran (R26). Absent: an earlier version. */
  readonly adopts?: boolean;
  /** Its turns set their guards themselves, so they may run where a call is accepted (R27). Absent: an earlier version, or one that
   * has no access to timers. */
  readonly guards?: boolean;
  /** Its turns see to it that a closure begins when all that it rests on is settled, where that takes a question
   * (`TurnRequest.mustSettle`). Absent: an earlier version. */
  readonly settles?: boolean;
  /** Its turns read long headers where they are kept (0024). Absent: an earlier version, which gets them with its head. */
  readonly headersApart?: boolean;
  /** Its turns make themselves known when they run long, and are then let go of (R26). Absent: an earlier version, or one that has no
   * access to timers. */
  readonly relays?: boolean;
  /** Its turns use the tables and queues that their requests name (0026). Absent: an earlier version, which uses those of its variables,
   * so no handler may take its word for a result. */
  readonly follows?: boolean;
}

/** A service as the registry has it: its newest manifest, and the deployment that new invocations go to. */
export interface RegisteredService extends ServiceManifest {
  readonly deployment: string;
  /** Of the deployment, so that a caller reads nothing more. Absent: an earlier version has registered it. */
  readonly address?: string;
  readonly revision: number;
}

/** How handlers are reached. */
export interface Reachable {
  /** A qualified function ARN, the URL of a process, or the hash of a bundle. */
  readonly address: string;
  /** Sent with every request to a URL. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The URL speaks HTTP/1.1 and not HTTP/2. */
  readonly http11?: boolean;
}

/** As much of a deployment as a function in AWS is invoked by. */
export type Invocable = Pick<Deployment, "id" | "address">;
/** As much of a deployment as it is invoked by, wherever it runs. `services`: if its item was read. */
export type Reached = Invocable & Reachable & Partial<Pick<Deployment, "services">>;

/** Its address alone is enough to invoke it. A URL may have headers. */
export const isFunctionVersion = ({ address }: Pick<Deployment, "address">): boolean =>
  address.startsWith("arn:");

/** A deployment: an immutable build of handlers (a Lambda version, a bundle of the local server). */
export interface Deployment extends Reachable {
  readonly id: string;
  readonly createdAtMs: number;
  readonly sdkVersion?: string;
  /** Given at registration. It is only shown. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the code and settings that a stack has published as this deployment. Absent: no stack has, or one of an earlier version. */
  readonly fingerprint?: string;
  /** The revisions of its services, as it has registered them last. */
  readonly revisions?: Readonly<Record<string, number>>;
  readonly services: readonly ServiceManifest[];
}

/** Whether only one invocation of the key runs at a time. */
export const isExclusive = (kind: HandlerKind): boolean => kind === "exclusive" || kind === "workflow";
