/**
 * Deployments, services and handlers in the JSON of Restate's admin API: `GET /deployments[/{id}]`,
 * `GET /services[/{name}[/handlers[/{handler}]]]`, and the views that other answers contain.
 */
import { IDEMPOTENCY_RETENTION_MS, JOURNAL_RETENTION_MS, WORKFLOW_RETENTION_MS } from "../../lib/limits.ts";
import {
  type Deployment,
  type HandlerManifest,
  isFunctionVersion,
  type Options,
  type RegisteredService,
  type ServiceManifest,
  type ServiceType,
} from "../../lib/model/manifest.ts";
import { shownDeploymentId, storedDeploymentId } from "../../lib/model/shown-id.ts";
import { PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { retryPolicyOf } from "../../lib/retry.ts";
import { jsonResponse } from "../http/message.ts";
import { doesNotExist } from "./error.ts";
import type { AdminExchange, AdminRegistry, Handling } from "./ports.ts";
import { viewDuration, viewTime } from "./value-view.ts";

export async function listDeployments({ ports: { registry } }: AdminExchange): Handling {
  const deployments = await registry.deployments();
  const views = deployments
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs)
    .map((deployment) =>
      viewDeployment(
        deployment,
        deployment.services.map(({ name }) => ({ name, ...viewRevisions(deployment, name) })),
      ),
    );
  return jsonResponse(200, { deployments: views });
}

export async function describeDeployment({ ports: { registry } }: AdminExchange, id: string): Handling {
  const deployment = await registry.deployment(storedDeploymentId(id));
  if (!deployment) throw doesNotExist(`deployment '${id}'`);
  const views = deployment.services.map((manifest) =>
    viewService(manifest, { deployment: deployment.id, ...viewRevisions(deployment, manifest.name) }),
  );
  return jsonResponse(200, viewDeployment(deployment, views));
}

export async function listServices({ ports: { registry } }: AdminExchange): Handling {
  const services = await registry.services();
  const sorted = services.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return jsonResponse(200, { services: sorted.map((service) => viewService(service, service)) });
}

export async function describeService({ ports }: AdminExchange, name: string): Handling {
  const service = await findService(ports.registry, name);
  return jsonResponse(200, viewService(service, service));
}

export async function listHandlers({ ports }: AdminExchange, name: string): Handling {
  const service = await findService(ports.registry, name);
  return jsonResponse(200, { handlers: service.handlers.map((handler) => viewHandler(service, handler)) });
}

export async function describeHandler({ ports }: AdminExchange, name: string, handlerName: string): Handling {
  const service = await findService(ports.registry, name);
  const handler = service.handlers.find((candidate) => candidate.name === handlerName);
  if (!handler) throw doesNotExist(`handler '${handlerName}' on service '${name}'`);
  return jsonResponse(200, viewHandler(service, handler));
}

/** Throws 404 if there is no such service. */
export async function findService(registry: AdminRegistry, name: string): Promise<RegisteredService> {
  const service = await registry.service(name);
  if (!service) throw doesNotExist(`service '${name}'`);
  return service;
}

const SERVICE_TYPES: Record<ServiceType, string> = {
  service: "Service",
  object: "VirtualObject",
  workflow: "Workflow",
};
const HANDLER_TYPES: Record<HandlerManifest["kind"], string | undefined> = {
  plain: undefined,
  exclusive: "Exclusive",
  shared: "Shared",
  workflow: "Workflow",
};

export function viewDeployment(deployment: Deployment, services: readonly object[]): object {
  const { id, address, createdAtMs, headers, http11, metadata, sdkVersion } = deployment;
  return {
    id: shownDeploymentId(id),
    ...(isFunctionVersion(deployment)
      ? { arn: address }
      : {
          // In `perdure dev` it is the id.
          uri: shownDeploymentId(address),
          protocol_type: "BidiStream",
          http_version: http11 === true ? "HTTP/1.1" : "HTTP/2.0",
        }),
    ...(headers === undefined ? {} : { additional_headers: headers }),
    ...(metadata === undefined ? {} : { metadata }),
    created_at: viewTime(createdAtMs),
    min_protocol_version: PROTOCOL_VERSION,
    max_protocol_version: PROTOCOL_VERSION,
    ...(sdkVersion === undefined ? {} : { sdk_version: sdkVersion }),
    services,
  };
}

/** The revision that this deployment registered. A newer deployment may have registered a newer one. */
export function viewRevisions({ revisions = {} }: Deployment, service: string): { revision?: number } {
  const revision = revisions[service];
  return revision === undefined ? {} : { revision };
}

export interface ServiceOrigin {
  readonly deployment: string;
  /** Absent if it is not known. */
  readonly revision?: number;
}

export function viewService(service: ServiceManifest, { deployment, revision }: ServiceOrigin): object {
  const policy = retryPolicyOf(service, undefined);
  return {
    name: service.name,
    ty: SERVICE_TYPES[service.type],
    handlers: service.handlers.map((handler) => viewHandler(service, handler)),
    deployment_id: shownDeploymentId(deployment),
    ...(revision === undefined ? {} : { revision }),
    public: !(service.ingressPrivate ?? false),
    idempotency_retention: viewDuration(service.idempotencyRetentionMs ?? IDEMPOTENCY_RETENTION_MS),
    ...(service.type === "workflow"
      ? { workflow_completion_retention: viewDuration(service.workflowRetentionMs ?? WORKFLOW_RETENTION_MS) }
      : {}),
    journal_retention: viewDuration(service.journalRetentionMs ?? JOURNAL_RETENTION_MS),
    ...viewTimeouts(service),
    retry_policy: {
      initial_interval: viewDuration(policy.initialIntervalMs),
      exponentiation_factor: policy.factor,
      max_attempts: Number.isFinite(policy.maxAttempts) ? policy.maxAttempts : null,
      max_interval: viewDuration(policy.maxIntervalMs),
      on_max_attempts: policy.onMaxAttempts === "pause" ? "Pause" : "Kill",
    },
    ...viewDescription(service),
  };
}

export function viewHandler(service: ServiceManifest, handler: HandlerManifest): object {
  const { name, kind, ingressPrivate, accept, outputContentType, retryPolicy } = handler;
  return {
    name,
    ...(HANDLER_TYPES[kind] === undefined ? {} : { ty: HANDLER_TYPES[kind] }),
    public: !(ingressPrivate ?? service.ingressPrivate ?? false),
    input_description: accept ?? "any",
    output_description: outputContentType ?? "application/json",
    ...(handler.inputJsonSchema === undefined ? {} : { input_json_schema: handler.inputJsonSchema }),
    ...(handler.outputJsonSchema === undefined ? {} : { output_json_schema: handler.outputJsonSchema }),
    ...viewRetentions(handler),
    ...viewTimeouts(handler),
    ...(retryPolicy?.maxAttempts === undefined
      ? {}
      : { retry_policy: { max_attempts: retryPolicy.maxAttempts } }),
    ...viewDescription(handler),
  };
}

const viewRetentions = ({ idempotencyRetentionMs, journalRetentionMs }: Options): object => ({
  ...(idempotencyRetentionMs === undefined
    ? {}
    : { idempotency_retention: viewDuration(idempotencyRetentionMs) }),
  ...(journalRetentionMs === undefined ? {} : { journal_retention: viewDuration(journalRetentionMs) }),
});

const viewTimeouts = ({ inactivityTimeoutMs, abortTimeoutMs }: Options): object => ({
  ...(inactivityTimeoutMs === undefined ? {} : { inactivity_timeout: viewDuration(inactivityTimeoutMs) }),
  ...(abortTimeoutMs === undefined ? {} : { abort_timeout: viewDuration(abortTimeoutMs) }),
});

const viewDescription = ({ description, metadata }: Options): object => ({
  ...(description === undefined ? {} : { documentation: description }),
  ...(metadata === undefined ? {} : { metadata }),
});
