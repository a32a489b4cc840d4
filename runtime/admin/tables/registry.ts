/** `sys_service` and `sys_deployment`. */
import { isFunctionVersion } from "../../../lib/model/manifest.ts";
import { shownDeploymentId } from "../../../lib/model/shown-id.ts";
import { PROTOCOL_VERSION } from "../../../lib/protocol.ts";
import type { Row } from "../../query/query.ts";
import { viewTime } from "../value-view.ts";
import { SERVICE_TYPES, type TableContext } from "./context.ts";

export async function serviceRows({ exchange }: TableContext): Promise<readonly Row[]> {
  const services = await exchange.ports.registry.services();
  return services.map(({ name, revision, ingressPrivate, type, deployment }) => ({
    ...{ name, revision, ty: SERVICE_TYPES[type], deployment_id: shownDeploymentId(deployment) },
    public: ingressPrivate === true ? 0 : 1,
  }));
}

export async function deploymentRows({ exchange }: TableContext): Promise<readonly Row[]> {
  const deployments = await exchange.ports.registry.deployments();
  return deployments.map((deployment) => ({
    id: shownDeploymentId(deployment.id),
    ty: isFunctionVersion(deployment) ? "lambda" : "http",
    endpoint: shownDeploymentId(deployment.address),
    created_at: viewTime(deployment.createdAtMs),
    min_service_protocol_version: PROTOCOL_VERSION,
    max_service_protocol_version: PROTOCOL_VERSION,
    services: JSON.stringify(deployment.services.map(({ name }) => name)),
  }));
}
