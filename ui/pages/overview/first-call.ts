/** The command that makes the first call of what is served. */
import type { Target } from "../../admin/invocation.ts";
import type { ServiceInfo } from "../../admin/service.ts";

export interface FirstCall {
  readonly target: Partial<Target>;
  readonly curl: string;
}

/** `undefined`: nothing here can be called from outside. A workflow's `run` comes before its shared handlers. */
export function firstCall(services: readonly ServiceInfo[], ingress: string): FirstCall | undefined {
  const found = services
    .filter((service) => service.isPublic)
    .flatMap((service) =>
      service.handlers.filter((one) => one.isPublic).map((handler) => ({ service, handler })),
    )
    .toSorted((a, b) => rank(a.handler.kind) - rank(b.handler.kind))[0];
  if (found === undefined) return undefined;
  const { service, handler } = found;
  const parts = [service.name, ...(service.type === "Service" ? [] : ["my-key"]), handler.name];
  const url = `${ingress.replace(/\/$/u, "")}/${parts.map(encodeURIComponent).join("/")}`;
  const input = JSON.stringify(sample(handler.fields.raw["input_json_schema"], 0));
  return {
    target: { service: service.name, handler: handler.name },
    curl: `curl ${shellQuoted(url)} --json ${shellQuoted(input)}`,
  };
}

const rank = (kind: string | undefined): number => (kind === "Shared" ? 1 : 0);
const shellQuoted = (text: string): string =>
  /^[\w:/.@%-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Deeper values of a schema are null. */
const DEPTH_MAX = 4;
const BY_TYPE: Readonly<Record<string, unknown>> = { string: "hello", number: 1, integer: 1, boolean: true };

/** A value that fits a schema, or `{}` where there is none. */
function sample(schema: unknown, depth: number): unknown {
  if (typeof schema !== "object" || schema === null) return {};
  if (depth > DEPTH_MAX) return null;
  const { type, properties, items, ...hints } = schema as Record<string, unknown>;
  const said = saidBy(hints);
  if (said !== undefined) return said;
  if (typeof type === "string" && type in BY_TYPE) return BY_TYPE[type];
  if (type === "array") return [sample(items ?? {}, depth + 1)];
  const inner = typeof properties === "object" && properties !== null ? properties : {};
  return Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, sample(one, depth + 1)]));
}

function saidBy({ default: preset, examples, enum: values }: Readonly<Record<string, unknown>>): unknown {
  if (preset !== undefined) return preset;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  return Array.isArray(values) ? values[0] : undefined;
}
