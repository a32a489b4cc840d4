/** `PATCH /services/{name}` and `GET /services/{name}/openapi`. */
import { Validator } from "@seriousme/openapi-schema-validator";
import { object, type ObjectContext } from "perdure";
import { describe, expect, test } from "vitest";
import { DEPLOYMENT } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";
import { ask, World } from "./engine.ts";

describe("changing a service", () => {
  test("shows in it, in its handlers, and in the deployment", async () => {
    const world = new AdminWorld();
    const change = {
      ...{ public: true, idempotency_retention: "2h", journal_retention: "PT10S" },
      ...{ inactivity_timeout: "1m 30s", abort_timeout: null },
    };
    const changed = await world.ask("PATCH /services/T", change);
    const expected = {
      ...{
        public: true,
        idempotency_retention: "2h",
        journal_retention: "10s",
        inactivity_timeout: "1m 30s",
      },
      revision: 1,
    };
    expect(changed).toMatchObject({ status: 200, body: expected });
    expect(changed.body).not.toHaveProperty("abort_timeout");
    expect((await world.ask("GET /services/T")).body).toMatchObject(expected);
    // Its own declaration makes it private.
    expect((await world.ask("GET /services/T/handlers/hidden")).body).toMatchObject({ public: true });
    const deployment = await world.registry.deployment("dp_1");
    expect(deployment?.services[0]).toMatchObject({ name: "T", idempotencyRetentionMs: 7_200_000 });
    expect(deployment?.services[1]).toEqual(DEPLOYMENT.services[1]);
  });

  test("adds up, and lasts until the next revision", async () => {
    const world = new AdminWorld();
    await world.ask("PATCH /services/T", { journal_retention: "1s" });
    await world.ask("PATCH /services/T", { idempotency_retention: "2s" });
    expect((await world.ask("GET /services/T")).body).toMatchObject({
      journal_retention: "1s",
      idempotency_retention: "2s",
    });
    world.register({ ...DEPLOYMENT, id: "dp_2" });
    expect((await world.ask("GET /services/T")).body).toMatchObject({ journal_retention: "1d", revision: 2 });
  });

  test("two at once do not undo each other", async () => {
    const world = new AdminWorld();
    await world.ask("GET /health");
    await Promise.all([
      world.ask("PATCH /services/W", { workflow_completion_retention: "3s" }),
      world.ask("PATCH /services/W", { public: false }),
      world.ask("PATCH /services/T", { public: false }),
    ]);
    expect((await world.ask("GET /services/W")).body).toMatchObject({
      workflow_completion_retention: "3s",
      public: false,
    });
    const deployment = await world.registry.deployment("dp_1");
    expect(
      deployment?.services.filter(({ ingressPrivate }) => ingressPrivate).map(({ name }) => name),
    ).toEqual(["T", "W", "P"]);
  });

  test.each([
    ["T", { retention: "1s" }, 400, "is none that can be changed"],
    ["T", { toString: "1s" }, 400, "is none that can be changed"],
    ["T", { public: "yes" }, 422, "must be true or false"],
    ["T", { abort_timeout: "soon" }, 422, "must be a duration"],
    ["T", { abort_timeout: 10 }, 422, "must be a duration"],
    ["T", { workflow_completion_retention: "1s" }, 400, "only workflows have it"],
    ["T", [], 400, "must be a JSON object"],
  ])("%s by %j is %i", async (name, body, status, message) => {
    expect(await new AdminWorld().ask(`PATCH /services/${name}`, body)).toMatchObject({
      status,
      body: { message: expect.stringContaining(message) as string },
    });
  });

  test("of one that there is not is 404", async () => {
    expect((await new AdminWorld().ask("PATCH /services/Nope", {})).status).toBe(404);
  });

  test("takes effect on what ends after it", async () => {
    const counter = object({
      name: "Counter",
      handlers: { add: async (ctx: ObjectContext) => await Promise.resolve(ctx.key) },
    });
    const world = await World.of(counter);
    expect((await ask(world, "PATCH /services/Counter", { journal_retention: "0s" })).status).toBe(200);
    const { id } = await world.ask("/Counter/k/add");
    expect(await world.view(id)).toBeUndefined();
    await ask(world, "PATCH /services/Counter", { public: false });
    expect((await world.ask("/Counter/k/add")).status).toBe(400);
    await world.stop();
  });
});

describe("OpenAPI", () => {
  test.each(["T", "O", "W", "P"])("of %s is valid by its schema, version 3.1", async (name) => {
    const { body } = await new AdminWorld().ask(`GET /services/${name}/openapi`);
    const validator = new Validator();
    expect(await validator.validate({ ...(body as object) })).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  interface Document {
    readonly openapi: string;
    readonly paths: Record<string, Record<string, { parameters: { $ref: string }[]; requestBody?: unknown }>>;
    readonly components: Record<string, Record<string, unknown>>;
  }
  const documentOf = async (name: string, world = new AdminWorld()): Promise<Document> =>
    (await world.ask(`GET /services/${name}/openapi`)).body as Document;

  test("has every public handler of a service, and no other", async () => {
    const { openapi, paths } = await documentOf("T");
    expect(openapi).toBe("3.1.0");
    expect(Object.keys(paths)).toContain("/restate/call/T/hello");
    expect(Object.keys(paths)).toContain("/restate/send/T/hello");
    expect(Object.keys(paths)).toContain("/restate/invocation/T/hello/{idempotencyKey}/attach");
    expect(Object.keys(paths).filter((path) => path.includes("hidden"))).toEqual([]);
    expect(paths["/restate/call/T/image"]?.["post"]?.requestBody).toEqual({
      content: { "image/*": { schema: {} }, "text/plain": { schema: {} } },
    });
  });

  test("has the key of an object, and a workflow's own paths", async () => {
    expect(Object.keys((await documentOf("O")).paths)).toContain("/restate/call/O/{key}/add");
    const { paths } = await documentOf("W");
    expect(Object.keys(paths)).toContain("/restate/workflow/W/{key}/attach");
    expect(Object.keys(paths)).toContain("/restate/invocation/W/{key}/look/{idempotencyKey}/output");
  });

  test("refers to nothing that it does not have, and names every parameter of its paths", async () => {
    for (const name of ["T", "O", "W", "P"]) {
      const document = await documentOf(name);
      const text = JSON.stringify(document);
      for (const [, kind = "", part = ""] of text.matchAll(/"#\/components\/(\w+)\/(\w+)"/g)) {
        expect(document.components[kind]).toHaveProperty(part);
      }
      for (const [path, methods] of Object.entries(document.paths)) {
        const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
        const given = Object.values(methods).flatMap(({ parameters }) => parameters.map(({ $ref }) => $ref));
        for (const parameter of named) {
          const ref = parameter === "key" ? "key" : "idempotencyKeyPath";
          expect(given).toContain(`#/components/parameters/${ref}`);
        }
      }
    }
  });

  test("has the schemas that a handler declares", async () => {
    const world = new AdminWorld();
    const schema = { type: "object", properties: { name: { type: "string" } } };
    const handler = {
      name: "h",
      kind: "plain",
      inputJsonSchema: schema,
      outputJsonSchema: { type: "null" },
    } as const;
    world.register({
      ...DEPLOYMENT,
      id: "dp_2",
      services: [{ name: "S", type: "service", handlers: [handler] }],
    });
    const { paths } = await documentOf("S", world);
    expect(paths["/restate/call/S/h"]?.["post"]).toMatchObject({
      requestBody: { content: { "application/json": { schema } } },
      responses: { "200": { content: { "application/json": { schema: { type: "null" } } } } },
    });
  });

  test("of a service that there is not is 404", async () => {
    expect((await new AdminWorld().ask("GET /services/Nope/openapi")).status).toBe(404);
  });
});
