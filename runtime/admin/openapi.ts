/** `GET /services/{name}/openapi`: the ingress of one service in OpenAPI 3.1, with the paths of Restate's document. */
import type { HandlerManifest, RegisteredService } from "../../lib/model/manifest.ts";
import { jsonResponse } from "../http/message.ts";
import type { AdminExchange, Handling } from "./ports.ts";
import { findService } from "./services.ts";

/** 200; 404 unknown. Private handlers are left out: the ingress does not take them. */
export async function describeOpenApi({ ports, options }: AdminExchange, name: string): Handling {
  const service = await findService(ports.registry, name);
  return jsonResponse(200, openApiOf(service, options.ingressEndpoint));
}

function openApiOf(service: RegisteredService, ingress: string): object {
  const { name, revision, description, handlers } = service;
  const open = handlers.filter((handler) => !(handler.ingressPrivate ?? service.ingressPrivate ?? false));
  return {
    openapi: "3.1.0",
    info: {
      title: name,
      version: String(revision),
      ...(description === undefined ? {} : { description }),
    },
    ...(ingress === "" ? {} : { servers: [{ url: ingress, description: "Ingress" }] }),
    paths: Object.fromEntries(open.flatMap((handler) => pathsOf(service, handler))),
    components: COMPONENTS,
  };
}

type Path = readonly [string, object];

function pathsOf(service: RegisteredService, handler: HandlerManifest): Path[] {
  const target = `${service.name}/${service.type === "service" ? "" : "{key}/"}${handler.name}`;
  const keyed = service.type === "service" ? [] : [parameter("key")];
  const common = {
    tags: [service.name],
    ...(handler.description === undefined ? {} : { description: handler.description }),
  };
  const request = { ...common, ...bodyOf(handler) };
  const idempotency = handler.kind === "workflow" ? [] : [parameter("idempotencyKeyHeader")];
  const call: Path = [
    `/restate/call/${target}`,
    {
      post: {
        ...{ operationId: handler.name, summary: `Call ${service.name}/${handler.name}`, ...request },
        parameters: [...keyed, ...idempotency],
        responses: { "200": resultOf(handler), default: response("GenericError") },
      },
    },
  ];
  const send: Path = [
    `/restate/send/${target}`,
    {
      post: {
        ...{
          operationId: `${handler.name}Send`,
          summary: `Send to ${service.name}/${handler.name}`,
          ...request,
        },
        parameters: [...keyed, parameter("delay"), ...idempotency],
        responses: { "202": response("Send"), default: response("GenericError") },
      },
    },
  ];
  return [call, send, ...(["attach", "output"] as const).map((way) => later(service, handler, way, common))];
}

/** How a result is asked for later: by the workflow's key, or by the idempotency key of the request. */
function later(
  service: RegisteredService,
  handler: HandlerManifest,
  way: "attach" | "output",
  common: object,
): Path {
  const isRun = handler.kind === "workflow";
  const keyed = service.type === "service" ? "" : "{key}/";
  const path = isRun
    ? `/restate/workflow/${service.name}/{key}/${way}`
    : `/restate/invocation/${service.name}/${keyed}${handler.name}/{idempotencyKey}/${way}`;
  const get = {
    ...{ operationId: `${handler.name}${way === "attach" ? "Attach" : "Output"}`, ...common },
    parameters: [
      ...(keyed === "" ? [] : [parameter("key")]),
      ...(isRun ? [] : [parameter("idempotencyKeyPath")]),
    ],
    responses: {
      "200": resultOf(handler),
      "404": response("GenericError"),
      ...(way === "output" ? { "470": response("GenericError") } : {}),
      default: response("GenericError"),
    },
  };
  return [path, { get }];
}

/** Without a schema nothing is known of the input. The empty schema takes anything. */
function bodyOf({ accept, inputJsonSchema }: HandlerManifest): object {
  const types = (accept ?? "application/json").split(",").map((type) => type.trim());
  const media = { schema: inputJsonSchema ?? {} };
  return { requestBody: { content: Object.fromEntries(types.map((type) => [type, media])) } };
}

const resultOf = ({ outputContentType, outputJsonSchema }: HandlerManifest): object => ({
  description: "The result",
  content: { [outputContentType ?? "application/json"]: { schema: outputJsonSchema ?? {} } },
});

const parameter = (name: keyof typeof COMPONENTS.parameters): object => ({
  $ref: `#/components/parameters/${name}`,
});
const response = (name: keyof typeof COMPONENTS.responses): object => ({
  $ref: `#/components/responses/${name}`,
});
const json = (schema: string): object => ({
  "application/json": { schema: { $ref: `#/components/schemas/${schema}` } },
});

const COMPONENTS = {
  parameters: {
    key: { name: "key", in: "path", required: true, schema: { type: "string" } },
    delay: {
      ...{ name: "delay", in: "query", required: false, example: "10s", schema: { type: "string" } },
      description: "Start no earlier than this from now.",
    },
    idempotencyKeyHeader: {
      ...{ name: "idempotency-key", in: "header", required: false, schema: { type: "string" } },
      description: "A repeated request with the same key gets the first one's result.",
    },
    idempotencyKeyPath: { name: "idempotencyKey", in: "path", required: true, schema: { type: "string" } },
  },
  responses: {
    GenericError: { description: "An error", content: json("Error") },
    Send: { description: "Accepted, or accepted before", content: json("Send") },
  },
  schemas: {
    Error: {
      type: "object",
      required: ["message"],
      properties: {
        code: { type: "integer" },
        message: { type: "string" },
        metadata: { type: "object", additionalProperties: { type: "string" } },
        source: { type: "string", enum: ["ingress", "invocation"] },
      },
    },
    Send: {
      type: "object",
      required: ["invocationId", "status"],
      properties: {
        invocationId: { type: "string" },
        status: { type: "string", enum: ["Accepted", "PreviouslyAccepted"] },
        executionTime: { type: "string", format: "date-time" },
      },
    },
  },
} as const;
