/** Checks a discovery, and finds the changes of a service that break its callers or its invocations in flight. */
import type { HandlerKind, HandlerManifest, ServiceManifest, ServiceType } from "../../lib/model/manifest.ts";
import type { DiscoveryResponse } from "../../lib/protocol.ts";

const KINDS: Readonly<Record<ServiceType, readonly HandlerKind[]>> = {
  service: ["plain"],
  object: ["exclusive", "shared"],
  workflow: ["workflow", "shared"],
};

/** Each removed handler, changed kind of handler or changed type, in words. `after` is absent if the service is gone. */
export function changesBetween(before: ServiceManifest, after: ServiceManifest | undefined): string[] {
  if (!after) return [`service ${before.name} is no longer served`];
  if (before.type !== after.type) {
    return [`service ${before.name} was of type ${before.type} and would be of type ${after.type}`];
  }
  return before.handlers.flatMap((handler) => {
    const name = `${before.name}/${handler.name}`;
    const now = after.handlers.find((candidate) => candidate.name === handler.name);
    if (!now) return [`handler ${name} is removed`];
    return now.kind === handler.kind ? [] : [`handler ${name} was ${handler.kind} and would be ${now.kind}`];
  });
}

/** The change that no new revision may make, in words, or `undefined`. With another type, the service's state and open
 * invocations would mean something else. */
export const breakingChange = (before: ServiceManifest, after: ServiceManifest): string | undefined =>
  before.type === after.type
    ? undefined
    : `detected a new service revision for '${after.name}' changing the service type from previous revision. Service type cannot be changed across revisions. Use 'breaking' to do it all the same.`;

/** Throws `TypeError` if an endpoint must not answer this. */
export function assertDiscovery({ services }: DiscoveryResponse): void {
  // It comes from outside, so its type is not certain.
  if (!isFilledList(services)) throw new TypeError("it serves nothing");
  assertNames(services, "the deployment");
  for (const service of services) {
    const kinds = Object.hasOwn(KINDS, service.type) ? KINDS[service.type] : undefined;
    if (!kinds) throw new TypeError(`service ${service.name} has an unknown type`);
    if (!isFilledList(service.handlers)) throw new TypeError(`service ${service.name} has no handlers`);
    assertNames(service.handlers, `service ${service.name}`);
    for (const handler of service.handlers) assertKind(service, handler, kinds);
  }
}

function assertKind(service: ServiceManifest, handler: HandlerManifest, kinds: readonly HandlerKind[]): void {
  if (kinds.includes(handler.kind)) return;
  throw new TypeError(
    `handler ${service.name}/${handler.name} is of a kind that a ${service.type} cannot have`,
  );
}

const isFilledList = (value: unknown): boolean => Array.isArray(value) && value.length > 0;

/** Letters, digits, `_`, `-` and dots: a path, and each tool, can hold them as they are. */
const NAME = /^(?:[A-Za-z]|_[A-Za-z0-9])[\w.-]*$/;

function assertNames(named: readonly { readonly name: string }[], where: string): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (typeof name !== "string" || !NAME.test(name)) throw new TypeError(`${where} has a bad name in it`);
    if (seen.has(name)) throw new TypeError(`${where} has ${name} twice`);
    seen.add(name);
  }
}
