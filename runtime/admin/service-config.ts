/**
 * `PATCH /services/{name}`: sets whether the newest revision is public, its retentions and its timeouts, until the next revision.
 *
 * A setting holds for all handlers, whatever each declares, and for invocations that are in flight on that revision. Readers
 * cache it for `REGISTRY_CACHE_MS`.
 */
import { parseDuration } from "../../lib/duration.ts";
import type { HandlerManifest, Options, ServiceManifest } from "../../lib/model/manifest.ts";
import { jsonResponse, parseJsonObject } from "../http/message.ts";
import { badField, badShape, doesNotExist } from "./error.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { findService, viewService } from "./services.ts";

const DURATIONS: Readonly<Record<string, keyof Options>> = {
  idempotency_retention: "idempotencyRetentionMs",
  workflow_completion_retention: "workflowRetentionMs",
  journal_retention: "journalRetentionMs",
  inactivity_timeout: "inactivityTimeoutMs",
  abort_timeout: "abortTimeoutMs",
};

/** 200 with the service as it now is; 400 bad body; 404 unknown. */
export async function configureService({ ports, request }: AdminExchange, name: string): Handling {
  const body = parseJsonObject(request.body);
  if (!body) throw badField("request body", "must be a JSON object");
  const { type } = await findService(ports.registry, name);
  const options = optionsIn(body, type);
  const changed = await ports.registry.configure(name, (manifest) => withOptions(manifest, options));
  if (!changed) throw doesNotExist(`service '${name}'`);
  return jsonResponse(200, viewService(changed, changed));
}

function optionsIn(body: Record<string, unknown>, type: ServiceManifest["type"]): Options {
  const options: Record<string, boolean | number> = {};
  for (const [field, value] of Object.entries(body)) {
    const where = `request field '${field}'`;
    const option = Object.hasOwn(DURATIONS, field) ? DURATIONS[field] : undefined;
    if (option === undefined && field !== "public") throw badField(where, "is none that can be changed");
    // Restate's tools send null for a field that is to stay as it is.
    if (value === null) continue;
    if (option === undefined) {
      if (typeof value !== "boolean") throw badShape(where, "must be true or false");
      options["ingressPrivate"] = !value;
      continue;
    }
    if (option === "workflowRetentionMs" && type !== "workflow")
      throw badField(where, "only workflows have it");
    const ms = typeof value === "string" ? parseDuration(value) : undefined;
    if (ms === undefined) throw badShape(where, "must be a duration like '1d 12h' or 'PT10S'");
    options[option] = ms;
  }
  return options;
}

/** A handler's own setting is taken away, because it would win over its service's. */
function withOptions(manifest: ServiceManifest, options: Options): ServiceManifest {
  const handlers = manifest.handlers.map((handler): HandlerManifest => {
    const { name, kind, ...rest } = handler;
    const kept = Object.fromEntries(
      Object.entries(rest).filter(([option]) => !Object.hasOwn(options, option)),
    );
    return { name, kind, ...kept };
  });
  return { ...manifest, ...options, handlers };
}
