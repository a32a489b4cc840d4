/** From a path to the handler that it names. */
import type { HandlerManifest, RegisteredService } from "../../lib/model/manifest.ts";
import { KEY_BYTES_MAX } from "../../lib/limits.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Registry } from "../../lib/ports.ts";
import { handlerNotFound, IngressError, serviceNotFound } from "./error.ts";

export interface ResolvedTarget {
  readonly target: Target;
  readonly service: RegisteredService;
  readonly handler: HandlerManifest;
}

/** `legacy`: `/{service}[/{key}]/{handler}[/send]`, which alone says by its end whether it is a send. */
export type PathFamily = "call" | "send" | "legacy";

const BAD_PATH = "bad path, expected either /:service-name/:handler or /:object-name/:object-key/:handler";

/** Finds what `segments` (service, key if it is keyed, handler) name, and whether it is to be called or sent to. Throws
 * {@link IngressError}: 404 for what is not registered, 400 for a path of the wrong form. */
export async function resolvePath(
  registry: Registry,
  segments: readonly string[],
  family: PathFamily,
): Promise<ResolvedTarget & { readonly send: boolean }> {
  const [name = "", ...rest] = segments;
  const service = await findService(registry, name);
  const length = service.type === "service" ? 1 : 2;
  // The service's type decides, so that a handler, or a key, may be called "send".
  const suffix = family === "legacy" && rest.length === length + 1 && rest.at(-1) === "send";
  if (rest.length !== length && !suffix) throw new IngressError(400, BAD_PATH);
  const [key, handler] = length === 1 ? [undefined, rest[0]] : [rest[0], rest[1]];
  return { ...resolveIn(service, key, handler ?? ""), send: suffix || family === "send" };
}

/** As {@link resolvePath}, for names that were given one by one. */
export async function resolveNames(
  registry: Registry,
  name: string,
  key: string | undefined,
  handler: string,
): Promise<ResolvedTarget> {
  const service = await findService(registry, name);
  if ((service.type === "service") !== (key === undefined)) {
    throw new IngressError(400, `'${name}' ${key === undefined ? "needs a key" : "takes no key"}`);
  }
  return resolveIn(service, key, handler);
}

async function findService(registry: Registry, name: string): Promise<RegisteredService> {
  const service = await registry.service(name);
  if (!service) throw serviceNotFound(name);
  return service;
}

function resolveIn(service: RegisteredService, key: string | undefined, handlerName: string): ResolvedTarget {
  const handler = service.handlers.find(({ name }) => name === handlerName);
  if (!handler) throw handlerNotFound(service.name, handlerName);
  if (key !== undefined) assertKey(key);
  const target = { service: service.name, handler: handlerName, ...(key === undefined ? {} : { key }) };
  return { target, service, handler };
}

/** Throws {@link IngressError} 400 for a key that no partition can hold. */
export function assertKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > KEY_BYTES_MAX) {
    throw new IngressError(400, `the key is ${bytes} bytes long; at most ${KEY_BYTES_MAX} are supported`);
  }
}
