// What of a request and its answer is an action of somebody's, and what is kept of it.
import { expect, test } from "vitest";
import { type AuditAction, actionsOf } from "../../../runtime/admin/audit/action.ts";
import { recordActions } from "../../../runtime/admin/audit/trail.ts";
import type { HttpRequest } from "../../../runtime/http/message.ts";
import { emptyResponse, jsonResponse } from "../../../runtime/http/message.ts";
import type { Logger } from "../../../lib/ports.ts";

const ID = "inv_1abc";

function asked(line: string, body: unknown = "", more: Partial<HttpRequest> = {}) {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  const request: HttpRequest = {
    ...{ method, path, query: new URLSearchParams(query), headers: {} },
    body: new TextEncoder().encode(body === "" ? "" : JSON.stringify(body)),
    ...more,
  };
  return { request, segments: path.slice(1).split("/") };
}

function actions(
  line: string,
  answer = emptyResponse(202),
  body: unknown = "",
  more: Partial<HttpRequest> = {},
) {
  const { request, segments } = asked(line, body, more);
  return actionsOf(request, segments, answer, 7);
}

const one = (...of: Parameters<typeof actions>): Partial<AuditAction> => {
  const found = actions(...of);
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0] ?? {};
};

test.each([
  "GET /invocations",
  "HEAD /invocations",
  "POST /query",
  "POST /nonsense",
  `PATCH /invocations/${ID}/nonsense`,
])("%s is none", (line) => {
  expect(actions(line)).toEqual([]);
});

test("an operation on an invocation says on which, and how it was answered", () => {
  expect(actions(`PATCH /invocations/${ID}/kill`)).toEqual([
    { atMs: 7, action: "kill", id: ID, outcome: "done", status: 202, via: "program" },
  ]);
  expect(one(`DELETE /invocations/${ID}?mode=purge`)).toMatchObject({ action: "purge", id: ID });
  expect(one(`DELETE /invocations/${ID}`)).toMatchObject({ action: "cancel", id: ID });
});

test("a refusal keeps its message; a failure is open, unless a code says what it was", () => {
  const refused = jsonResponse(409, { message: "it has ended", restate_code: null });
  expect(one(`PATCH /invocations/${ID}/cancel`, refused)).toMatchObject({
    ...{ outcome: "refused", status: 409, message: "it has ended" },
  });
  const open = jsonResponse(503, { message: "no answer", restate_code: null });
  expect(one(`PATCH /invocations/${ID}/cancel`, open)).toMatchObject({ outcome: "open" });
  const known = jsonResponse(500, { message: "no answer", restate_code: "META0003" });
  expect(one("POST /deployments", known, { uri: "http://h" })).toMatchObject({
    ...{ action: "register-deployment", target: "http://h", outcome: "refused" },
  });
});

test("of several at once each is told", () => {
  const answer = jsonResponse(200, {
    succeeded: ["inv_1a", { old_invocation_id: "inv_1b", new_invocation_id: "inv_1c" }],
    failed: [{ invocation_id: "inv_1d", error: "it has ended" }],
  });
  for (const path of ["/invocations/kill", "/internal/invocations_batch_operations/kill"])
    expect(actions(`POST ${path}`, answer)).toMatchObject([
      { action: "kill", id: "inv_1a", outcome: "done" },
      { action: "kill", id: "inv_1b", outcome: "done" },
      { action: "kill", id: "inv_1d", outcome: "refused", message: "it has ended" },
    ]);
});

test("edits of state, settings and deployments say what they were done to", () => {
  const edited = emptyResponse(202, { "x-restate-id": ID });
  expect(one("POST /services/Cart/state", edited, { object_key: "ada" })).toMatchObject({
    ...{ action: "edit-state", target: "Cart/ada", id: ID },
  });
  expect(one("DELETE /services/Cart/state/ada", edited)).toMatchObject({
    action: "clear-state",
    target: "Cart/ada",
  });
  expect(one("PATCH /services/Cart")).toMatchObject({ action: "configure", target: "Cart" });
  expect(one("POST /deployments", jsonResponse(201, { id: "dp_1" }), { uri: "http://h" })).toMatchObject({
    ...{ action: "register-deployment", target: "dp_1" },
  });
  expect(one("DELETE /deployments/dp_1")).toMatchObject({ action: "remove-deployment", target: "dp_1" });
  expect(actions("POST /deployments", jsonResponse(200, {}), { uri: "http://h", dry_run: true })).toEqual([]);
});

test("subscriptions, clusters and rejected events are told; an event that is delivered is nobody's action", () => {
  expect(one("POST /subscriptions", jsonResponse(201, { id: "sub_1" }), { source: "s" })).toMatchObject({
    ...{ action: "subscribe", target: "sub_1" },
  });
  expect(one("DELETE /subscriptions/sub_1")).toMatchObject({ action: "unsubscribe", target: "sub_1" });
  for (const [paused, action] of [
    [true, "pause-subscription"],
    [false, "resume-subscription"],
  ] as const)
    expect(one("PATCH /subscriptions/sub_1", jsonResponse(200, { paused }))).toMatchObject({ action });
  for (const verb of ["skip", "replay"])
    expect(one(`POST /subscriptions/sub_1/${verb}`)).toMatchObject({
      ...{ action: `${verb}-subscription`, target: "sub_1" },
    });
  expect(one("POST /kafka-clusters", undefined, { name: "k" })).toMatchObject({
    action: "add-cluster",
    target: "k",
  });
  expect(one("PATCH /kafka-clusters/k")).toMatchObject({ action: "change-cluster", target: "k" });
  expect(one("POST /events/rejected/sub_1/7/retry")).toMatchObject({
    action: "retry-event",
    target: "sub_1/7",
  });
  expect(one("DELETE /events/rejected/sub_1/7")).toMatchObject({ action: "drop-event", target: "sub_1/7" });
  for (const verb of ["retry", "drop"])
    expect(one(`POST /events/rejected/sub_1/${verb}`)).toMatchObject({
      ...{ action: `${verb}-events`, target: "sub_1" },
    });
  expect(actions("POST /events/sub_1", undefined, {})).toEqual([]);
});

test("who it was, if somebody was verified, and whether a page has asked", () => {
  const userArn = "arn:aws:sts::1:assumed-role/Ops/ada";
  const line = `PATCH /invocations/${ID}/kill`;
  expect(one(line, undefined, "", { caller: { kind: "iam", userArn } })).toMatchObject({ who: userArn });
  expect(one(line, undefined, "", { caller: { kind: "jwt", claims: { sub: "ada" } } })).toMatchObject({
    who: "ada",
  });
  expect(one(line, undefined, "", { headers: { "sec-fetch-site": "same-origin" } })).toMatchObject({
    via: "page",
  });
});

test("without a log of their own, actions are lines of the log", async () => {
  const lines: unknown[] = [];
  const logger: Logger = { log: (...line) => void lines.push(line) };
  const { request, segments } = asked(`PATCH /invocations/${ID}/kill`);
  const clock = { now: () => 0, after: () => () => undefined };
  await recordActions({ clock, logger }, request, segments, emptyResponse(202));
  expect(lines).toEqual([
    [
      ...["info", "admin: action"],
      {
        at: "1970-01-01T00:00:00.000Z",
        action: "kill",
        id: ID,
        outcome: "done",
        status: 202,
        via: "program",
      },
    ],
  ]);
});

test("what was done is answered, even if it cannot be recorded", async () => {
  const lines: string[] = [];
  const logger: Logger = { log: (level, message) => void lines.push(`${level} ${message}`) };
  const audit = { record: () => Promise.reject(new Error("disk full")), list: () => [] };
  const { request, segments } = asked(`PATCH /invocations/${ID}/kill`);
  const clock = { now: () => 0, after: () => () => undefined };
  await recordActions({ audit, clock, logger }, request, segments, emptyResponse(202));
  expect(lines).toEqual(["warn admin: an action could not be recorded"]);
});
