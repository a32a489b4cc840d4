/** What every mailbox must do: order and exclusivity within a group, independence between groups, deduplication. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InvariantError } from "../../lib/errors.ts";
import type { Incoming, Outgoing } from "../../lib/model/message.ts";
import type { Mailbox } from "../../lib/ports.ts";

/** The consumer's side. It may hand out several messages of a group at once, in order. */
export interface Consumer {
  /** Messages that are available or become so within `waitMs`. May be none. */
  receive(waitMs: number): Promise<readonly Incoming[]>;
  delete(message: Incoming): Promise<void>;
  /** Gives a message back. A consumer settles all messages of a batch before it looks for what it gave back. */
  release(message: Incoming): Promise<void>;
}

export interface OpenMailbox extends Consumer {
  readonly mailbox: Mailbox;
  close(): Promise<void>;
}

/** Long enough for what must come. For what must not come the test waits only briefly. */
const WAIT_MS = 5000;
const QUIET_MS = 150;

let named = 0;
/** A name that no other test uses: the tests of a suite share one mailbox. */
export const freshName = (kind: string): string => `${kind}-${++named}`;

export function outgoing(group: string, body: string, dedup: string = freshName("dedup")): Outgoing {
  return { group, dedup, body: JSON.stringify(body) };
}
export const bodiesOf = (messages: readonly Incoming[]): unknown[] =>
  messages.map((message) => JSON.parse(message.body) as unknown);

/** Receives and deletes until it has `count`. Throws if too few come. */
export async function drain(consumer: Consumer, count: number): Promise<Incoming[]> {
  const drained: Incoming[] = [];
  while (drained.length < count) {
    const messages = await consumer.receive(WAIT_MS);
    if (messages.length === 0) throw new Error(`${drained.length} messages came instead of ${count}`);
    for (const message of messages) await consumer.delete(message);
    drained.push(...messages);
  }
  return drained;
}

/** What an emulator is known to get wrong (docs/emulators.md). It is not tested on that emulator. */
export interface MailboxFaults {
  /** Sequence numbers are random. */
  readonly unordered?: boolean;
  /** A deduplication id is forgotten when its message is deleted. */
  readonly forgets?: boolean;
}

export function mailboxSuite(
  name: string,
  open: () => Promise<OpenMailbox>,
  faults: MailboxFaults = {},
): void {
  describe(`mailbox: ${name}`, () => {
    let opened: OpenMailbox;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    describe("sending", () => sending(() => opened));
    describe("handing out", () => handingOut(() => opened, faults));
    describe("deduplication", () => deduplication(() => opened, faults));
  });
}

function sending(opened: () => OpenMailbox): void {
  test("a message arrives as it was sent", async () => {
    const { mailbox } = opened();
    const group = freshName("group");
    const text = 'äöü 漢字 😀 \u{10FFFF} \uFFFD \u0000\u001F\u007F\u2028\\" \uFFFE\uFFFF';
    expect(await mailbox.sendBatch([outgoing(group, text)])).toEqual([]);
    const [message] = await drain(opened(), 1);
    expect(message).toMatchObject({ group, receiveCount: 1 });
    expect(bodiesOf(message === undefined ? [] : [message])).toEqual([text]);
  });

  test("nothing to send is no error", async () => {
    expect(await opened().mailbox.sendBatch([])).toEqual([]);
  });

  test("ten messages of ten groups, large ones too", async () => {
    const { mailbox } = opened();
    const bodies = Array.from({ length: 10 }, (_, index) => String(index).repeat(300 * 1024));
    expect(await mailbox.sendBatch(bodies.map((body) => outgoing(freshName("group"), body)))).toEqual([]);
    const received = bodiesOf(await drain(opened(), 10));
    expect(new Set(received)).toEqual(new Set(bodies));
  });

  test("more than ten, or two of one group, are a caller's bug", async () => {
    const { mailbox } = opened();
    const eleven = Array.from({ length: 11 }, () => outgoing(freshName("group"), "x"));
    const twins = [outgoing("twins", "1"), outgoing("twins", "2")];
    await expect(mailbox.sendBatch(eleven)).rejects.toThrow(InvariantError);
    await expect(mailbox.sendBatch(twins)).rejects.toThrow(InvariantError);
    expect(await opened().receive(QUIET_MS)).toEqual([]);
  });

  test("a message past 1 MiB is too large, and none of its batch is sent", async () => {
    const { mailbox } = opened();
    const messages = [
      outgoing(freshName("group"), "small"),
      outgoing(freshName("group"), "x".repeat(1024 * 1024)),
    ];
    await expect(mailbox.sendBatch(messages)).rejects.toMatchObject({
      name: "OperationalError",
      code: "too-large",
    });
    expect(await opened().receive(QUIET_MS)).toEqual([]);
  });
}

function handingOut(opened: () => OpenMailbox, { unordered = false }: MailboxFaults): void {
  const send = async (group: string, ...bodies: string[]): Promise<void> => {
    for (const body of bodies) expect(await opened().mailbox.sendBatch([outgoing(group, body)])).toEqual([]);
  };

  test("a group's messages come in order, with growing sequence numbers of one width", async () => {
    const group = freshName("group");
    const bodies = Array.from({ length: 12 }, (_, index) => `${index}`);
    await send(group, ...bodies);
    const messages = await drain(opened(), bodies.length);
    expect(bodiesOf(messages)).toEqual(bodies);
    const sequences = messages.map((message) => message.sequence);
    if (!unordered) expect(sequences.toSorted()).toEqual(sequences);
    expect(new Set(sequences).size).toBe(sequences.length);
    expect(new Set(sequences.map((sequence) => sequence.length)).size).toBe(1);
    expect(sequences.every((sequence) => /^\d+$/.test(sequence))).toBe(true);
    expect(new Set(messages.map((message) => message.messageId)).size).toBe(messages.length);
  });

  test("a group in flight hands out nothing more, other groups do", async () => {
    const [busy, other] = [freshName("group"), freshName("group")];
    await send(busy, "1");
    const first = await opened().receive(WAIT_MS);
    await send(busy, "2", "3");
    expect(await opened().receive(QUIET_MS)).toEqual([]);
    await send(other, "a");
    expect((await drain(opened(), 1)).map((message) => message.group)).toEqual([other]);
    expect(await opened().receive(QUIET_MS)).toEqual([]);
    for (const message of first) await opened().delete(message);
    expect(bodiesOf([...first, ...(await drain(opened(), 2))])).toEqual(["1", "2", "3"]);
  });

  test("what is given back comes again, before what follows, and says so", async () => {
    const group = freshName("group");
    await send(group, "1");
    const [first] = await opened().receive(WAIT_MS);
    await send(group, "2");
    if (first !== undefined) await opened().release(first);
    // It may come alone or with later ones.
    const again = await opened().receive(WAIT_MS);
    expect(again[0]).toEqual({ ...first, receiveCount: 2 });
    for (const message of again) await opened().delete(message);
    const rest = await drain(opened(), 2 - again.length);
    expect(bodiesOf([...again, ...rest])).toEqual(["1", "2"]);
    expect([...again, ...rest][1]?.receiveCount).toBe(1);
  });

  test("many groups at once, each in its order", async () => {
    const groups = Array.from({ length: 10 }, () => freshName("group"));
    for (let index = 0; index < 8; index++) {
      expect(
        await opened().mailbox.sendBatch(groups.map((group) => outgoing(group, `${group}:${index}`))),
      ).toEqual([]);
    }
    const received = await drain(opened(), 80);
    for (const group of groups) {
      const own = received.filter((message) => message.group === group);
      expect(bodiesOf(own)).toEqual(Array.from({ length: 8 }, (_, index) => `${group}:${index}`));
    }
  });
}

function deduplication(opened: () => OpenMailbox, { forgets = false }: MailboxFaults): void {
  test("a second send with the same id is swallowed, even after the first was deleted", async () => {
    const message = outgoing(freshName("group"), "once");
    expect(await opened().mailbox.sendBatch([message])).toEqual([]);
    expect(await opened().mailbox.sendBatch([message])).toEqual([]);
    await drain(opened(), 1);
    if (forgets) return;
    expect(await opened().mailbox.sendBatch([message])).toEqual([]);
    expect(await opened().receive(QUIET_MS)).toEqual([]);
  });

  test("the same body under another id is another message", async () => {
    const group = freshName("group");
    for (let index = 0; index < 2; index++) await opened().mailbox.sendBatch([outgoing(group, "twice")]);
    expect(await drain(opened(), 2)).toHaveLength(2);
  });
}
