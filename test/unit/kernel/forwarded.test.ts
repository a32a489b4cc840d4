/** Messages in a service's own mailbox: they keep the place that they had in the runtime's. */
import { describe, expect, test } from "vitest";
import { MAILBOX_RETENTION_MS, REDRIVEN_MS } from "../../../lib/limits.ts";
import { bodyOf, forwarded, openForwarded } from "../../../lib/model/forwarded.ts";
import { groupOf, invocationId, noteGroupOf, serviceTag, tagOfGroup } from "../../../lib/model/ids.ts";
import {
  decodeMessage,
  encodeMessage,
  forLaterVersions,
  type Incoming,
  LaterMessageError,
  type Outgoing,
  type Start,
} from "../../../lib/model/message.ts";

const NOW = 1_000_000_000_000;
const id = invocationId("Slow", "k", new Uint8Array(14).fill(7));
const start: Start = {
  ...{ kind: "start", id, incarnation: 0, origin: "o", acceptedAtMs: NOW },
  ...{ target: { service: "Slow", handler: "h", key: "k" }, headers: { "1": "\u2028" } },
  input: new TextEncoder().encode('{"body":"}"}'),
};
const incomingOf = (body: string, more: Partial<Incoming> = {}): Incoming => ({
  ...{ messageId: "m1", group: groupOf(id), sequence: "17", receiveCount: 1, body },
  ...more,
});
const delivered = ({ body, group }: Outgoing, more: Partial<Incoming> = {}): Incoming =>
  incomingOf(body, { messageId: "m2", group, sequence: "900", ...more });

describe.each([
  ["a Start", encodeMessage(start)],
  ["a note's wrapping", forLaterVersions(encodeMessage({ kind: "kill", id }))],
  ["what nobody can read", 'no JSON ,"body": }}'],
])("%s", (_, body) => {
  test("comes out as it went in, with its place", () => {
    const sent = forwarded(incomingOf(body, { sentAtMs: NOW - 5 }), NOW);
    expect(sent.group).toBe(groupOf(id));
    const { message, is } = openForwarded(delivered(sent, { sentAtMs: NOW + 50 }), NOW + 60);
    const expected = { messageId: "m2", group: groupOf(id), sequence: "17", receiveCount: 1, body };
    expect([is, message]).toEqual(["in-place", { ...expected, sentAtMs: NOW - 5 }]);
    expect(bodyOf(sent.body)).toBe(body);
  });
});

test("the same message is sent on under the same name, another one under another", () => {
  const names = [
    incomingOf("a"),
    incomingOf("a", { receiveCount: 3 }),
    incomingOf("a", { sequence: "18" }),
  ].map((incoming) => forwarded(incoming, NOW).dedup);
  expect(names[1]).toBe(names[0]);
  expect(names[2]).not.toBe(names[0]);
});

test("what may have been handled before stays in doubt", () => {
  const sent = forwarded(incomingOf(encodeMessage(start), { receiveCount: 2 }), NOW);
  expect(openForwarded(delivered(sent), NOW).message.receiveCount).toBe(2);
  expect(openForwarded(delivered(sent, { receiveCount: 4 }), NOW).message.receiveCount).toBe(5);
});

test("what an operator has moved out of the dead letters has lost its place", () => {
  const sent = forwarded(incomingOf(encodeMessage(start)), NOW);
  const moved = delivered(sent, { sentAtMs: NOW + REDRIVEN_MS + 1 });
  const opened = openForwarded(moved, NOW + REDRIVEN_MS + 2);
  expect([opened.is, decodeMessage(opened.message.body).kind]).toEqual(["misplaced", "start"]);
});

test("what was put there by hand has none", () => {
  const body = encodeMessage(start);
  expect(openForwarded(incomingOf(body), NOW)).toEqual({ message: incomingOf(body), is: "misplaced" });
});

test("two queues keep no message longer than one", () => {
  const sent = forwarded(incomingOf("a", { sentAtMs: NOW }), NOW + 10);
  expect(openForwarded(delivered(sent), NOW + MAILBOX_RETENTION_MS).is).toBe("in-place");
  expect(openForwarded(delivered(sent), NOW + MAILBOX_RETENTION_MS + 1).is).toBe("expired");
});

test("a version that knows no such mailboxes gives it back", () => {
  const { body } = forwarded(incomingOf(encodeMessage(start)), NOW);
  expect(() => decodeMessage(body)).toThrow(LaterMessageError);
  // 9df751d looks no further than here, and cannot read the id.
  expect(JSON.parse(body)).toMatchObject({ kind: "start", id: "~" });
});

test("each group of a service names it", () => {
  for (let n = 0; n < 200; n++) {
    const service = `Service${n}`;
    const keyed = invocationId(service, `${n}`, new Uint8Array(14).fill(n));
    const plain = invocationId(service, undefined, new Uint8Array(14).fill(n));
    const groups = [groupOf(keyed), keyed, groupOf(plain), noteGroupOf(keyed), noteGroupOf(plain)];
    expect(groups.map(tagOfGroup)).toEqual(groups.map(() => serviceTag(service)));
  }
});
