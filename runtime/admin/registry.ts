/** `GET /deployments[/{id}]`, `GET /services[/{name}[/handlers[/{handler}]]]`. */
import type { RegisteredService } from "../../lib/model/manifest.ts";
import { jsonResponse } from "../http/message.ts";
import { doesNotExist } from "./error.ts";
import type { AdminRegistry, Exchange, Handling } from "./ports.ts";
import { viewDeployment, viewHandler, viewRevisions, viewService } from "./service-view.ts";

export async function listDeployments({ ports: { registry } }: Exchange): Handling {
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

export async function describeDeployment({ ports: { registry } }: Exchange, id: string): Handling {
  const deployment = await registry.deployment(id);
  if (!deployment) throw doesNotExist(`deployment '${id}'`);
  const views = deployment.services.map((manifest) =>
    viewService(manifest, { deployment: id, ...viewRevisions(deployment, manifest.name) }),
  );
  return jsonResponse(200, viewDeployment(deployment, views));
}

export async function listServices({ ports: { registry } }: Exchange): Handling {
  const services = await registry.services();
  const sorted = services.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return jsonResponse(200, { services: sorted.map((service) => viewService(service, service)) });
}

export async function describeService({ ports }: Exchange, name: string): Handling {
  const service = await findService(ports.registry, name);
  return jsonResponse(200, viewService(service, service));
}

export async function listHandlers({ ports }: Exchange, name: string): Handling {
  const service = await findService(ports.registry, name);
  return jsonResponse(200, { handlers: service.handlers.map((handler) => viewHandler(service, handler)) });
}

export async function describeHandler({ ports }: Exchange, name: string, handlerName: string): Handling {
  const service = await findService(ports.registry, name);
  const handler = service.handlers.find((candidate) => candidate.name === handlerName);
  if (!handler) throw doesNotExist(`handler '${handlerName}' on service '${name}'`);
  return jsonResponse(200, viewHandler(service, handler));
}

/** Throws 404 for one that is not registered. */
export async function findService(registry: AdminRegistry, name: string): Promise<RegisteredService> {
  const service = await registry.service(name);
  if (!service) throw doesNotExist(`service '${name}'`);
  return service;
}
