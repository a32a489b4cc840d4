/** The ways to name an invocation: by its id, by a workflow's key, or by an idempotency key with its target. */
import { derivedIdOf } from "../../lib/store/admission.ts";
import { workflowIdOf } from "../../lib/store/workflow-life.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { Registry } from "../../lib/ports.ts";
import { type HttpRequest, parseJsonObject } from "../http/message.ts";
import { IngressError } from "./error.ts";
import { assertPublic } from "./privacy.ts";
import { assertIdempotencyKey, assertKey, resolveNames } from "./request.ts";
import type { AwaitedInvocation } from "./result.ts";

/** Throws {@link IngressError} 400 if the text is not an invocation's id. */
export function byId(id: string): AwaitedInvocation {
  const stored = storedId(id);
  if (stored === undefined)
    throw new IngressError(400, `bad invocation id '${id.slice(0, 100)}': bad format`);
  return { id: stored, derived: false };
}

/** Throws {@link IngressError} 400 if it is private. */
export async function byWorkflow(
  registry: Pick<Registry, "service">,
  workflow: string,
  key: string,
): Promise<AwaitedInvocation> {
  assertKey(key);
  const service = await registry.service(workflow);
  if (service)
    assertPublic(
      service,
      service.handlers.find(({ kind }) => kind === "workflow"),
    );
  return { id: workflowIdOf(workflow, key), derived: true };
}

export interface IdempotentTarget {
  readonly service: string;
  readonly key?: string | undefined;
  readonly handler: string;
  readonly idempotencyKey: string;
}

/** Throws {@link IngressError} 404 if the service or handler is not registered: the handler's kind is part of the id; 400 if it is
 * private. */
export async function byIdempotencyKey(
  registry: Registry,
  names: IdempotentTarget,
): Promise<AwaitedInvocation> {
  assertIdempotencyKey(names.idempotencyKey);
  const { target, handler, service } = await resolveNames(registry, names.service, names.key, names.handler);
  assertPublic(service, handler);
  const id = derivedIdOf(target, handler.kind, names.idempotencyKey);
  if (id === undefined) throw new IngressError(400, "the target derives no invocation id");
  return { id, derived: true };
}

/** From a JSON body: `{target: "invocation" | "workflow" | "idempotentInvocation", …}`. */
export async function byBody(registry: Registry, { body }: HttpRequest): Promise<AwaitedInvocation> {
  const json = parseJsonObject(body);
  if (!json) throw new IngressError(400, "cannot read body: not a JSON object");
  const text = (name: string): string => {
    const value = json[name];
    if (typeof value === "string") return value;
    throw new IngressError(400, `cannot read body: field '${name}' must be a string`);
  };
  if (typeof json["scope"] === "string") throw new IngressError(400, "scopes are not supported");
  switch (json["target"]) {
    case "invocation":
      return byId(text("invocationId"));
    case "workflow":
      return await byWorkflow(registry, text("workflowName"), text("workflowKey"));
    case "idempotentInvocation": {
      const key = (json["key"] ?? undefined) === undefined ? undefined : text("key");
      const [service, handler, idempotencyKey] = [text("service"), text("handler"), text("idempotencyKey")];
      return byIdempotencyKey(registry, { service, key, handler, idempotencyKey });
    }
    default:
      throw new IngressError(
        400,
        `cannot read body: unknown target '${String(json["target"])}', expected one of workflow, idempotentInvocation, invocation`,
      );
  }
}
