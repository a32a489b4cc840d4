/** The handler that records become invocations of: `service://Service/handler`, as Restate writes it, also for objects and workflows. */
import { SUBSCRIPTION_TEXT_BYTES_MAX } from "../../lib/limits/events.ts";
import type { HandlerManifest, RegisteredService } from "../../lib/model/manifest.ts";
import type { Registry } from "../../lib/ports.ts";

export interface Sink {
  readonly service: string;
  readonly handler: string;
}

export interface ResolvedSink extends Sink {
  readonly manifest: HandlerManifest;
  readonly isKeyed: boolean;
}

/** Says in words what is wrong with it. */
export function parseSink(text: string): Sink | string {
  if (Buffer.byteLength(text) > SUBSCRIPTION_TEXT_BYTES_MAX)
    return `is longer than ${SUBSCRIPTION_TEXT_BYTES_MAX} bytes`;
  const [, scheme, service, handler] = /^([a-z]+):\/\/([^/]+)\/([^/]+)$/u.exec(text) ?? [];
  if (scheme !== "service" || service === undefined || handler === undefined)
    return "must be of the form service://Service/handler";
  return { service, handler };
}

/** Says in words what is missing. Both may be there a moment later: a deployment is under way. */
export async function resolveSink(
  registry: Pick<Registry, "service">,
  { service: name, handler: wanted }: Sink,
): Promise<ResolvedSink | string> {
  const service = await registry.service(name);
  if (!service) return `service '${name}' is not registered`;
  const manifest = handlerOf(service, wanted);
  return manifest
    ? { service: name, handler: wanted, manifest, isKeyed: service.type !== "service" }
    : `service '${name}' has no handler '${wanted}'`;
}

const handlerOf = ({ handlers }: RegisteredService, wanted: string): HandlerManifest | undefined =>
  handlers.find(({ name }) => name === wanted);
