import { describe, expect, test } from "vitest";
import { groupOf } from "../../../lib/model/ids.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { DEPLOYMENT, NOW, World } from "./world.ts";

const JSON_TYPE = { "content-type": "application/json" };

describe("a send", () => {
  test.each(["POST /T/hello/send", "GET /T/hello/send", "POST /restate/send/T/hello"])(
    "is accepted: %s",
    async (line) => {
      const world = new World();
      const answer = await world.request(line, '"x"');
      const { id } = world.takeStart();
      expect(answer).toEqual({
        status: 202,
        headers: { ...JSON_TYPE, "x-restate-id": shownId(id) },
        body: { invocationId: shownId(id), status: "Accepted" },
      });
    },
  );

  test.each(["POST /O/k/add/send", "POST /restate/send/O/k/add"])(
    "goes to its key's group: %s",
    async (line) => {
      const world = new World();
      await world.request(line);
      const [sent] = world.takeSent();
      expect(sent?.group).toBe(groupOf(sent?.message.id ?? ""));
      expect(sent?.message).toMatchObject({ target: { service: "O", key: "k", handler: "add" } });
    },
  );

  test("that is repeated was accepted previously", async () => {
    const world = new World();
    const headers = { "idempotency-key": "once" };
    const first = await world.request("POST /T/hello/send", "", headers);
    const second = await world.request("POST /T/hello/send", "", headers);
    const id = world.takeSent()[0]?.message.id ?? "";
    expect(first).toMatchObject({ status: 202, body: { invocationId: shownId(id), status: "Accepted" } });
    expect(second).toMatchObject({
      status: 202,
      body: { invocationId: shownId(id), status: "PreviouslyAccepted" },
    });
  });

  test("to a workflow's run that is repeated was accepted previously", async () => {
    const world = new World();
    const first = await world.request("POST /W/k/run/send");
    const second = await world.request("POST /W/k/run/send");
    expect([first.status, second.status]).toEqual([202, 202]);
    expect(second.body).toEqual({ ...(first.body as object), status: "PreviouslyAccepted" });
  });

  test.each([
    ["10s", 10_000, "2026-11-22T15:48:52.688000000Z"],
    ["500ms", 500, "2026-11-22T15:48:43.188000000Z"],
    ["PT10S", 10_000, "2026-11-22T15:48:52.688000000Z"],
    ["1h%2030m", 5_400_000, "2026-11-22T17:18:42.688000000Z"],
    ["365d", 31_536_000_000, "2027-11-22T15:48:42.688000000Z"],
  ])("may be delayed by %s", async (delay, ms, executionTime) => {
    const world = new World();
    const answer = await world.request(`POST /T/hello/send?delay=${delay}`);
    const { id, dueAtMs } = world.takeStart();
    expect(dueAtMs).toBe(NOW + ms);
    expect(answer).toMatchObject({
      status: 202,
      body: { invocationId: shownId(id), executionTime, status: "Accepted" },
    });
  });

  test("may be delayed by nothing", async () => {
    const world = new World();
    const answer = await world.request("POST /T/hello/send?delay=0s");
    expect(answer.body).toMatchObject({ executionTime: "2026-11-22T15:48:42.688000000Z" });
    expect(world.takeStart()).not.toHaveProperty("dueAtMs");
  });

  test("that repeats a delayed one keeps its time", async () => {
    const world = new World();
    const first = await world.request("POST /W/k/run/send?delay=1h");
    await world.clock.advance(60_000);
    const second = await world.request("POST /W/k/run/send?delay=1h");
    expect(second.body).toEqual({ ...(first.body as object), status: "PreviouslyAccepted" });
  });
});

describe("credentials, and what proxies say of the client,", () => {
  const given = {
    "x-mine": "1",
    authorization: "Bearer SECRET",
    cookie: "session=SECRET",
    "x-api-key": "SECRET",
    "x-amz-security-token": "SECRET",
    "x-amz-date": "20261122T154842Z",
    "x-amzn-trace-id": "Root=1",
    forwarded: "for=1.2.3.4",
    "x-forwarded-for": "1.2.3.4",
    "x-forwarded-proto": "https",
    via: "1.1 x",
    "x-real-ip": "1.2.3.4",
    "cf-connecting-ip": "1.2.3.4",
  };
  const declare = (world: World, options: { service?: string[]; handler?: string[] }): void => {
    const { service, handler } = options;
    world.register({
      ...DEPLOYMENT,
      services: [
        {
          name: "T",
          type: "service",
          ...(service ? { passHeaders: service } : {}),
          handlers: [{ name: "hello", kind: "plain", ...(handler ? { passHeaders: handler } : {}) }],
        },
      ],
    });
  };

  test.each([
    ["stay out", {}, {}],
    [
      "reach a handler that names them",
      { handler: ["Authorization", "x-forwarded-*"] },
      {
        authorization: "Bearer SECRET",
        "x-forwarded-for": "1.2.3.4",
        "x-forwarded-proto": "https",
      },
    ],
    [
      "reach the handlers of a service that names them",
      { service: ["cookie"] },
      { cookie: "session=SECRET" },
    ],
    ["the handler decides, not its service", { service: ["cookie"], handler: [] }, {}],
  ])("%s", async (_, options, expected) => {
    const world = new World();
    declare(world, options);
    await world.request("POST /T/hello/send", "", given);
    const [sent] = world.takeSent();
    const start = sent?.message.kind === "start" ? sent.message : undefined;
    expect(start?.headers).toEqual({ "x-mine": "1", ...expected });
    expect(JSON.stringify(sent).includes("SECRET")).toBe(Object.keys(expected).length > 0);
  });

  test("no header of a client's passes for the engine's own", async () => {
    const world = new World();
    await world.request("POST /T/hello/send", "", {
      ":caller": "{}",
      ":seal": "x",
      ":at": "y",
      "x-mine": "1",
    });
    expect(world.takeStart().headers).toEqual({ "x-mine": "1" });
  });
});

test("headers reach the handler, save for the connection's own", async () => {
  const world = new World();
  await world.request("POST /T/hello/send", "", {
    accept: "*/*",
    cookie: "a=b",
    "x-mine": "1",
    traceparent: "00-1",
    "content-type": "text/x",
    connection: "keep-alive, X-Hop",
    "keep-alive": "5",
    "x-hop": "1",
    te: "trailers",
    "transfer-encoding": "chunked",
    upgrade: "h2c",
    host: "localhost",
    "content-length": "0",
    "idempotency-key": "once",
    "proxy-authorization": "secret",
  });
  expect(world.takeStart().headers).toEqual({
    accept: "*/*",
    "x-mine": "1",
    traceparent: "00-1",
    "content-type": "text/x",
  });
});
