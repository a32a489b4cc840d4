import { describe, expect, test } from "vitest";
import { headKey } from "../../../lib/model/head-keys.ts";
import { childUnique, invocationId } from "../../../lib/model/ids.ts";
import { MAILBOX_RETENTION_MS } from "../../../lib/limits.ts";
import { UNSEEN_MADE_MS } from "../../../lib/limits/http.ts";
import type { Start } from "../../../lib/model/message.ts";
import { failure, success } from "../../../lib/model/outcome.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { type Answer, bytes, pendingAnswer, World } from "./world.ts";

const KEY = { "idempotency-key": "once" };
const NOT_READY = {
  status: 470,
  body: { code: 470, message: "the invocation exists but has not completed yet", source: "ingress" },
};
const NOT_FOUND = { status: 404, body: { code: 404, message: "invocation not found", source: "ingress" } };
const NOTHING = { status: 404, body: { message: "not found", source: "invocation" } };

async function startOf(
  world: World,
  line = "POST /T/hello/send",
  headers: Record<string, string> = {},
): Promise<Start> {
  await world.request(line, "", headers);
  return world.takeStart();
}

/** Each way to ask for an invocation's result, as `[attach, output]`. */
const ways: Record<string, (id: string, what: "attach" | "output") => [string, string?]> = {
  "by id": (id, what) => [`GET /restate/${what}/${id}`],
  "by id, posted": (id, what) => [`POST /restate/${what}/${id}`],
  "by id, legacy": (id, what) => [`GET /restate/invocation/${id}/${what}`],
  "by id in a body": (id, what) => [
    `POST /restate/${what}`,
    JSON.stringify({ target: "invocation", invocationId: id }),
  ],
};
const idempotentWays: typeof ways = {
  ...ways,
  "by key": (_, what) => [`GET /restate/invocation/T/hello/once/${what}`],
  "by key in a body": (_, what) => [
    `POST /restate/${what}`,
    JSON.stringify({
      target: "idempotentInvocation",
      service: "T",
      handler: "hello",
      idempotencyKey: "once",
    }),
  ],
};
const objectWays: typeof ways = {
  "by key of an object": (_, what) => [`GET /restate/invocation/O/a%2Fb/add/once/${what}`],
  "by key of an object in a body": (_, what) => [
    `POST /restate/${what}`,
    JSON.stringify({
      target: "idempotentInvocation",
      service: "O",
      key: "a/b",
      handler: "add",
      idempotencyKey: "once",
    }),
  ],
};
const workflowWays: typeof ways = {
  ...ways,
  "by workflow": (_, what) => [`GET /restate/workflow/W/k/${what}`],
  "by workflow in a body": (_, what) => [
    `POST /restate/${what}`,
    JSON.stringify({ target: "workflow", workflowName: "W", workflowKey: "k" }),
  ],
};
const cases = [
  ...Object.entries(ways).map(([name, way]) => ["POST /T/hello/send", {}, name, way] as const),
  ...Object.entries(idempotentWays).map(([name, way]) => ["POST /T/hello/send", KEY, name, way] as const),
  ...Object.entries(objectWays).map(([name, way]) => ["POST /O/a%2Fb/add/send", KEY, name, way] as const),
  ...Object.entries(workflowWays).map(([name, way]) => ["POST /W/k/run/send", {}, name, way] as const),
];

describe.each(cases)("%s %o, asked %s", (line, headers, _, way) => {
  test("has no output yet, then the result", async () => {
    const world = new World();
    const start = await startOf(world, line, headers);
    expect(await world.request(...way(start.id, "output"))).toMatchObject(NOT_READY);
    const attached = pendingAnswer(world.request(...way(start.id, "attach")));
    await world.putHead(start, { s: "running" });
    expect(await world.request(...way(start.id, "output"))).toMatchObject({
      ...NOT_READY,
      headers: { "x-restate-id": shownId(start.id), "x-restate-error-source": "ingress" },
    });
    await world.clock.advance(60_000);
    expect(attached.current).toBeUndefined();

    await world.complete(start, success(bytes('"done"')));
    await world.clock.advance(0);
    const expires = { "idempotency-expires": "2026-11-23T15:49:42.688+00:00" };
    const expected: Answer = {
      status: 200,
      headers: { "x-restate-id": shownId(start.id), "content-type": "application/json", ...expires },
      body: "done",
    };
    expect(attached.current).toEqual(expected);
    expect(await world.request(...way(start.id, "output"))).toEqual(expected);
    expect(await world.request(...way(start.id, "attach"))).toEqual(expected);
  });

  test("is gone after its retention", async () => {
    const world = new World();
    const start = await startOf(world, line, headers);
    await world.complete(start, success(), 1000);
    await world.clock.advance(1000);
    expect(await world.request(...way(start.id, "output"))).toMatchObject(NOT_FOUND);
    expect(await world.request(...way(start.id, "attach"))).toMatchObject(NOTHING);
  });
});

test("output and attach answer a failure", async () => {
  const world = new World();
  const start = await startOf(world);
  await world.complete(start, failure(409, "killed"));
  for (const line of [`GET /restate/output/${start.id}`, `GET /restate/attach/${start.id}`]) {
    expect(await world.request(line)).toEqual({
      status: 409,
      headers: {
        "x-restate-id": shownId(start.id),
        "x-restate-error-source": "invocation",
        "content-type": "application/json",
        "idempotency-expires": "2026-11-23T15:48:42.688+00:00",
      },
      body: { code: 409, message: "killed", source: "invocation" },
    });
  }
});

describe("without a head", () => {
  test("a derived id is not found at once", async () => {
    const world = new World();
    for (const what of ["attach", "output"] as const) {
      const expected = what === "attach" ? NOTHING : NOT_FOUND;
      for (const way of ["by key", "by key in a body"]) {
        expect(await world.request(...(idempotentWays[way]?.("", what) ?? [""]))).toMatchObject(expected);
      }
      expect(await world.request(`GET /restate/workflow/W/never/${what}`)).toMatchObject(expected);
      expect(await world.request(`GET /restate/workflow/Nope/never/${what}`)).toMatchObject(expected);
    }
  });

  test("an id that was just made may be queued, or in its first step", async () => {
    const world = new World();
    const { id } = await startOf(world, "POST /O/k/add/send");
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_READY);
    const attached = pendingAnswer(world.request(`GET /restate/attach/${id}`));
    await world.clock.advance(UNSEEN_MADE_MS - 1000);
    expect(attached.current).toBeUndefined();
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_READY);
    await world.clock.advance(6000);
    expect(attached.current).toMatchObject({ ...NOTHING, headers: { "x-restate-id": shownId(id) } });
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_FOUND);
  });

  test("an id whose time lies ahead is waited for no longer", async () => {
    const world = new World();
    const unique = Buffer.alloc(14);
    unique.writeUIntBE(world.clock.now() + 60_000, 0, 6);
    const id = invocationId("O", "k", unique);
    const attached = pendingAnswer(world.request(`GET /restate/attach/${id}`));
    await world.clock.advance(UNSEEN_MADE_MS + 5000);
    expect(attached.current).toMatchObject(NOTHING);
  });

  test("one whose first turn lasts has a stub, and is waited for", async () => {
    const world = new World({ callWaitMs: 25_000 });
    const { id } = await startOf(world, "POST /O/k/add/send");
    await world.items.write({ op: "put", key: headKey(id), attributes: { st: 1 } });
    await world.clock.advance(60 * 60 * 1000);
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_READY);
    const attached = pendingAnswer(world.request(`GET /restate/attach/${id}`));
    await world.clock.advance(25_000);
    expect(attached.current).toMatchObject({ status: 504, headers: { "x-restate-id": shownId(id) } });
  });

  test("an old random id has lost it", async () => {
    const world = new World();
    const { id } = await startOf(world);
    await world.clock.advance(MAILBOX_RETENTION_MS + 60 * 60 * 1000);
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_FOUND);
    const attached = pendingAnswer(world.request(`GET /restate/attach/${id}`));
    await world.clock.advance(5000);
    expect(attached.current).toMatchObject(NOTHING);
  });

  test("the id of a handler's call gets a moment to appear", async () => {
    const world = new World();
    const parent = await startOf(world);
    const id = invocationId("T", undefined, childUnique(parent.id, 0, 1));
    expect(await world.request(`GET /restate/output/${id}`)).toMatchObject(NOT_FOUND);

    const attached = pendingAnswer(world.request(`GET /restate/attach/${id}`));
    await world.clock.advance(4000);
    await world.putHead({ ...parent, id }, { s: "running" });
    await world.clock.advance(60_000);
    expect(attached.current).toBeUndefined();
    await world.complete({ ...parent, id }, success(bytes("1")));
    await world.clock.advance(0);
    expect(attached.current).toMatchObject({ status: 200, body: 1 });

    const never = invocationId("T", undefined, childUnique(parent.id, 0, 2));
    const other = pendingAnswer(world.request(`GET /restate/attach/${never}`));
    await world.clock.advance(5000);
    expect(other.current).toMatchObject({ ...NOTHING, headers: { "x-restate-id": shownId(never) } });
  });

  test("one that was there while somebody waited is gone", async () => {
    const world = new World();
    const start = await startOf(world);
    await world.putHead(start, { s: "running" });
    const attached = pendingAnswer(world.request(`GET /restate/attach/${start.id}`));
    await world.clock.advance(1);
    await world.items.write({ op: "delete", key: headKey(start.id) });
    await world.clock.advance(1);
    expect(attached.current).toMatchObject(NOTHING);
  });
});

describe("lookup", () => {
  const lookup = (world: World, body: object) => world.request("POST /restate/lookup", JSON.stringify(body));

  test("derives the id, whether it was used or not", async () => {
    const world = new World();
    const names = { target: "idempotentInvocation", service: "T", handler: "hello", idempotencyKey: "once" };
    const before = await lookup(world, names);
    const { id } = await startOf(world, "POST /T/hello/send", KEY);
    expect(before).toMatchObject({
      status: 200,
      headers: { "x-restate-id": shownId(id) },
      body: { invocationId: shownId(id) },
    });
    expect(await lookup(world, { ...names, key: null })).toEqual(before);
    expect(await lookup(world, { target: "invocation", invocationId: id })).toMatchObject({
      body: { invocationId: shownId(id) },
    });
  });

  test("derives a workflow's", async () => {
    const world = new World();
    const { id } = await startOf(world, "POST /W/k/run/send");
    const answer = await lookup(world, { target: "workflow", workflowName: "W", workflowKey: "k" });
    expect(answer).toMatchObject({ status: 200, body: { invocationId: shownId(id) } });
    const names = {
      target: "idempotentInvocation",
      service: "W",
      key: "k",
      handler: "run",
      idempotencyKey: "any",
    };
    expect(await lookup(world, names)).toMatchObject({ status: 200, body: { invocationId: shownId(id) } });
  });

  const names = { target: "idempotentInvocation", service: "T", handler: "hello", idempotencyKey: "once" };
  test.each([
    [{ target: "invocation", invocationId: "zz" }, 400, "bad invocation id 'zz': bad format"],
    [{ target: "invocation", invocationId: "inv_AAAAAAAA" }, 400, "bad invocation id"],
    [{ target: "invocation" }, 400, "cannot read body: field 'invocationId' must be a string"],
    [{ target: "foo" }, 400, "cannot read body: unknown target 'foo', expected one of workflow,"],
    [{}, 400, "cannot read body: unknown target 'undefined'"],
    [[], 400, "cannot read body: not a JSON object"],
    [{ ...names, scope: "s" }, 400, "scopes are not supported"],
    [{ ...names, key: 1 }, 400, "cannot read body: field 'key' must be a string"],
    [{ ...names, key: "k" }, 400, "'T' takes no key"],
    [{ ...names, service: "O", handler: "add" }, 400, "'O' needs a key"],
    [{ ...names, service: "Nope" }, 404, "service 'Nope' not found"],
    [{ ...names, handler: "nope" }, 404, "the handler 'nope' was not found"],
    [{ ...names, idempotencyKey: "" }, 400, "the idempotency key is empty"],
    [
      { target: "workflow", workflowName: "W", workflowKey: "k".repeat(1025) },
      400,
      "the key is 1025 bytes long",
    ],
  ])("refuses %o", async (body, status, message) => {
    const answer = await lookup(new World(), body);
    expect(answer).toMatchObject({
      status,
      body: { message: expect.stringContaining(message), source: "ingress" },
    });
  });

  test("refuses what is not JSON", async () => {
    expect(await new World().request("POST /restate/lookup", "foo")).toMatchObject({ status: 400 });
    expect(await new World().request("POST /restate/output", "")).toMatchObject({ status: 400 });
    expect(await new World().request("GET /restate/output/zz")).toMatchObject({ status: 400 });
  });
});

describe("the status", () => {
  test.each([
    ["scheduled", "created"],
    ["accepted", "created"],
    ["pending", "created"],
    ["running", "started"],
    ["suspended", "started"],
    ["backing-off", "started"],
    ["paused", "started"],
  ])("%s is %s", async (status, stage) => {
    const world = new World();
    const start = await startOf(world);
    await world.putHead(start, { s: status });
    expect(await world.request(`GET /restate/invocation/${start.id}/status`)).toMatchObject({
      status: 200,
      headers: { "x-restate-id": shownId(start.id) },
      body: { stage, error: null },
    });
  });

  test("of what has not begun is created", async () => {
    const world = new World();
    const { id } = await startOf(world);
    expect(await world.request(`GET /restate/invocation/${id}/status`)).toMatchObject({
      body: { stage: "created" },
    });
  });

  test("of what has ended says how", async () => {
    const world = new World();
    const start = await startOf(world);
    const line = `GET /restate/invocation/${start.id}/status`;
    await world.complete(start, success());
    expect((await world.request(line)).body).toEqual({ stage: "completed", error: null });
    await world.complete(start, failure(418, "boom", { a: "b" }), 1000);
    const error = { code: 418, message: "boom", metadata: { a: "b" } };
    expect((await world.request(line)).body).toEqual({ stage: "completed", error });
    await world.clock.advance(1000);
    expect(await world.request(line)).toMatchObject(NOT_FOUND);
  });
});
