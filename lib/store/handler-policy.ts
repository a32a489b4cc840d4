/** What the registry says of an invocation's handler: its deployment, its limits, its policy. */
import type { Retention } from "../model/head.ts";
import {
  ABORT_TIMEOUT_MS,
  IDEMPOTENCY_RETENTION_MS,
  JOURNAL_RETENTION_MS,
  WORKFLOW_RETENTION_MS,
} from "../limits.ts";
import type {
  Deployment,
  HandlerKind,
  HandlerManifest,
  RetryPolicy,
  ServiceManifest,
} from "../model/manifest.ts";
import type { Target } from "../model/message.ts";
import type { Registry } from "../ports.ts";
import { retryPolicyOf } from "../retry.ts";

export interface HandlerPolicy extends Required<Retention> {
  readonly retryPolicy: RetryPolicy;
  readonly abortTimeoutMs: number;
  /** Absent: nothing serves the handler (any longer). */
  readonly served?: {
    readonly deployment: Deployment;
    readonly kind: HandlerKind;
    readonly adopts: boolean;
    readonly guards: boolean;
  };
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
  const deployment = pinned === undefined ? undefined : await registry.deployment(pinned);
  const service = deployment?.services.find((candidate) => candidate.name === name) ?? newest;
  const handler = service?.handlers.find((candidate) => candidate.name === wanted);
  const abortTimeoutMs = handler?.abortTimeoutMs ?? service?.abortTimeoutMs ?? ABORT_TIMEOUT_MS;
  return {
    retryPolicy: retryPolicyOf(service, handler),
    abortTimeoutMs,
    ...retentionOf(service, handler, idempotencyKey !== undefined),
    ...(service && handler && deployment ? { served: servedBy(deployment, service, handler) } : {}),
  };
}

const servedBy = (
  deployment: Deployment,
  { adopts = false, guards = false }: ServiceManifest,
  { kind }: HandlerManifest,
): NonNullable<HandlerPolicy["served"]> => ({ deployment, kind, adopts, guards });

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
