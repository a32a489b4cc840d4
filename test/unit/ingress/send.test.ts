import { describe, expect, test } from "vitest";
import { groupOf } from "../../../lib/model/ids.ts";
import { NOW, World } from "./world.ts";

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
        headers: { ...JSON_TYPE, "x-restate-id": id },
        body: { invocationId: id, status: "Accepted" },
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
    const id = world.takeSent()[0]?.message.id;
    expect(first).toMatchObject({ status: 202, body: { invocationId: id, status: "Accepted" } });
    expect(second).toMatchObject({
      status: 202,
      body: { invocationId: id, status: "PreviouslyAccepted" },
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
      body: { invocationId: id, executionTime, status: "Accepted" },
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
    cookie: "a=b",
    "x-mine": "1",
    traceparent: "00-1",
    "content-type": "text/x",
  });
});
