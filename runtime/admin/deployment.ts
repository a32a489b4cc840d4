/** `POST /deployments`, `PATCH` and `DELETE /deployments/{id}`. What they do is in runtime/deployments; here it gets its
 * HTTP answers. */
import type { Deployment, ServiceManifest } from "../../lib/model/manifest.ts";
import { shownDeploymentId, storedDeploymentId } from "../../lib/model/shown-id.ts";
import { PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { DeploymentError, type DeploymentErrorCode } from "../deployments/error.ts";
import { move, register } from "../deployments/registration.ts";
import { emptyResponse, jsonResponse } from "../http/message.ts";
import { wantedDeployment, wantedMove } from "./deployment-request.ts";
import { AdminError, doesNotExist } from "./error.ts";
import { flagIn } from "./invocation.ts";
import type { InvocationIndex } from "./invocation-index.ts";
import { STATUS_VIEWS } from "./invocation-view.ts";
import type { AdminRegistry, AdminExchange, Handling } from "./ports.ts";
import { type ServiceOrigin, viewDeployment, viewRevisions, viewService } from "./services.ts";
import { PINNED_PAGES_MAX } from "../../lib/limits/http.ts";

const PAGE = 1000;

const STATUSES: Readonly<Record<DeploymentErrorCode, number>> = {
  META0003: 500,
  META0006: 409,
  META0012: 500,
  META0013: 500,
  META0014: 500,
  META0016: 409,
  META0017: 409,
};
const NOT_IMPLEMENTED = 501;

/** 201 new, 200 known (as it is, or with `force` discovered anew). 400, 422 bad body; 409 META0006, META0017; 500
 * META0003, META0012, META0013, META0014; 501 nothing here can discover. */
export async function registerDeployment({ ports, request }: AdminExchange): Handling {
  const wanted = wantedDeployment(request);
  const { deployment, known, info } = await register(ports, wanted).catch(refuse);
  const { id, services, sdkVersion } = deployment;
  const shown = shownDeploymentId(id);
  const body = {
    id: shown,
    services: services.map((manifest) => viewService(manifest, originOf(deployment, manifest))),
    min_protocol_version: PROTOCOL_VERSION,
    max_protocol_version: PROTOCOL_VERSION,
    ...(sdkVersion === undefined ? {} : { sdk_version: sdkVersion }),
    ...(info.length > 0 ? { info } : {}),
  };
  return jsonResponse(known ? 200 : 201, body, { location: `deployments/${shown}` });
}

/** 200. Errors as for a registration; 404 unknown; 409 META0016 without `overwrite`. */
export async function moveDeployment({ ports, request }: AdminExchange, id: string): Handling {
  const known = await ports.registry.deployment(storedDeploymentId(id));
  if (!known) throw doesNotExist(`deployment '${id}'`);
  const moved = await move(ports, known, wantedMove(request, known)).catch(refuse);
  const views = moved.services.map((manifest) => viewService(manifest, originOf(moved, manifest)));
  return jsonResponse(200, viewDeployment(moved, views));
}

/** Throws the refusal that the API answers. */
function refuse(error: unknown): never {
  if (!(error instanceof DeploymentError)) throw error;
  const { code, message } = error;
  throw new AdminError(code === undefined ? NOT_IMPLEMENTED : STATUSES[code], message, {}, code);
}

const originOf = (deployment: Deployment, { name }: ServiceManifest): ServiceOrigin => ({
  deployment: deployment.id,
  ...viewRevisions(deployment, name),
});

/** 202; 404 unknown; 409, without `force=true`, while new invocations go there or older ones are pinned to it. */
export async function deleteDeployment({ ports, index, request }: AdminExchange, text: string): Handling {
  const { registry } = ports;
  const id = storedDeploymentId(text);
  const deployment = await registry.deployment(id);
  if (!deployment) throw doesNotExist(`deployment '${id}'`);
  if (!flagIn(request.query, "force")) await assertUnused(registry, index, id);
  await registry.remove(id);
  return emptyResponse(202);
}

async function assertUnused(registry: AdminRegistry, index: InvocationIndex, id: string): Promise<void> {
  const used = (text: string): AdminError =>
    new AdminError(409, `The deployment '${id}' ${text}. Use 'force=true' to remove it all the same.`);
  const served = (await registry.services()).filter(({ deployment }) => deployment === id);
  if (served.length > 0) {
    throw used(
      `is where new invocations of ${served
        .map(({ name }) => name)
        .toSorted()
        .join(", ")} go`,
    );
  }
  const filter = { deployment: id, statuses: STATUS_VIEWS.filter((status) => status !== "completed") };
  let after: string | undefined;
  for (let page = 0; page < PINNED_PAGES_MAX; page++) {
    const { found, next } = await index.list(filter, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    if (found.length > 0) throw used(`has invocations pinned to it, ${found[0]?.id} for one`);
    if (next === undefined) return;
    after = next;
  }
  throw used("may have invocations pinned to it: there are too many to look at");
}
