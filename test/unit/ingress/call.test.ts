import { describe, expect, test } from "vitest";
import { failure, success } from "../../../lib/model/outcome.ts";
import { refOf } from "../../../lib/model/value-ref.ts";
import { valueKey } from "../../../lib/model/head-keys.ts";
import { answerOf, bytes, DEPLOYMENT, NOW, pendingAnswer, requestOf, settle, World } from "./world.ts";
import { CALL_WAIT_MS } from "../../../lib/limits/http.ts";
import { shownId } from "../../../lib/model/shown-id.ts";

const JSON_TYPE = { "content-type": "application/json" };
const EXPIRES = "2026-11-23T15:48:42.688+00:00";

describe("a call", () => {
  test.each(["POST /T/hello", "GET /T/hello", "POST /restate/call/T/hello", "GET /restate/call/T/hello"])(
    "waits for the result: %s",
    async (line) => {
      const world = new World();
      const answer = world.request(line, '"x"', { ...JSON_TYPE, "x-mine": "1" });
      const held = pendingAnswer(answer);
      await world.clock.advance(1_000_000);
      expect(held.current).toBeUndefined();

      const start = world.takeStart();
      expect(start).toMatchObject({
        target: { service: "T", handler: "hello" },
        input: bytes('"x"'),
        headers: { ...JSON_TYPE, "x-mine": "1" },
      });
      await world.complete(start, success(bytes('"hi x"')));
      expect(await answer).toEqual({
        status: 200,
        headers: { ...JSON_TYPE, "x-restate-id": shownId(start.id) },
        body: "hi x",
      });
    },
  );

  test("to an object carries its key, decoded", async () => {
    const world = new World();
    const answer = world.request("POST /O/a%2Fb%20%C3%BC/add", "1");
    await settle();
    const start = world.takeStart();
    expect(start.target).toEqual({ service: "O", key: "a/b ü", handler: "add" });
    await world.complete(start, success());
    expect(await answer).toEqual({ status: 200, headers: { "x-restate-id": shownId(start.id) }, body: "" });
  });

  test.each([
    ["POST /T/send", { service: "T", handler: "send" }],
    ["POST /O/k/send", { service: "O", key: "k", handler: "send" }],
    ["POST /O/send/send", { service: "O", key: "send", handler: "send" }],
    ["POST /O//get", { service: "O", key: "", handler: "get" }],
  ])("is told from a send by the service's type: %s", async (line, target) => {
    const world = new World();
    const answer = world.request(line);
    await settle();
    const start = world.takeStart();
    expect(start.target).toEqual(target);
    await world.complete(start, success());
    expect(await answer).toMatchObject({ status: 200 });
  });

  test("answers a terminal failure with its code", async () => {
    const world = new World();
    const answer = world.request("POST /T/hello");
    await settle();
    const start = world.takeStart();
    await world.complete(start, failure(418, "boom", { a: "b" }));
    expect(await answer).toEqual({
      status: 418,
      headers: { ...JSON_TYPE, "x-restate-id": shownId(start.id), "x-restate-error-source": "invocation" },
      body: { code: 418, message: "boom", metadata: { a: "b" }, source: "invocation" },
    });
  });

  test.each([
    [400, 400],
    [470, 470],
    [599, 599],
    [999, 999],
    [200, 500],
    [304, 500],
    [42, 500],
    [1200, 500],
    [418.5, 500],
  ])("answers code %s as status %s", async (code, status) => {
    const world = new World();
    const answer = world.request("POST /T/hello");
    await settle();
    await world.complete(world.takeStart(), failure(code, "boom"));
    expect(await answer).toMatchObject({ status, body: { code, message: "boom", source: "invocation" } });
  });

  test("answers a result that is kept apart", async () => {
    const world = new World();
    const answer = world.request("POST /T/hello");
    await settle();
    const start = world.takeStart();
    const value = bytes(`"${"x".repeat(3000)}"`);
    await world.items.write({ op: "put", key: valueKey(start.id, refOf(value)), attributes: { value } });
    await world.complete(start, { ok: true, ref: refOf(value) });
    expect(await answer).toMatchObject({ status: 200, body: "x".repeat(3000) });
  });

  test("answers bytes untouched, in the type that the handler's deployment declares", async () => {
    const world = new World();
    const request = requestOf("POST /T/image", new Uint8Array([0, 255]), {
      "content-type": "text/plain;q=1",
    });
    const answer = world.ingress.handle(request);
    await settle();
    const start = world.takeStart();
    // A newer deployment declares another type. The invocation is pinned to the older one.
    world.register({ ...DEPLOYMENT, id: "dp_2", services: [{ name: "T", type: "service", handlers: [] }] });
    await world.complete(start, success(new Uint8Array([254, 1])));
    expect(await answer).toMatchObject({
      status: 200,
      headers: { "x-restate-id": shownId(start.id), "content-type": "image/png" },
      body: new Uint8Array([254, 1]),
    });
  });
});

describe("a call that waits", () => {
  test("sees its result even if that is kept for no time", async () => {
    const world = new World();
    const answer = world.request("POST /T/hello");
    await settle();
    await world.complete(world.takeStart(), success(bytes("1")), 0);
    expect(await answer).toMatchObject({ status: 200, body: 1 });
  });

  test("survives a store that is briefly away", async () => {
    const world = new World();
    const answer = world.request("POST /T/hello");
    world.items.fail("read", "read");
    await settle();
    await world.complete(world.takeStart(), success(bytes("1")));
    await world.clock.advance(60_000);
    expect(await answer).toMatchObject({ status: 200, body: 1 });
    expect(world.logs).toHaveLength(2);
  });

  test("does not take a failed look for a lost invocation", async () => {
    const world = new World();
    const answer = world.request("POST /T/hello", "", { "idempotency-key": "once" });
    world.items.fail("read");
    await settle();
    await world.complete(world.takeStart(), success(bytes("1")));
    expect(await answer).toMatchObject({ status: 200, body: 1 });
  });

  test("finds a result although no notification came", async () => {
    const world = new World();
    world.ports.watch.changed = (_, maxMs) =>
      new Promise((resolve) => void world.clock.after(maxMs, resolve));
    const answer = world.request("POST /T/hello");
    await settle();
    await world.complete(world.takeStart(), success(bytes("1")));
    await world.clock.advance(10_000);
    expect(await answer).toMatchObject({ status: 200 });
  });

  test("does not spin when the watch fails", async () => {
    const world = new World();
    world.ports.watch.changed = () => Promise.reject(new Error("no watch"));
    const held = pendingAnswer(world.request("POST /T/hello"));
    await world.clock.advance(10_000);
    expect(world.items.counts.gets.journal).toBeLessThan(15);
    await world.complete(world.takeStart(), success(bytes("1")));
    await world.clock.advance(1000);
    expect(held.current).toMatchObject({ status: 200 });
  });

  test("ends when the client has gone", async () => {
    const world = new World();
    const client = new AbortController();
    const answer = answerOf(world.ingress.handle(requestOf("POST /T/hello"), client.signal));
    await settle();
    client.abort();
    expect(await answer).toMatchObject({
      status: 499,
      headers: { "x-restate-id": shownId(world.takeStart().id) },
    });
  });

  test("that takes too long is answered with how to go on", async () => {
    const world = new World({ callWaitMs: CALL_WAIT_MS });
    const held = pendingAnswer(world.request("POST /T/hello"));
    await world.clock.advance(CALL_WAIT_MS - 1);
    expect(held.current).toBeUndefined();
    await world.clock.advance(1);
    const { id } = world.takeStart();
    expect(held.current).toEqual({
      status: 504,
      headers: {
        ...JSON_TYPE,
        "x-restate-id": shownId(id),
        "x-restate-error-source": "ingress",
        location: `/restate/attach/${shownId(id)}`,
        "retry-after": "1",
      },
      body: {
        code: 504,
        message: `invocation ${shownId(id)} has not completed within 25000 ms and goes on; wait for its result with GET /restate/attach/${shownId(id)}`,
        metadata: { invocationId: shownId(id), attach: `/restate/attach/${shownId(id)}` },
        source: "ingress",
      },
    });
  });
});

describe("a call with an idempotency key", () => {
  const KEY = { "idempotency-key": "once" };

  test("joins the first in flight, and replays its result", async () => {
    const world = new World();
    const first = world.request("POST /T/hello", '"x"', KEY);
    await settle();
    const start = world.takeStart();
    expect(start).toMatchObject({ idempotencyKey: "once", accepted: true, headers: {} });
    await world.putHead(start, { s: "running" });
    const second = world.request("POST /T/hello", '"y"', KEY);
    await settle();
    expect(world.takeSent()).toEqual([]);

    await world.complete(start, success(bytes('"hi x"')));
    const expected = {
      status: 200,
      headers: { ...JSON_TYPE, "x-restate-id": shownId(start.id), "idempotency-expires": EXPIRES },
      body: "hi x",
    };
    expect([await first, await second]).toEqual([expected, expected]);
    expect(await world.request("POST /restate/call/T/hello", "", KEY)).toEqual(expected);
  });

  test("replays a failure, too", async () => {
    const world = new World();
    const first = world.request("POST /T/hello", "", KEY);
    await settle();
    await world.complete(world.takeStart(), failure(409, "killed"));
    const { headers } = await first;
    expect(headers).toMatchObject({ "idempotency-expires": EXPIRES, "x-restate-error-source": "invocation" });
    expect(await world.request("POST /T/hello", "", KEY)).toEqual(await first);
  });

  test("runs again after the result's retention", async () => {
    const world = new World();
    const first = world.request("POST /T/hello", "", KEY);
    await settle();
    await world.complete(world.takeStart(), success(), 1000);
    await first;
    await world.clock.advance(1000);
    const second = world.request("POST /T/hello", "", KEY);
    await settle();
    const start = world.takeStart();
    expect(start.acceptedAtMs).toBe(NOW + 1000);
    await world.complete(start, success(bytes("2")));
    expect(await second).toMatchObject({ status: 200, body: 2 });
  });

  test("waits for its own life of the id, not for the next", async () => {
    const world = new World();
    const first = world.request("POST /T/hello", "", KEY);
    await settle();
    const start = world.takeStart();
    await world.putHead({ ...start, incarnation: start.incarnation + 1 }, { s: "running" });
    expect(await first).toMatchObject({ status: 404, body: { message: "not found", source: "invocation" } });
  });
});

describe("a workflow's run", () => {
  test("is called once per key", async () => {
    const world = new World();
    const first = world.request("POST /W/k/run", "1");
    await settle();
    const start = world.takeStart();
    await world.complete(start, success(bytes('"w"')));
    expect(await first).toMatchObject({
      status: 200,
      headers: { "idempotency-expires": EXPIRES },
      body: "w",
    });
    expect(await world.request("POST /W/k/run", "1")).toEqual({
      status: 409,
      headers: { ...JSON_TYPE, "x-restate-id": shownId(start.id), "x-restate-error-source": "invocation" },
      body: { code: 409, message: "the workflow method was already invoked", source: "invocation" },
    });
    expect(await world.request("POST /W/k/run", "1", { "idempotency-key": "mine" })).toMatchObject({
      status: 409,
    });
  });

  test("is joined by its caller's own repeat", async () => {
    const world = new World();
    const headers = { "idempotency-key": "mine" };
    const first = world.request("POST /W/k/run", "1", headers);
    await settle();
    const second = world.request("POST /W/k/run", "1", headers);
    await settle();
    const [start] = world.takeSent();
    if (start?.message.kind !== "start") throw new Error("no Start was sent");
    await world.complete(start.message, success(bytes('"w"')));
    expect([(await first).body, (await second).body]).toEqual(["w", "w"]);
    const other = await world.request("POST /W/k/run", "1", { "idempotency-key": "other" });
    expect(other).toMatchObject({ status: 409, headers: { "x-restate-id": shownId(start.message.id) } });
  });
});
