/** What other handlers may make a function do, whose alias they may invoke: begin calls, and nothing else. */
import { handlers, object, service } from "perdure";
import { describe, expect, test } from "vitest";
import { childUnique, invocationId } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { type Resources, resourcesId } from "../../../lib/model/resources.ts";
import { atDoor } from "../../../lib/model/voucher.ts";
import { encodeTurnRequest, PROTOCOL_VERSION, type TurnRequest } from "../../../lib/protocol.ts";
import { isThroughDoor, notHere, notMeant, onlyCall } from "../../../sdk/direct-door.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { createLambdaHandler } from "../../../sdk/lambda.ts";

const desk = service({ name: "Desk", handlers: { ask: async () => "answer" } });
const drawer = object({
  name: "Drawer",
  handlers: { fill: async () => undefined, look: handlers.object.shared(async () => "full") },
});
const { services } = createEndpoint([desk, drawer]).discover();

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:desk";
const ALIAS = "calls-of-registrar";
const unique = childUnique("inv_caller", 0, 1);
const id = invocationId("Desk", undefined, unique);
const start: Start = {
  ...{ kind: "start", id, incarnation: 0, origin: "inv_caller.0.1", headers: {}, acceptedAtMs: 5 },
  target: { service: "Desk", handler: "ask" },
  input: Uint8Array.of(1),
};
const asked: TurnRequest = {
  ...{ kind: "turn", version: PROTOCOL_VERSION, id, incarnation: 0, target: start.target },
  ...{ handlerKind: "plain", deployment: "dp_1", start, carried: [], voucher: atDoor(), ownsLock: false },
  ...{ guard: { name: "g", atMs: 9, aloneAfterMs: 750 }, attempt: { count: 1 } },
  ...{ remainingMs: 1000, retentionMs: 10, journalRetentionMs: 5 },
};

const called = (changes: Partial<Start>): TurnRequest => {
  const changed: Start = { ...start, ...changes };
  return { ...asked, start: changed, id: changed.id, target: changed.target };
};

test("a call goes in as it is", () => {
  expect(onlyCall(asked, services)).toEqual(asked);
  const target = { service: "Drawer", handler: "look", key: "a" };
  const shared = called({ target, id: invocationId("Drawer", undefined, unique) });
  expect(onlyCall(shared, services)).toEqual({ ...shared, handlerKind: "shared" });
});

test("what a dispatcher alone may say is not believed", () => {
  const forged: TurnRequest = {
    ...asked,
    ...{ handlerKind: "exclusive", token: "9", head: { st: "running" }, carried: [1], presence: "mark" },
    ...{
      voucher: "other",
      ownsLock: true,
      attempt: { count: 3, run: { command: 1, attempts: 1, sinceMs: 0 } },
    },
    id: "inv_other",
    target: { service: "Drawer", handler: "fill", key: "a" },
    start: { ...start, accepted: true, replyTo: { id: "inv_x", incarnation: 0, command: 1 }, ended: "{}" },
  };
  expect(onlyCall(forged, services)).toEqual(asked);
});

describe("refused", () => {
  const exclusive = { service: "Drawer", handler: "fill", key: "a" };
  const { start: _start, ...withoutStart } = asked;
  const { guard: _guard, ...withoutGuard } = asked;
  test.each<[string, TurnRequest]>([
    ["a turn that is not the first", withoutStart],
    ["one without a guard", withoutGuard],
    ["an exclusive handler", called({ target: exclusive, id: invocationId("Drawer", "a", unique) })],
    [
      "one with an id of a service",
      called({ target: exclusive, id: invocationId("Drawer", undefined, unique) }),
    ],
    ["an id of another service", called({ id: invocationId("Other", undefined, unique) })],
    ["an id that nobody made", called({ id: "inv_x" })],
    ["a handler that is not here", called({ target: { service: "Desk", handler: "other" } })],
    ["an input that is another invocation's", called({ input: "value", inputFrom: id })],
  ])("%s", (_, request) => {
    expect(() => onlyCall(request, services)).toThrow("not a call");
  });
});

describe("the name by which the function was invoked", () => {
  test("tells who comes in", () => {
    expect(isThroughDoor({ invokedFunctionArn: `${FUNCTION}:${ALIAS}` }, ALIAS)).toBe(true);
    expect(isThroughDoor({ invokedFunctionArn: `${FUNCTION}:7` }, ALIAS)).toBe(false);
    expect(isThroughDoor({ invokedFunctionArn: `${FUNCTION}:7` }, undefined)).toBe(false);
  });

  test("holds in the function itself", async () => {
    process.env["PERDURE_DIRECT_ALIAS"] = ALIAS;
    const handler = createLambdaHandler({ services: [desk] });
    const context = { invokedFunctionArn: `${FUNCTION}:${ALIAS}`, getRemainingTimeInMillis: () => 1000 };
    const event = JSON.parse(encodeTurnRequest({ ...withHead(), handlerKind: "plain" })) as unknown;
    await expect(handler(event, context)).rejects.toThrow("not a call");
    delete process.env["PERDURE_DIRECT_ALIAS"];
  });

  const withHead = (): TurnRequest => {
    const { start: _, ...rest } = asked;
    return { ...rest, head: { st: "running" } };
  };
});

test("a version that was not meant does nothing", () => {
  const address = `${FUNCTION}:7`;
  expect(notMeant({ ...asked, address }, { functionVersion: "7" })).toBeUndefined();
  expect(notMeant({ ...asked, address }, { functionVersion: "8" })).toMatchObject({ kind: "lost" });
  expect(notMeant({ ...asked, address }, { functionVersion: "17" })).toMatchObject({ kind: "lost" });
  expect(notMeant(asked, { functionVersion: "8" })).toBeUndefined();
});

test("a version whose variables name other tables does nothing, and no caller names them for it", () => {
  const own: Resources = {
    ...{ journalTable: "j", stateTable: "s", registryTable: "r", mailboxUrl: "http://localhost/q" },
  };
  const callers = { ...own, journalTable: "another" };
  const request = { ...asked, resourcesId: resourcesId(callers), resources: callers };
  expect(notHere(request, own)).toMatchObject({ kind: "lost", resourcesId: resourcesId(own) });
  expect(notHere({ ...asked, resourcesId: resourcesId(own) }, own)).toBeUndefined();
  expect(notHere(asked, own)).toBeUndefined();
  expect(onlyCall(request, services)).toEqual(asked);
});
