import { expect, test } from "vitest";
import { DEPLOYMENT } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const JSON_TYPE = { "content-type": "application/json" };

test("there is no cluster, and it is healthy", async () => {
  expect(await new AdminWorld().ask("GET /cluster-health")).toMatchObject({
    status: 200,
    body: { cluster_name: "perdure", metadata_cluster_health: { members: [] } },
  });
});

test.each([
  ["HEAD /health", 200],
  ["HEAD /services", 200],
  ["HEAD /services/Nope", 404],
  ["HEAD /invocations/inv_zz/kill", 405],
])("%s is %i, without a body", async (line, status) => {
  expect(await new AdminWorld().ask(line)).toMatchObject({ status, body: "" });
});

test("health is empty", async () => {
  expect(await new AdminWorld().ask("GET /health")).toEqual({ status: 200, headers: {}, body: "" });
});

test("the version says where the ingress is", async () => {
  expect(await new AdminWorld().ask("GET /version")).toEqual({
    status: 200,
    headers: JSON_TYPE,
    body: {
      version: "0.1.0",
      min_admin_api_version: 2,
      max_admin_api_version: 4,
      ingress_endpoint: "http://127.0.0.1:8080/",
      features: {},
      environment: {
        ...{ kind: "local", name: null, region: null, account: null, role: null },
        ...{ data_path: null, is_production: null },
      },
    },
  });
});

test("deployments are listed, the oldest first", async () => {
  const world = new AdminWorld();
  const newer = {
    ...DEPLOYMENT,
    id: "dp_2",
    address: "http://localhost:9080/",
    createdAtMs: DEPLOYMENT.createdAtMs + 1,
  };
  world.register({ ...newer, services: newer.services.slice(0, 1) });
  const arn = DEPLOYMENT.address;
  const protocol = { min_protocol_version: 1, max_protocol_version: 1 };
  expect((await world.ask("GET /deployments")).body).toEqual({
    deployments: [
      {
        id: "dp_1",
        arn,
        created_at: "2026-11-21T15:48:42.688Z",
        ...protocol,
        services: [
          { name: "T", revision: 1 },
          { name: "O", revision: 1 },
          { name: "W", revision: 1 },
          { name: "P", revision: 1 },
        ],
      },
      {
        id: "dp_2",
        uri: "http://localhost:9080/",
        protocol_type: "BidiStream",
        http_version: "HTTP/2.0",
        created_at: "2026-11-21T15:48:42.689Z",
        ...protocol,
        services: [{ name: "T", revision: 2 }],
      },
    ],
  });
});

test("a deployment is described with its services", async () => {
  const { body } = await new AdminWorld().ask("GET /deployments/dp_1");
  expect(body).toMatchObject({
    id: "dp_1",
    services: [
      { name: "T", ty: "Service", deployment_id: "dp_1", revision: 1 },
      { name: "O", ty: "VirtualObject" },
      { name: "W", ty: "Workflow", workflow_completion_retention: "1d" },
      { name: "P", public: false },
    ],
  });
});

test("services are listed by name", async () => {
  const { body } = await new AdminWorld().ask("GET /services");
  expect((body as { services: { name: string }[] }).services.map(({ name }) => name)).toEqual([
    "O",
    "P",
    "T",
    "W",
  ]);
});

test("a service is described with what is set and what is the default", async () => {
  const world = new AdminWorld();
  world.register({
    ...DEPLOYMENT,
    id: "dp_2",
    services: [
      {
        name: "S",
        type: "object",
        description: "A service.",
        metadata: { team: "a" },
        idempotencyRetentionMs: 90_000,
        journalRetentionMs: 0,
        inactivityTimeoutMs: 60_000,
        retryPolicy: { maxAttempts: Number.POSITIVE_INFINITY, onMaxAttempts: "kill", initialIntervalMs: 500 },
        handlers: [
          {
            name: "h",
            kind: "exclusive",
            accept: "image/*",
            outputContentType: "image/png",
            inputJsonSchema: { type: "string" },
            ingressPrivate: true,
            abortTimeoutMs: 600_000,
            journalRetentionMs: 1,
            retryPolicy: { maxAttempts: 3 },
            description: "A handler.",
          },
        ],
      },
    ],
  });
  const handler = {
    name: "h",
    ty: "Exclusive",
    public: false,
    input_description: "image/*",
    output_description: "image/png",
    input_json_schema: { type: "string" },
    journal_retention: "1ms",
    abort_timeout: "10m",
    retry_policy: { max_attempts: 3 },
    documentation: "A handler.",
  };
  expect(await world.ask("GET /services/S")).toEqual({
    status: 200,
    headers: JSON_TYPE,
    body: {
      name: "S",
      ty: "VirtualObject",
      handlers: [handler],
      deployment_id: "dp_2",
      revision: 1,
      public: true,
      idempotency_retention: "1m 30s",
      journal_retention: "0s",
      inactivity_timeout: "1m",
      retry_policy: {
        initial_interval: "500ms",
        exponentiation_factor: 2,
        max_attempts: null,
        max_interval: "1m",
        on_max_attempts: "Kill",
      },
      documentation: "A service.",
      metadata: { team: "a" },
    },
  });
  expect((await world.ask("GET /services/S/handlers")).body).toEqual({ handlers: [handler] });
  expect((await world.ask("GET /services/S/handlers/h")).body).toEqual(handler);
});

test.each([
  ["GET /services/Nope", 404, "The requested service 'Nope' does not exist"],
  ["GET /services/Nope/handlers", 404, "The requested service 'Nope' does not exist"],
  ["GET /services/T/handlers/nope", 404, "The requested handler 'nope' on service 'T' does not exist"],
  ["GET /deployments/dp_9", 404, "The requested deployment 'dp_9' does not exist"],
  ["GET /foo", 404, "not found"],
  ["GET /services/%FF", 400, "The path is invalid. Reason: bad percent-encoding"],
  ["POST /version", 405, "method not allowed"],
])("%s is %s", async (line, status, message) => {
  const answer = await new AdminWorld().ask(line);
  expect(answer).toMatchObject({ status, headers: JSON_TYPE, body: { message, restate_code: null } });
});
