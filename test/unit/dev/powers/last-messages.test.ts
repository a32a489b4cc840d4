import { expect, test } from "vitest";
import { MESSAGES_REMEMBERED_BYTES_MAX, MESSAGES_REMEMBERED_MAX } from "../../../../lib/limits/local.ts";
import { invocationId } from "../../../../lib/model/ids.ts";
import { encodeMessage, type Incoming, type Start } from "../../../../lib/model/message.ts";
import { LastMessages } from "../../../../runtime/dev/powers/last-messages.ts";

const idOf = (number: number): string =>
  invocationId(
    "S",
    undefined,
    Uint8Array.from({ length: 14 }, (_, at) => (at < 4 ? number >> (8 * at) : 0)),
  );
const [A, B, C] = [idOf(1), idOf(2), idOf(3)];

const start = (id: string, input = ""): Start => ({
  ...{ kind: "start", id, incarnation: 0, origin: "o", target: { service: "S", handler: "h" } },
  ...{ input: Buffer.from(input), headers: {}, acceptedAtMs: 1 },
});
const incoming = (sequence: number, body: string): Incoming => ({
  ...{ messageId: `m${sequence}`, group: "g", sequence: String(sequence), receiveCount: 1, body },
});

test("the newest message of the invocation; not one that only names it", () => {
  const messages = new LastMessages();
  messages.note([incoming(1, encodeMessage(start(A))), incoming(2, encodeMessage(start(B, A)))]);
  messages.note([incoming(3, encodeMessage({ kind: "resume", id: A }))]);
  messages.note([incoming(4, `no message: ${A}`)]);
  expect(messages.of(A)).toMatchObject({ isGuard: false, incoming: { sequence: "3" } });
  expect(messages.of(B)).toMatchObject({ message: { kind: "start" } });
  expect(messages.of(C)).toBeUndefined();
});

test("a turn at the door has a guard instead", () => {
  const messages = new LastMessages();
  messages.note([{ start: start(A), name: "guard", atMs: 5 }]);
  expect(messages.of(A)).toMatchObject({
    isGuard: true,
    incoming: { body: expect.stringContaining('"guard":"guard"') as string, receiveCount: 0 },
  });
});

test("no more than have room", () => {
  const messages = new LastMessages();
  const body = (id: string): string => encodeMessage(start(id));
  messages.note([incoming(0, body(idOf(0)))]);
  for (let n = 1; n <= MESSAGES_REMEMBERED_MAX; n++) messages.note([incoming(n, body(idOf(n + 10)))]);
  expect(messages.of(idOf(0))).toBeUndefined();
  expect(messages.of(idOf(MESSAGES_REMEMBERED_MAX + 10))).toBeDefined();
  const long = "x".repeat(MESSAGES_REMEMBERED_BYTES_MAX / 2);
  messages.note([incoming(1, body(A)), incoming(2, long), incoming(3, long)]);
  messages.note([incoming(4, body(B))]);
  expect(messages.of(A)).toBeUndefined();
  expect(messages.of(B)).toBeDefined();
});
