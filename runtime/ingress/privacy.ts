/**
 * Private handlers: other handlers call them, and nobody does so over HTTP. So nobody may wait for what they do either, or signal
 * them, by whatever id or key they name it (docs/decisions/0024-secrets-and-capabilities.md).
 *
 * What is private is what its newest registration says. To those who are refused, an id of it is one that does not exist. An awakeable
 * is for whoever was given its id: it is not asked about here.
 */
import { isPerhapsUnseen } from "../../lib/store/admission.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { REGISTRY_CACHE_MS } from "../../lib/limits.ts";
import type { Head } from "../../lib/model/head.ts";
import { type InvocationId, serviceTag, tagOf } from "../../lib/model/ids.ts";
import type { HandlerManifest, ServiceManifest } from "../../lib/model/manifest.ts";
import type { Registry } from "../../lib/ports.ts";
import { IngressError, invocationNotFound } from "./error.ts";
import type { IngressPorts } from "./ports.ts";

/** A handler that the service does not have is what its service is. */
const isPrivate = (
  service: Pick<ServiceManifest, "ingressPrivate">,
  handler: Pick<HandlerManifest, "ingressPrivate"> | undefined,
): boolean => handler?.ingressPrivate ?? service.ingressPrivate ?? false;

/** Throws {@link IngressError} 400, as Restate does. */
export function assertPublic(service: ServiceManifest, handler: HandlerManifest | undefined): void {
  if (isPrivate(service, handler)) throw new IngressError(400, "the invoked service is not public");
}

/** By the newest registration; if that has the handler no more, by the deployment that the invocation is pinned to. */
export async function isPrivateHead(
  registry: Pick<Registry, "service" | "deployment">,
  { target, deployment }: Pick<Head, "target" | "deployment">,
): Promise<boolean> {
  const newest = await registry.service(target.service);
  const current = newest && handlerIn(newest, target.handler);
  const pinned = current || deployment === undefined ? undefined : await registry.deployment(deployment);
  const service = pinned?.services.find(({ name }) => name === target.service) ?? newest;
  return service !== undefined && isPrivate(service, handlerIn(service, target.handler));
}

const handlerIn = ({ handlers }: ServiceManifest, wanted: string): HandlerManifest | undefined =>
  handlers.find(({ name }) => name === wanted);

/**
 * Whether somebody outside may signal it. The id names its service: where all of its handlers are public, or all private, nothing is
 * read. Throws {@link IngressError} 404.
 *
 * An id that has no head says how it was made. One that was made at the door moments ago is public; a handler's call, or a key's, is not
 * known to be.
 */
export async function assertSignalled(ports: IngressPorts, id: InvocationId): Promise<void> {
  const { registry, items, clock } = ports;
  const name = await namesOf(ports).of(tagOf(id));
  const service = name === undefined ? undefined : await registry.service(name);
  const kinds = new Set(service?.handlers.map((handler) => isPrivate(service, handler)));
  if (service && kinds.size === 1) {
    if (kinds.has(true)) throw invocationNotFound(id);
    return;
  }
  const head = (await readHead(items, id))?.head;
  const isRefused = head ? await isPrivateHead(registry, head) : !isPerhapsUnseen(id, clock.now());
  if (isRefused) throw invocationNotFound(id);
}

/** The services' names by their tags. A list is asked for when a tag is not known, and not again for a while. */
class ServiceNames {
  readonly #ports: Pick<IngressPorts, "registry" | "clock">;
  #names: ReadonlyMap<string, string> = new Map();
  #readAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: Pick<IngressPorts, "registry" | "clock">) {
    this.#ports = ports;
  }

  async of(tag: string): Promise<string | undefined> {
    const nowMs = this.#ports.clock.now();
    if (!this.#names.has(tag) && nowMs - this.#readAtMs >= REGISTRY_CACHE_MS) {
      const services = await this.#ports.registry.services();
      this.#names = new Map(services.map(({ name }) => [serviceTag(name), name]));
      this.#readAtMs = nowMs;
    }
    return this.#names.get(tag);
  }
}

const known = new WeakMap<Registry, ServiceNames>();

function namesOf(ports: IngressPorts): ServiceNames {
  const names = known.get(ports.registry) ?? new ServiceNames(ports);
  known.set(ports.registry, names);
  return names;
}
