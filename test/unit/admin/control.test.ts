import { describe, expect, test } from "vitest";
import { encodeNote } from "../../../lib/model/entry.ts";
import { noteGroupOf } from "../../../lib/model/ids.ts";
import { MAILBOX_RETENTION_MS } from "../../../lib/limits.ts";
import type { Start } from "../../../lib/model/message.ts";
import { failure, type Outcome, success } from "../../../lib/model/outcome.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { DEPLOYMENT, NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const OPEN = ["scheduled", "accepted", "pending", "running", "suspended", "backing-off", "paused"];
const EMPTY_202 = { status: 202, headers: {}, body: "" };
const EMPTY_200 = { ...EMPTY_202, status: 200 };

const conflict = (id: string, text: string) => ({
  status: 409,
  body: { message: `The invocation '${shownId(id)}' ${text}`, restate_code: null },
});

describe.each([
  ["PATCH", "/cancel"],
  ["DELETE", ""],
  ["DELETE", "?mode=Cancel"],
])("cancel by %s %s", (method, end) => {
  test.each(OPEN)("sends a note, and puts it into the head: %s", async (status) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: status, m: [["x", "older"]] }, "POST /O/k/add/send");
    await world.clock.advance(5);
    expect(await world.ask(`${method} /invocations/${id}${end}`)).toEqual(EMPTY_202);
    const [sent, ...more] = world.takeSent();
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      group: noteGroupOf(id),
      message: {
        kind: "notify",
        id,
        incarnation: 0,
        note: { kind: "cancellation", delivery: expect.any(String) },
      },
    });
    const note = sent?.message.kind === "notify" ? encodeNote(sent.message.note) : undefined;
    expect(await world.head(id)).toMatchObject({ s: status, m: [["x", "older"], note], u: NOW + 5 });
  });
});

describe("cancel", () => {
  test("has an id of its own each time", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "running" });
    await world.ask(`PATCH /invocations/${id}/cancel`);
    await world.ask(`PATCH /invocations/${id}/cancel`);
    const notes = (await world.head(id))?.["m"] as [string, string][] | undefined;
    expect(new Set(notes?.map(([, uid]) => uid)).size).toBe(2);
  });

  test("is durable once the message is sent", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "running" });
    world.items.fail("before");
    expect(await world.ask(`PATCH /invocations/${id}/cancel`)).toEqual(EMPTY_202);
    expect(world.takeSent()).toHaveLength(1);
    expect(world.logs.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  test("changes nothing before that", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "running" });
    world.mailboxFails = true;
    expect(await world.ask(`PATCH /invocations/${id}/cancel`)).toMatchObject({ status: 503 });
    expect(await world.head(id)).toMatchObject({ m: [] });
  });

  test("touches no other life of the id", async () => {
    const world = new AdminWorld();
    const start = await world.invocation({ s: "running" });
    const sendBatch = world.ports.mailbox.sendBatch.bind(world.ports.mailbox);
    world.ports.mailbox.sendBatch = async (messages) => {
      await world.putHead({ ...start, incarnation: 1 }, { s: "running" });
      return sendBatch(messages);
    };
    expect(await world.ask(`PATCH /invocations/${start.id}/cancel`)).toEqual(EMPTY_202);
    expect(await world.head(start.id)).toMatchObject({ i: 1, m: [] });
  });
});

describe.each([
  ["PATCH", "/kill"],
  ["DELETE", "?mode=kill"],
])("kill by %s %s", (method, end) => {
  test.each(OPEN)("is a message, then the end in the head: %s", async (status) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: status }, "POST /O/k/add/send");
    expect(await world.ask(`${method} /invocations/${id}${end}`)).toEqual(
      method === "PATCH" ? EMPTY_200 : EMPTY_202,
    );
    expect(world.takeSent()).toMatchObject([
      { group: noteGroupOf(id), message: { kind: "kill", id, incarnation: 0 } },
    ]);
    // R12: a running turn learns of it at its next append.
    expect(await world.head(id)).toMatchObject({ s: "completed", x: [409, "killed"] });
  });
});

test.each<[string, Outcome, number]>([
  ["with a success: the kill is refused", success(), 409],
  ["with a failure of its own: the kill is refused", failure(500, "declined"), 409],
  ["with another kill: so is this one", failure(409, "killed"), 200],
])("one that ends %s", async (_how, outcome, status) => {
  for (const isSeen of [true, false]) {
    const world = new AdminWorld();
    const start = isSeen ? await world.invocation({ s: "running" }) : await unseen(world);
    // Its turn ends between the request's message and its write.
    world.onSend = async () => {
      await world.complete(start, outcome);
    };
    expect((await world.ask(`PATCH /invocations/${start.id}/kill`)).status).toBe(status);
  }
});

async function unseen(world: AdminWorld): Promise<Start> {
  await world.request("POST /T/hello/send");
  return world.takeStart();
}

describe.each(["cancel", "kill"])("%s", (what) => {
  test("of a completed one is 409", async () => {
    const world = new AdminWorld();
    const start = await world.invocation({});
    await world.complete(start, success());
    const answer = await world.ask(`PATCH /invocations/${start.id}/${what}`);
    expect(answer).toMatchObject(conflict(start.id, "was already completed."));
    expect(world.takeSent()).toEqual([]);
  });

  test("of one that has no head yet is sent all the same", async () => {
    const world = new AdminWorld();
    await world.request("POST /T/hello/send");
    const { id } = world.takeStart();
    expect(await world.ask(`PATCH /invocations/${id}/${what}`)).toEqual(EMPTY_202);
    expect(world.takeSent()).toMatchObject([{ message: { id, incarnation: 0 } }]);
    // A stub: not even a first turn that ends in one write succeeds after a kill is answered.
    expect(await world.head(id)).toMatchObject({ st: 1, ...(what === "kill" ? { kd: 1 } : {}) });
  });
});

describe("pause", () => {
  test.each(["running", "suspended", "backing-off"])("of a %s one refuses its appends", async (status) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: status, w: ["c", 1] });
    await world.clock.advance(5);
    expect(await world.ask(`PATCH /invocations/${id}/pause`)).toEqual(EMPTY_202);
    expect(await world.head(id)).toMatchObject({ s: "paused", u: NOW + 5, w: ["c", 1] });
    expect(await world.ask(`PATCH /invocations/${id}/pause`)).toEqual(EMPTY_200);
    expect(world.takeSent()).toEqual([]);
  });

  test.each(["scheduled", "accepted", "pending", "completed"])("of a %s one is 409", async (status) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: status });
    const answer = await world.ask(`PATCH /invocations/${id}/pause`);
    expect(answer).toMatchObject(conflict(id, "is not running, cannot be paused."));
    expect(await world.head(id)).toMatchObject({ s: status });
  });
});

describe("resume", () => {
  test.each(["paused", "backing-off", "suspended"])("of a %s one is one message", async (status) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: status });
    expect(await world.ask(`PATCH /invocations/${id}/resume`)).toEqual(EMPTY_200);
    expect(world.takeSent()).toMatchObject([
      { message: { kind: "resume", id, incarnation: 0, byOperator: true } },
    ]);
    expect(await world.head(id)).toMatchObject({ s: status });
  });

  test.each([
    ["running", 409, "is running, cannot be resumed."],
    ["completed", 409, "is completed, cannot be resumed."],
    ["scheduled", 425, "is either inboxed or scheduled, cannot be resumed."],
    ["accepted", 425, "is either inboxed or scheduled, cannot be resumed."],
    ["pending", 425, "is either inboxed or scheduled, cannot be resumed."],
  ])("of a %s one is %s", async (state, status, text) => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: state });
    const answer = await world.ask(`PATCH /invocations/${id}/resume`);
    expect(answer).toMatchObject({ status, body: { message: `The invocation '${shownId(id)}' ${text}` } });
    expect(world.takeSent()).toEqual([]);
  });

  test.each([
    ["keep", "dp_1"],
    ["latest", "dp_2"],
    ["dp_2", "dp_2"],
    ["dp_1", "dp_1"],
  ])("goes on at deployment=%s", async (wanted, deployment) => {
    const world = new AdminWorld();
    world.register({ ...DEPLOYMENT, id: "dp_2" });
    const { id } = await world.invocation({ s: "paused" });
    expect(await world.ask(`PATCH /invocations/${id}/resume?deployment=${wanted}`)).toEqual(EMPTY_200);
    expect(await world.head(id)).toMatchObject({ d: deployment, s: "paused" });
    expect(world.takeSent()).toHaveLength(1);
  });

  test.each([
    ["dp_9", "paused", 404, "The requested deployment 'dp_9' does not exist"],
    ["dp_3", "paused", 400, "The query parameter 'deployment' is invalid. Reason: 'dp_3' does not serve 'T'"],
    ["dp_2", "suspended", 409, "is not paused, cannot be resumed on another deployment."],
    ["dp_2", "backing-off", 409, "is not paused, cannot be resumed on another deployment."],
  ])("does not go on at deployment=%s when %s", async (wanted, state, status, message) => {
    const world = new AdminWorld();
    world.register({ ...DEPLOYMENT, id: "dp_2" });
    world.register({ ...DEPLOYMENT, id: "dp_3", services: [] });
    const { id } = await world.invocation({ s: state });
    const answer = await world.ask(`PATCH /invocations/${id}/resume?deployment=${wanted}`);
    expect(answer).toMatchObject({ status, body: { message: expect.stringContaining(message) } });
    expect(await world.head(id)).toMatchObject({ d: "dp_1" });
    expect(world.takeSent()).toEqual([]);
  });

  test("does not go on at the latest deployment of a service that is gone", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "paused" });
    await world.ask("DELETE /deployments/dp_1?force=true");
    const answer = await world.ask(`PATCH /invocations/${id}/resume?deployment=latest`);
    expect(answer).toMatchObject({
      status: 404,
      body: { message: "The requested service 'T' does not exist" },
    });
  });
});

describe.each(["cancel", "kill", "pause", "resume"])("%s", (what) => {
  test("of one that is long gone is 404", async () => {
    const world = new AdminWorld();
    await world.request("POST /T/hello/send");
    const { id } = world.takeStart();
    await world.clock.advance(MAILBOX_RETENTION_MS * 2);
    expect(await world.ask(`PATCH /invocations/${id}/${what}`)).toMatchObject({
      status: 404,
      body: { message: `The requested invocation '${shownId(id)}' does not exist`, restate_code: null },
    });
    expect(world.takeSent()).toEqual([]);
  });

  test("of an expired one is 404", async () => {
    const world = new AdminWorld();
    const start = await world.invocation({});
    await world.complete(start, success(), 0);
    expect(await world.ask(`PATCH /invocations/${start.id}/${what}`)).toMatchObject({ status: 404 });
  });

  test("of what is no id is 400", async () => {
    expect(await new AdminWorld().ask(`PATCH /invocations/zz/${what}`)).toMatchObject({ status: 400 });
  });
});

test("an unknown mode is 400", async () => {
  const world = new AdminWorld();
  const { id } = await world.invocation({ s: "running" });
  const answer = await world.ask(`DELETE /invocations/${id}?mode=nope`);
  expect(answer).toMatchObject({
    status: 400,
    body: { message: "The query parameter 'mode' is invalid. Reason: 'nope' is none of cancel, kill, purge" },
  });
});

describe("what has been accepted and has written nothing yet", () => {
  test.each([
    ["pause", 409, "is not running, cannot be paused."],
    ["resume", 425, "is either inboxed or scheduled, cannot be resumed."],
    ["restart-as-new", 425, "cannot be restarted because it's not running yet."],
    ["purge", 409, "is not yet completed."],
    ["purge-journal", 409, "is not yet completed."],
  ])("is no unknown invocation: %s is %i", async (operation, status, message) => {
    const world = new AdminWorld();
    await world.request("POST /T/hello/send");
    const { id } = world.takeStart();
    expect(await world.ask(`PATCH /invocations/${id}/${operation}`)).toMatchObject({
      status,
      body: { message: `The invocation '${shownId(id)}' ${message}` },
    });
  });
});
