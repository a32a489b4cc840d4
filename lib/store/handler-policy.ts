/** What the registry says of an invocation's handler: its deployment, its limits, its policy. */
import type { Retention } from "../model/head.ts";
import {
  ABORT_TIMEOUT_MS,
  IDEMPOTENCY_RETENTION_MS,
  JOURNAL_RETENTION_MS,
  WORKFLOW_RETENTION_MS,
} from "../limits.ts";
import {
  type HandlerKind,
  type HandlerManifest,
  type Invocable,
  isFunctionVersion,
  type Reached,
  type RegisteredService,
  type RetryPolicy,
  type ServiceManifest,
} from "../model/manifest.ts";
import type { Target } from "../model/message.ts";
import type { Registry } from "../ports.ts";
import { retryPolicyOf } from "../retry.ts";

interface Limits extends Required<Retention> {
  readonly retryPolicy: RetryPolicy;
  readonly abortTimeoutMs: number;
}
interface Served<D> {
  readonly deployment: D;
  readonly kind: HandlerKind;
  readonly adopts: boolean;
  readonly guards: boolean;
  readonly headersApart: boolean;
  readonly relays: boolean;
  readonly follows: boolean;
}

export interface HandlerPolicy extends Limits {
  /** Absent: nothing serves the handler (any longer). */
  readonly served?: Served<Reached>;
}
/** Of a call that is invoked where it is made (R28). */
export interface CallPolicy extends Limits {
  readonly served: Served<Invocable>;
}

/** A head, or what is known of an invocation without one. */
interface Pinned {
  readonly target: Target;
  readonly deployment?: string | undefined;
  readonly idempotencyKey?: string | undefined;
}

/** Of the deployment that the invocation is pinned to, even if newer ones declare something else. Not pinned: of the newest. */
export async function handlerPolicyOf(
  registry: Pick<Registry, "service" | "deployment">,
  { target, deployment: pinnedTo, idempotencyKey }: Pinned,
): Promise<HandlerPolicy> {
  const { service: name, handler: wanted } = target;
  const newest = await registry.service(name);
  const pinned = pinnedTo ?? newest?.deployment;
  const alone = newest?.deployment === pinned ? reachedBy(newest) : undefined;
  const deployment = alone || pinned === undefined ? undefined : await registry.deployment(pinned);
  const service = deployment?.services.find((candidate) => candidate.name === name) ?? newest;
  const handler = service?.handlers.find((candidate) => candidate.name === wanted);
  const reached = alone ?? deployment;
  return {
    ...limitsOf(service, handler, idempotencyKey !== undefined),
    ...(service && handler && reached ? { served: servedBy(reached, service, handler) } : {}),
  };
}

/** Of its newest deployment: the service's item says what the deployment's would, so one read is enough. `undefined`: the deployment's
 * item says more of how it is reached, or an earlier version has registered it. */
function reachedBy(service: RegisteredService | undefined): Invocable | undefined {
  const newest = service && newestOf(service);
  return newest && isFunctionVersion(newest) ? newest : undefined;
}

/** `undefined`: an earlier version has registered the service. */
const newestOf = ({ deployment: id, address }: RegisteredService): Invocable | undefined =>
  address === undefined ? undefined : { id, address };

/** Of the newest deployment, for a call without an idempotency key. The service alone says all of it. `undefined`: nothing serves the
 * handler, or an earlier version has registered it. */
export function callPolicyOf(service: RegisteredService, wanted: string): CallPolicy | undefined {
  const newest = newestOf(service);
  const handler = service.handlers.find(({ name }) => name === wanted);
  if (!handler || !newest) return undefined;
  return { ...limitsOf(service, handler, false), served: servedBy(newest, service, handler) };
}

const limitsOf = (
  service: ServiceManifest | undefined,
  handler: HandlerManifest | undefined,
  isIdempotent: boolean,
): Limits => ({
  retryPolicy: retryPolicyOf(service, handler),
  abortTimeoutMs: handler?.abortTimeoutMs ?? service?.abortTimeoutMs ?? ABORT_TIMEOUT_MS,
  ...retentionOf(service, handler, isIdempotent),
});

const servedBy = <D>(
  deployment: D,
  { adopts = false, guards = false, headersApart = false, relays = false, follows = false }: ServiceManifest,
  { kind }: HandlerManifest,
): Served<D> => ({ deployment, kind, adopts, guards, headersApart, relays, follows });

/** A result with an idempotency key, or of a workflow, has its own retention. The journal is kept no longer than that. */
function retentionOf(
  service: ServiceManifest | undefined,
  handler: HandlerManifest | undefined,
  isIdempotent: boolean,
): Required<Retention> {
  const kind = handler?.kind === "workflow" ? "workflow" : isIdempotent ? "idempotency" : "journal";
  const of = ([option, defaultMs]: (typeof RETENTIONS)[keyof typeof RETENTIONS]): number =>
    handler?.[option] ?? service?.[option] ?? defaultMs;
  const retentionMs = of(RETENTIONS[kind]);
  return { retentionMs, journalRetentionMs: Math.min(retentionMs, of(RETENTIONS.journal)) };
}

const RETENTIONS = {
  workflow: ["workflowRetentionMs", WORKFLOW_RETENTION_MS],
  idempotency: ["idempotencyRetentionMs", IDEMPOTENCY_RETENTION_MS],
  journal: ["journalRetentionMs", JOURNAL_RETENTION_MS],
} as const;
