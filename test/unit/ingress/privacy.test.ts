/** What is private cannot be reached by an id or a key either (docs/decisions/0024-secrets-and-capabilities.md). */
import { beforeEach, describe, expect, test } from "vitest";
import {
  childUnique,
  idempotentUnique,
  type InvocationId,
  invocationId,
  workflowUnique,
} from "../../../lib/model/ids.ts";
import type { ServiceType } from "../../../lib/model/manifest.ts";
import { success } from "../../../lib/model/outcome.ts";
import { type Answer, bytes, DEPLOYMENT, NOW, World } from "./world.ts";

const KEY = "order-1";
const caller = invocationId("T", undefined, childUnique("inv_x", 0, 0));
const idOf = (service: string, key?: string): InvocationId =>
  invocationId(service, key, childUnique(caller, 0, 3));

const hidden = { ingressPrivate: true };
const service = (
  name: string,
  type: ServiceType,
  ...handlers: [string, "plain" | "workflow" | "shared", object?][]
) => ({
  ...{ name, type },
  handlers: handlers.map(([handler, kind, more]) => ({ name: handler, kind, ...more })),
});

let world: World;
beforeEach(() => {
  world = new World();
  world.register({
    ...DEPLOYMENT,
    id: "dp_2",
    services: [
      { ...service("All", "service", ["tell", "plain"]), ...hidden },
      service("Mixed", "service", ["tell", "plain", hidden], ["open", "plain"]),
      service("Open", "service", ["tell", "plain"]),
      {
        ...service("Wf", "workflow", ["run", "workflow"], ["look", "shared", { ingressPrivate: false }]),
        ...hidden,
      },
    ],
  });
});

async function complete(
  id: InvocationId,
  name: string,
  handler: string,
  key?: string,
): Promise<InvocationId> {
  const target = key === undefined ? { service: name, handler } : { service: name, handler, key };
  const of = { origin: `${caller}.0.3`, headers: {}, acceptedAtMs: NOW, input: bytes("") };
  await world.complete({ kind: "start", id, incarnation: 0, target, ...of }, success(bytes('"SECRET"')));
  return id;
}

const statusOf = async (line: string, body: unknown = ""): Promise<number> =>
  (await world.request(line, typeof body === "string" ? body : JSON.stringify(body))).status;

describe("by an id", () => {
  const ASKED = [
    "GET /restate/attach/:id",
    "GET /restate/output/:id",
    "GET /restate/invocation/:id/status",
    "GET /restate/invocation/:id/attach",
  ];

  test.each(ASKED)("%s", async (line) => {
    const ask = async (name: string, handler: string): Promise<Answer> => {
      const id = await complete(idOf(name), name, handler);
      return await world.request(line.replace(":id", id));
    };
    expect((await ask("Open", "tell")).status).toBe(200);
    expect((await ask("Mixed", "open")).status).toBe(200);
    for (const [name, handler] of [
      ["All", "tell"],
      ["Mixed", "tell"],
      ["Mixed", "gone"],
    ] as const) {
      const { status, body } = await ask(name, handler);
      expect([name, handler, status]).toEqual([name, handler, handler === "gone" ? 200 : 404]);
      expect(JSON.stringify(body).includes("SECRET")).toBe(handler === "gone" && !line.endsWith("status"));
    }
  });

  test("in a body", async () => {
    const id = await complete(idOf("All"), "All", "tell");
    for (const path of ["attach", "output"])
      expect(await statusOf(`POST /restate/${path}`, { target: "invocation", invocationId: id })).toBe(404);
  });

  test("the deployment that it is pinned to says so, if no newer one has the handler", async () => {
    world.services.delete("All");
    const id = await complete(idOf("All"), "All", "tell");
    expect(await statusOf(`GET /restate/output/${id}`)).toBe(200);
    const head = await world.head(id);
    await world.items.write({
      ...{ op: "put", key: { table: "journal", pk: `${id.slice(4, 12)}.inv.${id}`, sk: "head" } },
      attributes: { ...head, d: "dp_2" },
    });
    expect(await statusOf(`GET /restate/output/${id}`)).toBe(404);
  });
});

test("by a workflow's key", async () => {
  await complete(invocationId("Wf", "k", workflowUnique("Wf", "k")), "Wf", "run", "k");
  const target = { target: "workflow", workflowName: "Wf", workflowKey: "k" };
  for (const path of ["attach", "output"]) {
    expect(await statusOf(`GET /restate/workflow/Wf/k/${path}`)).toBe(400);
    expect(await statusOf(`POST /restate/${path}`, target)).toBe(400);
  }
  expect(await statusOf("POST /restate/lookup", target)).toBe(400);
});

test("by an idempotency key", async () => {
  const unique = idempotentUnique("Mixed", undefined, "tell", KEY);
  await complete(invocationId("Mixed", undefined, unique), "Mixed", "tell");
  const target = { target: "idempotentInvocation", service: "Mixed", handler: "tell", idempotencyKey: KEY };
  for (const path of ["attach", "output"]) {
    expect(await statusOf(`GET /restate/invocation/Mixed/tell/${KEY}/${path}`)).toBe(400);
    expect(await statusOf(`POST /restate/${path}`, target)).toBe(400);
  }
  expect(await statusOf("POST /restate/lookup", target)).toBe(400);
  expect(await statusOf("POST /restate/lookup", { ...target, handler: "open" })).toBe(200);
});

describe("a signal", () => {
  const signal = async (id: string): Promise<[status: number, sent: number]> => [
    await statusOf(`POST /restate/invocation/${id}/signals/go/resolve`, "1"),
    world.takeSent().length,
  ];

  test("to a public service, or to a private one: nothing is read", async () => {
    world.items.fail("read");
    expect(await signal(idOf("Open"))).toEqual([202, 1]);
    expect(await signal(idOf("All"))).toEqual([404, 0]);
    expect(await statusOf(`GET /restate/output/${idOf("Open")}`)).toBe(503);
  });

  test("to a service with both kinds of handlers: the head says", async () => {
    expect(await signal(await complete(idOf("Mixed"), "Mixed", "open"))).toEqual([202, 1]);
    expect(await signal(await complete(idOf("Mixed"), "Mixed", "tell"))).toEqual([404, 0]);
  });

  test("to one of them that has no head yet: only what was made at the door is public", async () => {
    await world.request("POST /Mixed/open/send");
    expect(await signal(world.takeStart().id)).toEqual([202, 1]);
    expect(await signal(idOf("Mixed"))).toEqual([404, 0]);
  });

  test("to what nobody serves any more", async () => {
    expect(await signal(await complete(idOf("Gone"), "Gone", "tell"))).toEqual([202, 1]);
  });
});
