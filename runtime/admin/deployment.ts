/**
 * `POST /deployments`, `PATCH` and `DELETE /deployments/{id}`. A deployment's id derives from its address: registering one
 * twice at the same time, or once more after it was removed, comes to the same, and invocations pinned to it go on.
 */
import { asError, OperationalError } from "../../lib/errors.ts";
import { digest } from "../../lib/hash.ts";
import type { Deployment, Reachable, ServiceManifest } from "../../lib/model/manifest.ts";
import { type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { emptyResponse, jsonResponse } from "../http/message.ts";
import { assertDiscovery, breakingChange, changesBetween } from "./compatibility.ts";
import { type Wanted, wantedChange, wantedDeployment } from "./deployment-request.ts";
import { AdminError, coded, doesNotExist } from "./error.ts";
import { flagIn } from "./invocation.ts";
import type { InvocationIndex } from "./invocation-index.ts";
import { STATUS_VIEWS } from "./invocation-view.ts";
import {
  type AdminPorts,
  type AdminRegistry,
  DiscoveryError,
  type Exchange,
  type Handling,
} from "./ports.ts";
import { type ServiceOrigin, viewDeployment, viewRevisions, viewService } from "./service-view.ts";

/** Pages of the index that a removal looks through for pinned invocations. */
const PAGES_MAX = 50;
const PAGE = 1000;
/** Deployments that were moved away from their address, and others registered there since. */
const SAME_ADDRESS_MAX = 100;

export interface WantedDeployment extends Wanted {
  /** Refuse also what takes handlers away, or whole services of one that is known: for deployments that no person looks at. */
  readonly strict?: boolean;
  /** Throws if what was discovered must not be registered. */
  readonly check?: (deployment: Deployment) => void;
}

export interface Registered {
  readonly deployment: Deployment;
  readonly known: boolean;
  /** What callers and invocations in flight may trip over, for people to read. */
  readonly info: readonly object[];
}

/** What a registration needs. */
export type RegistrationPorts = Pick<AdminPorts, "registry" | "discoverer" | "clock">;

/** 201 new, 200 known (as it is, or with `force` discovered anew). 400, 422 bad body; 409 META0006, META0017; 500
 * META0003, META0012, META0013, META0014; 501 nothing here can discover. */
export async function registerDeployment({ ports, request }: Exchange): Handling {
  const { deployment, known, info } = await register(ports, wantedDeployment(request));
  const { id, services, sdkVersion } = deployment;
  const body = {
    id,
    services: services.map((manifest) => viewService(manifest, originOf(deployment, manifest))),
    min_protocol_version: PROTOCOL_VERSION,
    max_protocol_version: PROTOCOL_VERSION,
    ...(sdkVersion === undefined ? {} : { sdk_version: sdkVersion }),
    ...(info.length > 0 ? { info } : {}),
  };
  return jsonResponse(known ? 200 : 201, body, { location: `deployments/${id}` });
}

/** Discovers what is served there, and registers it unless it breaks what relies on it. Throws {@link AdminError}. */
export async function register(ports: RegistrationPorts, wanted: WantedDeployment): Promise<Registered> {
  const { registry } = ports;
  const { address } = wanted.target;
  const deployments = await registry.deployments();
  const [known, ...others] = deployments.filter((deployment) => deployment.address === address);
  if (known && !wanted.force) return { deployment: known, known: true, info: [] };
  if (others.length > 0) throw ambiguous(address);
  const { sdkVersion, services } = await discover(ports, wanted.target);
  const { id, createdAtMs, ...held } = known ?? {
    id: deploymentId(address, deployments),
    createdAtMs: ports.clock.now(),
  };
  const deployment: Deployment = {
    ...wanted.target,
    ...{ id, createdAtMs, sdkVersion, services },
    ...metadataOf(wanted, held),
  };
  wanted.check?.(deployment);
  if (wanted.strict === true && !wanted.breaking) await assertCompatible(registry, deployment, known);
  const info = await checkServices(registry, deployment, wanted);
  const isKnown = known !== undefined;
  if (wanted.dryRun) return { deployment: await asIfRegistered(registry, deployment), known: isKnown, info };
  await registry.register(deployment);
  return { deployment: (await registry.deployment(deployment.id)) ?? deployment, known: isKnown, info };
}

/** 200. Moves a deployment to another address, or changes the headers; with `overwrite` it is what is served there, else
 * what it was, and what is served there must have it all (409 META0016). In-flight invocations go there from now on. */
export async function moveDeployment({ ports, request }: Exchange, id: string): Handling {
  const { registry } = ports;
  const known = await registry.deployment(id);
  if (!known) throw doesNotExist(`deployment '${id}'`);
  const wanted = wantedChange(request, known);
  const { sdkVersion, services } = await discover(ports, wanted.target);
  const { address: _, headers: _headers, http11: _http11, ...rest } = known;
  const moved: Deployment = {
    ...rest,
    ...wanted.target,
    ...(wanted.overwrite ? { sdkVersion, services } : {}),
  };
  if (!wanted.overwrite) assertHasAll(services, known);
  if (!wanted.dryRun) {
    if (wanted.overwrite) await registry.register(moved, { keep: true });
    else await registry.move(id, wanted.target);
  }
  const now = wanted.dryRun ? moved : ((await registry.deployment(id)) ?? moved);
  const views = now.services.map((manifest) => viewService(manifest, originOf(now, manifest)));
  return jsonResponse(200, viewDeployment(now, views));
}

const metadataOf = (
  { metadata }: Wanted,
  held: Pick<Deployment, "metadata">,
): Pick<Deployment, "metadata"> => {
  const now = metadata ?? held.metadata;
  return now === undefined ? {} : { metadata: now };
};

const originOf = (deployment: Deployment, { name }: ServiceManifest): ServiceOrigin => ({
  deployment: deployment.id,
  ...viewRevisions(deployment, name),
});

const ambiguous = (address: string): AdminError =>
  coded(409, "META0017", `several deployments share the address '${address}': change one by its id instead`);
const differs = (change: string): AdminError =>
  coded(
    409,
    "META0016",
    `what is served there is not what was: ${change}. Use 'overwrite' to take it all the same`,
  );

function deploymentId(address: string, deployments: readonly Deployment[]): string {
  for (let nth = 0; nth < SAME_ADDRESS_MAX; nth++) {
    const salt = nth === 0 ? [] : [String(nth)];
    const id = `dp_${Buffer.from(digest(15, "deployment", address, ...salt)).toString("base64url")}`;
    if (!deployments.some((deployment) => deployment.id === id)) return id;
  }
  throw ambiguous(address);
}

async function discover({ discoverer }: RegistrationPorts, target: Reachable): Promise<DiscoveryResponse> {
  if (!discoverer) {
    throw new AdminError(501, "Deployments cannot be discovered here; the tool that deploys registers them.");
  }
  const { address } = target;
  let answer: DiscoveryResponse;
  try {
    answer = await discoverer.discover(target);
  } catch (error) {
    if (error instanceof DiscoveryError) throw coded(500, error.code, error.message);
    const code = error instanceof OperationalError ? "META0003" : "META0013";
    throw coded(500, code, `error when calling '${address}': ${asError(error).message}`);
  }
  const spoken: unknown = answer.version;
  if (spoken !== PROTOCOL_VERSION) {
    const text = `'${address}' speaks protocol version ${String(spoken)}, this server another`;
    throw coded(500, "META0012", text);
  }
  try {
    assertDiscovery(answer);
  } catch (error) {
    throw coded(500, "META0013", `bad discovery response of '${address}': ${asError(error).message}`);
  }
  return answer;
}

/** Throws 409 META0016 for what lacks something that the deployment was known to serve. */
function assertHasAll(services: readonly ServiceManifest[], known: Deployment): void {
  for (const before of known.services) {
    const [change] = changesBetween(
      before,
      services.find(({ name }) => name === before.name),
    );
    if (change !== undefined) throw differs(change);
  }
}

/** Throws 409: META0016 for a deployment that is not what it was, META0006 for a service that others rely on. */
async function assertCompatible(
  registry: AdminRegistry,
  { services }: Deployment,
  known: Deployment | undefined,
): Promise<void> {
  if (known) assertHasAll(services, known);
  for (const service of services) {
    const before = await registry.service(service.name);
    const [change] = before ? changesBetween(before, service) : [];
    if (change === undefined) continue;
    const text = `incompatible with the registered revision: ${change}. Use 'breaking' to register it`;
    throw coded(409, "META0006", text);
  }
}

/** Throws 409 META0006 for a service of another type, unless that is asked for. Answers what else callers and invocations
 * in flight may trip over, for people to read. */
async function checkServices(
  registry: AdminRegistry,
  { services }: Deployment,
  { force, breaking }: Wanted,
): Promise<readonly object[]> {
  const info: object[] = [];
  for (const service of services) {
    const before = await registry.service(service.name);
    if (!before) continue;
    const refused = breakingChange(before, service);
    if (refused !== undefined && !force && !breaking) throw coded(409, "META0006", refused);
    info.push(...changesBetween(before, service).map((message) => ({ message })));
  }
  return info;
}

/** With the revisions that its services would have. */
async function asIfRegistered(registry: AdminRegistry, deployment: Deployment): Promise<Deployment> {
  const revisions: Record<string, number> = {};
  for (const { name } of deployment.services) {
    revisions[name] = ((await registry.service(name))?.revision ?? 0) + 1;
  }
  return { ...deployment, revisions };
}

/** 202; 404 unknown; 409, without `force=true`, while new invocations go there or older ones are pinned to it. */
export async function deleteDeployment({ ports, index, request }: Exchange, id: string): Handling {
  const { registry } = ports;
  const deployment = await registry.deployment(id);
  if (!deployment) throw doesNotExist(`deployment '${id}'`);
  if (!flagIn(request.query, "force")) await assertUnused(registry, index, id);
  await registry.remove(id);
  return emptyResponse(202);
}

async function assertUnused(registry: AdminRegistry, index: InvocationIndex, id: string): Promise<void> {
  const refuse = (text: string): AdminError =>
    new AdminError(409, `The deployment '${id}' ${text}. Use 'force=true' to remove it all the same.`);
  const served = (await registry.services()).filter(({ deployment }) => deployment === id);
  if (served.length > 0) {
    throw refuse(
      `is where new invocations of ${served
        .map(({ name }) => name)
        .toSorted()
        .join(", ")} go`,
    );
  }
  const filter = { deployment: id, statuses: STATUS_VIEWS.filter((status) => status !== "completed") };
  let after: string | undefined;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { found, next } = await index.list(filter, {
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    if (found.length > 0) throw refuse(`has invocations pinned to it, ${found[0]?.id} for one`);
    if (next === undefined) return;
    after = next;
  }
  throw refuse("may have invocations pinned to it: there are too many to look at");
}
