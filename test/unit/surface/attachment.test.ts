/** The dispatcher's side of an attachment. A repetition is harmless (M2), and a crash leads to one (R2). */
import { expect, test } from "vitest";
import { shownId } from "../../../lib/model/shown-id.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { type Head, newHead, parseHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { childUnique, invocationId, noteGroupOf } from "../../../lib/model/ids.ts";
import { type Attach, decodeMessage, type Outgoing, type Start } from "../../../lib/model/message.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { attach as handle, refuseAttach } from "../../../runtime/dispatcher/attachment.ts";
import type { DispatcherPorts } from "../../../runtime/dispatcher/delivery.ts";
import { repeatLastOutputs } from "../../../lib/store/last-outputs.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { completion } from "../../support/entries.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const target = invocationId("Work", undefined, childUnique("inv_parent", 0, 1));
const exclusive = invocationId("Keyed", "k", childUnique("inv_parent", 0, 2));
const caller = invocationId("Caller", undefined, childUnique("inv_parent", 0, 3));
const replyTo = { id: caller, incarnation: 0, command: 4 };
const attach: Attach = { kind: "attach", id: target, replyTo };

function world() {
  const sent: Outgoing[] = [];
  const items = new MemoryItemStore();
  const ports = {
    items,
    mailbox: {
      sendBatch: async (batch: readonly Outgoing[]) => {
        sent.push(...batch);
        return [];
      },
    },
    clock: systemClock,
    entropy: systemEntropy,
    logger: silentLogger,
  } as unknown as DispatcherPorts;
  const put = async (fields: object) => {
    const start = { kind: "start", id: target, incarnation: 0, origin: "o", acceptedAtMs: 1 } as const;
    const attributes = newHead(
      { ...start, headers: {}, target: { service: "Work", handler: "now" } } as unknown as Start,
      {},
    );
    await items.write({
      op: "put",
      key: headKey(target),
      attributes: { ...attributes, ...fields },
      when: { is: "absent" },
    });
  };
  const messages = () => sent.map(({ body, group }) => ({ group, message: decodeMessage(body) }));
  const attachment = {
    handle: (message: Attach) => handle(ports, message),
    refuse: (message: Attach, reason: string) => refuseAttach(ports, message, reason),
  };
  return { ports, items, attachment, put, messages };
}

test("an open invocation is told of its caller once", async () => {
  const { attachment, put, items, messages } = world();
  await put({ s: "suspended" });
  expect(await attachment.handle(attach)).toBe("done");
  expect(await attachment.handle(attach)).toBe("done");
  expect(await attachment.handle({ ...attach, replyTo: { ...replyTo, command: 5 } })).toBe("done");
  expect((await readHead(items, target))?.head.replies).toEqual([replyTo, { ...replyTo, command: 5 }]);
  expect(messages()).toEqual([]);
});

test("a completed one answers, each time the same", async () => {
  const { attachment, put, messages } = world();
  await put({ s: "completed", x: [418, "failed"], e: Date.now() + 60_000 });
  await attachment.handle(attach);
  await attachment.handle(attach);
  const note = completion(4, [418, "failed"]);
  const reply = { group: noteGroupOf(caller), message: { kind: "notify", id: caller, incarnation: 0, note } };
  expect(messages()).toEqual([reply, reply]);
});

test.each(["absent", "expired"])("an %s one is 404", async (kind) => {
  const { attachment, put, messages } = world();
  if (kind === "expired") await put({ s: "completed", x: null, e: Date.now() - 1 });
  await attachment.handle(attach);
  expect(messages()).toMatchObject([
    {
      group: noteGroupOf(caller),
      message: { note: completion(4, [404, `invocation not found: ${shownId(target)}`]) },
    },
  ]);
});

test("an absent exclusive one is first looked for behind its own group, where delayed starts are registered", async () => {
  const { attachment, messages } = world();
  await attachment.handle({ ...attach, id: exclusive });
  expect(messages()).toEqual([
    { group: exclusive, message: { kind: "attach", id: exclusive, replyTo, forwarded: true } },
  ]);
  await attachment.handle(messages()[0]?.message as Attach);
  expect(messages()[1]).toMatchObject({
    group: noteGroupOf(caller),
    message: { note: completion(4, [404, expect.anything()]) },
  });
});

test("what cannot be attached to at all is the caller's failure, not the target's pause", async () => {
  const { attachment, messages } = world();
  expect(await attachment.refuse(attach, "unreadable")).toBe("done");
  expect(messages()).toMatchObject([
    { group: noteGroupOf(caller), message: { note: completion(4, [500, expect.anything()]) } },
  ]);
});

test("a caller that died after its append has its attachment sent again (R2)", async () => {
  const { ports, messages } = world();
  const start = { kind: "start", id: caller, incarnation: 0, origin: "o", acceptedAtMs: 1 } as const;
  const base = newHead(
    { ...start, headers: {}, target: { service: "Caller", handler: "x" } } as unknown as Start,
    {},
  );
  const head: Head = parseHead({ ...base, s: "running", n: 1, ba: ports.clock.now(), l: [["h", 4, target]] });
  await repeatLastOutputs(ports, caller, head);
  await repeatLastOutputs(ports, caller, head);
  expect(messages()).toEqual([
    { group: target, message: attach },
    { group: target, message: attach },
  ]);
});
