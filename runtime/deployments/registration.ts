/**
 * Registers deployments, and moves them to another address: for the admin API and for the stack's registrar.
 *
 * Job: asks the address what it serves, and compares the answer with what is registered. Boundary: it knows nothing of
 * HTTP or CloudFormation. Its callers turn a {@link DeploymentError} into their answers.
 *
 * A deployment's id derives from its address. So two registrations at the same time, or one more after a removal, give the
 * same id, and invocations pinned to it go on.
 */
import { asError, OperationalError } from "../../lib/errors.ts";
import { digest } from "../../lib/hash.ts";
import type { Deployment, Reachable, ServiceManifest } from "../../lib/model/manifest.ts";
import { type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";
import { assertDiscovery, breakingChange, changesBetween } from "./compatibility.ts";
import { DeploymentError } from "./error.ts";
import type { DeploymentPorts, DeploymentRegistry } from "./ports.ts";
import { SAME_ADDRESS_MAX } from "../../lib/limits/http.ts";

export interface WantedDeployment {
  readonly target: Reachable;
  readonly metadata?: Record<string, string>;
  readonly fingerprint?: string;
  /** Ask it again if it is registered already. */
  readonly force: boolean;
  /** Register it even if it breaks what others rely on. */
  readonly breaking: boolean;
  readonly dryRun: boolean;
  /** Refuse also what takes handlers away, or whole services of a registered deployment: for deployments that nobody
   * looks at. Its text says what its reader can do. */
  readonly strict?: string;
  /** Throws if what was discovered must not be registered. */
  readonly check?: (deployment: Deployment) => void;
  /** The last word, when nothing else stands against it. Rejects if it must not be registered. */
  readonly gate?: (deployment: Deployment) => Promise<void>;
}

export interface WantedMove {
  readonly target: Reachable;
  /** From now on it serves what the new address serves. */
  readonly overwrite: boolean;
  readonly dryRun: boolean;
}

export interface Registered {
  readonly deployment: Deployment;
  /** Whether its address was registered before. */
  readonly known: boolean;
  /** What callers and invocations in flight may trip over, for people to read. */
  readonly info: readonly object[];
}

/** Registers what the address serves, unless that breaks what others rely on. Throws {@link DeploymentError}. */
export async function register(ports: DeploymentPorts, wanted: WantedDeployment): Promise<Registered> {
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
    ...givenOf(wanted, held),
  };
  wanted.check?.(deployment);
  if (wanted.strict !== undefined && !wanted.breaking)
    await assertCompatible(registry, deployment, { known, remedy: wanted.strict });
  const info = await checkServices(registry, deployment, wanted);
  const isKnown = known !== undefined;
  if (wanted.dryRun) return { deployment: await asIfRegistered(registry, deployment), known: isKnown, info };
  await wanted.gate?.(deployment);
  await registry.register(deployment);
  return { deployment: (await registry.deployment(deployment.id)) ?? deployment, known: isKnown, info };
}

/**
 * Moves a deployment to another address, or changes its headers. Invocations in flight go there from now on. Without
 * `overwrite` it stays what it was, and the new address must serve all of that. Throws {@link DeploymentError}.
 */
export async function move(
  ports: DeploymentPorts,
  known: Deployment,
  { target, overwrite, dryRun }: WantedMove,
): Promise<Deployment> {
  const { registry } = ports;
  const { sdkVersion, services } = await discover(ports, target);
  const { address: _, headers: _headers, http11: _http11, ...rest } = known;
  const moved: Deployment = { ...rest, ...target, ...(overwrite ? { sdkVersion, services } : {}) };
  if (!overwrite) assertHasAll(services, known);
  if (dryRun) return moved;
  if (overwrite) await registry.register(moved, { keep: true });
  else await registry.move(known.id, target);
  return (await registry.deployment(known.id)) ?? moved;
}

type Given = Pick<Deployment, "metadata" | "fingerprint">;

/** What is not given again stays as it was. */
function givenOf(wanted: WantedDeployment, held: Given): Given {
  const { metadata = held.metadata, fingerprint = held.fingerprint } = wanted;
  return { ...(metadata ? { metadata } : {}), ...(fingerprint === undefined ? {} : { fingerprint }) };
}

const ambiguous = (address: string): DeploymentError =>
  new DeploymentError(
    "META0017",
    `several deployments share the address '${address}': change one by its id instead`,
  );
const differs = (change: string): DeploymentError =>
  new DeploymentError(
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

async function discover({ discoverer }: DeploymentPorts, target: Reachable): Promise<DiscoveryResponse> {
  if (!discoverer) {
    throw new DeploymentError(
      undefined,
      "Deployments cannot be discovered here; the tool that deploys registers them.",
    );
  }
  const { address } = target;
  let answer: DiscoveryResponse;
  try {
    answer = await discoverer.discover(target);
  } catch (error) {
    if (error instanceof DeploymentError) throw error;
    const code = error instanceof OperationalError ? "META0003" : "META0013";
    throw new DeploymentError(code, `error when calling '${address}': ${asError(error).message}`);
  }
  const spoken: unknown = answer.version;
  if (spoken !== PROTOCOL_VERSION) {
    const text = `'${address}' speaks protocol version ${String(spoken)}, this server another`;
    throw new DeploymentError("META0012", text);
  }
  try {
    assertDiscovery(answer);
  } catch (error) {
    const text = `bad discovery response of '${address}': ${asError(error).message}`;
    throw new DeploymentError("META0013", text);
  }
  return answer;
}

/** Throws META0016 if something that the deployment serves is missing. */
function assertHasAll(services: readonly ServiceManifest[], known: Deployment): void {
  for (const before of known.services) {
    const [change] = changesBetween(
      before,
      services.find(({ name }) => name === before.name),
    );
    if (change !== undefined) throw differs(change);
  }
}

/** Throws META0016 if the deployment is not what it was, and META0006 if a service breaks those who use it. */
async function assertCompatible(
  registry: DeploymentRegistry,
  { services }: Deployment,
  { known, remedy }: { readonly known: Deployment | undefined; readonly remedy: string },
): Promise<void> {
  if (known) assertHasAll(services, known);
  for (const service of services) {
    const before = await registry.service(service.name);
    const [change] = before ? changesBetween(before, service) : [];
    if (change === undefined) continue;
    const text = `incompatible with the registered revision: ${change}. ${remedy}`;
    throw new DeploymentError("META0006", text);
  }
}

/** Throws META0006 for a service of another type, unless that is asked for. Answers what else callers and invocations in
 * flight may trip over, for people to read. */
async function checkServices(
  registry: DeploymentRegistry,
  { services }: Deployment,
  { force, breaking }: WantedDeployment,
): Promise<readonly object[]> {
  const info: object[] = [];
  for (const service of services) {
    const before = await registry.service(service.name);
    if (!before) continue;
    const refused = breakingChange(before, service);
    if (refused !== undefined && !force && !breaking) throw new DeploymentError("META0006", refused);
    info.push(...changesBetween(before, service).map((message) => ({ message })));
  }
  return info;
}

/** With the revisions that its services would have. */
async function asIfRegistered(registry: DeploymentRegistry, deployment: Deployment): Promise<Deployment> {
  const revisions: Record<string, number> = {};
  for (const { name } of deployment.services) {
    revisions[name] = ((await registry.service(name))?.revision ?? 0) + 1;
  }
  return { ...deployment, revisions };
}
