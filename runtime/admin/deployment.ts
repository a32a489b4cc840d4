/**
 * `POST /deployments` and `DELETE /deployments/{id}`. A deployment's id derives from its address: registering one twice at
 * the same time, or once more after it was removed, comes to the same, and invocations pinned to it go on.
 */
import { asError, OperationalError } from "../../lib/errors.ts";
import { digest } from "../../lib/hash.ts";
import type { Deployment, ServiceManifest } from "../../lib/manifest.ts";
import { type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { emptyResponse, type HttpRequest, jsonResponse, parseJsonObject } from "../http/message.ts";
import { assertDiscovery, changesBetween } from "./compatibility.ts";
import { AdminError, badField, coded, doesNotExist } from "./error.ts";
import { flagIn } from "./invocation.ts";
import type { InvocationIndex } from "./invocation-index.ts";
import { STATUS_VIEWS } from "./invocation-view.ts";
import type { AdminPorts, AdminRegistry, Exchange, Handling } from "./ports.ts";
import { viewService } from "./service-view.ts";

/** Pages of the index that a removal looks through for pinned invocations. */
const PAGES_MAX = 50;
const PAGE = 1000;
const UNSUPPORTED = ["additional_headers", "assume_role_arn", "auth"] as const;

export interface WantedDeployment {
  readonly address: string;
  /** Ask again what it serves, though it is known. */
  readonly force: boolean;
  /** Register it although callers or invocations in flight rely on what it takes away. */
  readonly breaking: boolean;
  readonly dryRun: boolean;
  /** Throws if what was discovered must not be registered. */
  readonly check?: (deployment: Deployment) => void;
}

export interface Registered {
  readonly deployment: Deployment;
  readonly known: boolean;
  /** Absent: it was not asked. */
  readonly sdkVersion?: string;
}

/** What a registration needs. */
export type RegistrationPorts = Pick<AdminPorts, "registry" | "discoverer" | "clock">;

/** 201 new, 200 known (as it is, or with `force`, the default, discovered anew). 400 bad body; 409 META0006, META0016;
 * 500 META0003, META0012, META0013; 501 nothing here can discover. */
export async function registerDeployment({ ports, request }: Exchange): Handling {
  const wanted = wantedIn(request);
  const { deployment, known, sdkVersion } = await register(ports, wanted);
  const ahead = wanted.dryRun && sdkVersion !== undefined ? 1 : 0;
  const body = await viewRegistered(ports.registry, deployment, ahead, sdkVersion);
  return jsonResponse(known ? 200 : 201, body);
}

/** Discovers what the address serves, and registers it unless it breaks what relies on it. Throws {@link AdminError}. */
export async function register(ports: RegistrationPorts, wanted: WantedDeployment): Promise<Registered> {
  const { address } = wanted;
  const deployments = await ports.registry.deployments();
  const known = deployments.find((deployment) => deployment.address === address);
  if (known && !wanted.force) return { deployment: known, known: true };
  const discovered = await discover(ports, address);
  const deployment: Deployment = {
    id: known?.id ?? deploymentId(address),
    address,
    createdAtMs: known?.createdAtMs ?? ports.clock.now(),
    services: discovered.services,
  };
  wanted.check?.(deployment);
  if (!wanted.breaking) await assertCompatible(ports.registry, deployment, known);
  if (!wanted.dryRun) await ports.registry.register(deployment);
  return { deployment, known: known !== undefined, sdkVersion: discovered.sdkVersion };
}

function wantedIn({ body }: HttpRequest): WantedDeployment {
  const json = parseJsonObject(body);
  if (!json) throw badField("request body", "must be a JSON object");
  const unsupported = UNSUPPORTED.find((name) => !isNothing(json[name]));
  if (unsupported !== undefined) throw badField(`request field '${unsupported}'`, "is not supported");
  const flag = (name: string, preset: boolean): boolean => {
    const value = json[name] ?? preset;
    if (typeof value !== "boolean") throw badField(`request field '${name}'`, "must be true or false");
    return value;
  };
  return {
    address: addressIn(json),
    force: flag("force", true),
    breaking: flag("breaking", false),
    dryRun: flag("dry_run", false),
  };
}

const isNothing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function addressIn({ uri, arn }: Record<string, unknown>): string {
  if (typeof arn === "string" && uri === undefined) {
    // An unqualified ARN, or $LATEST, is not immutable: what is in flight would change under its journal.
    if (/^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:\d+$/.test(arn)) return arn;
    throw badField("request field 'arn'", "must name a version: arn:…:function:{name}:{number}");
  }
  if (typeof uri === "string" && arn === undefined && URL.canParse(uri)) return new URL(uri).href;
  throw badField("request body", "needs either 'uri', a URL, or 'arn'");
}

const deploymentId = (address: string): string =>
  `dp_${Buffer.from(digest(15, "deployment", address)).toString("base64url")}`;

async function discover({ discoverer }: RegistrationPorts, address: string): Promise<DiscoveryResponse> {
  if (!discoverer) {
    throw new AdminError(501, "Deployments cannot be discovered here; the tool that deploys registers them.");
  }
  let answer: DiscoveryResponse;
  try {
    answer = await discoverer.discover(address);
  } catch (error) {
    const code = error instanceof OperationalError ? "META0003" : "META0013";
    throw coded(500, code, `error when discovering '${address}': ${asError(error).message}`);
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

/** Throws 409: META0016 for a deployment that is not what it was, META0006 for a service that others rely on. */
async function assertCompatible(
  registry: AdminRegistry,
  { services }: Deployment,
  known: Deployment | undefined,
): Promise<void> {
  for (const before of known?.services ?? []) {
    const [change] = changesBetween(
      before,
      services.find(({ name }) => name === before.name),
    );
    if (change === undefined) continue;
    const text = `the deployment cannot be updated in place: ${change}. Use 'breaking' to do it all the same`;
    throw coded(409, "META0016", text);
  }
  for (const service of services) {
    const before = await registry.service(service.name);
    const [change] = before ? changesBetween(before, service) : [];
    if (change !== undefined) {
      throw coded(
        409,
        "META0006",
        `incompatible with the registered revision: ${change}. Use 'breaking' to register it`,
      );
    }
  }
}

async function viewRegistered(
  registry: AdminRegistry,
  { id, services }: Deployment,
  ahead = 0,
  sdkVersion?: string,
): Promise<object> {
  const view = async (manifest: ServiceManifest): Promise<object> => {
    const registered = await registry.service(manifest.name);
    const isNewest = ahead > 0 || registered?.deployment === id;
    const revision = isNewest ? { revision: (registered?.revision ?? 0) + ahead } : {};
    return viewService(manifest, { deployment: id, ...revision });
  };
  return {
    id,
    services: await Promise.all(services.map(view)),
    min_protocol_version: PROTOCOL_VERSION,
    max_protocol_version: PROTOCOL_VERSION,
    ...(sdkVersion === undefined ? {} : { sdk_version: sdkVersion }),
    info: [],
  };
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
