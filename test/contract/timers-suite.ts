/** What all timers must do: never early (T1), never lost, harmless if they fire twice. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Incoming } from "../../lib/model/message.ts";
import type { Timers } from "../../lib/ports.ts";
import { type Consumer, freshName, outgoing } from "./mailbox-suite.ts";

/** The consumer of the mailbox to which due timers go. */
export interface OpenTimers extends Consumer {
  readonly timers: Timers;
  /** By the timers' clock. */
  now(): number;
  close(): Promise<void>;
}

const WAIT_MS = 5000;
const QUIET_MS = 300;

interface Arrival {
  readonly message: Incoming;
  readonly atMs: number;
}

export function timersSuite(name: string, open: () => Promise<OpenTimers>): void {
  describe(`timers: ${name}`, () => {
    let opened: OpenTimers;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());

    const arrivals = async (count: number): Promise<Arrival[]> => {
      const found: Arrival[] = [];
      while (found.length < count) {
        const messages = await opened.receive(WAIT_MS);
        const atMs = opened.now();
        if (messages.length === 0) throw new Error(`${found.length} timers fired instead of ${count}`);
        for (const message of messages) await opened.delete(message);
        found.push(...messages.map((message) => ({ message, atMs })));
      }
      return found;
    };

    test("each fires once it is due, never before, with its own message", async () => {
      const delaysMs = [-86_400_000, 0, 1, 250, 999.5, 1001, 1300];
      const startMs = opened.now();
      const due = new Map<string, number>();
      for (const delayMs of delaysMs.toReversed()) {
        const group = freshName("timer");
        const atMs = startMs + delayMs;
        due.set(group, atMs);
        await opened.timers.schedule({ atMs, message: outgoing(group, `${delayMs}`) });
      }
      const fired = await arrivals(delaysMs.length);
      expect(new Set(fired.map(({ message }) => message.group)).size).toBe(delaysMs.length);
      for (const { message, atMs } of fired) {
        const dueAtMs = due.get(message.group) ?? Number.POSITIVE_INFINITY;
        expect(atMs).toBeGreaterThanOrEqual(dueAtMs);
        expect(JSON.parse(message.body)).toBe(String(Math.round((dueAtMs - startMs) * 10) / 10));
      }
    });

    test("the same one twice fires at least once, and never early", async () => {
      const atMs = opened.now() + 200;
      const message = outgoing(freshName("timer"), "same");
      await Promise.all([
        opened.timers.schedule({ atMs, message }),
        opened.timers.schedule({ atMs, message }),
      ]);
      await opened.timers.schedule({ atMs, message });
      const [first] = await arrivals(1);
      expect(first?.message).toMatchObject({ group: message.group, body: message.body });
      expect(first?.atMs).toBeGreaterThanOrEqual(atMs);
      for (const again of await opened.receive(QUIET_MS)) {
        expect(again.body).toBe(message.body);
        await opened.delete(again);
      }
    });

    test("a far one does not fire now", async () => {
      const year = 365 * 24 * 3_600_000;
      await opened.timers.schedule({
        atMs: opened.now() + 10 * 60_000,
        message: outgoing(freshName("timer"), "soon"),
      });
      await opened.timers.schedule({
        atMs: opened.now() + year,
        message: outgoing(freshName("timer"), "later"),
      });
      expect(await opened.receive(QUIET_MS)).toEqual([]);
    });

    test.each([
      ["30 days", 30 * 24 * 3_600_000],
      ["the year 10000", Date.UTC(9999, 11, 31) + 2 * 24 * 3_600_000],
      ["the last date", 8_640_000_000_000_000],
      ["beyond all dates", Number.MAX_SAFE_INTEGER],
      ["a number that no integer holds", 1e300],
      ["for ever", Number.POSITIVE_INFINITY],
    ])("one due in %s is taken, and does not fire now", async (_name, afterMs) => {
      await opened.timers.schedule({
        atMs: opened.now() + afterMs,
        message: outgoing(freshName("timer"), "far"),
      });
      expect(await opened.receive(QUIET_MS)).toEqual([]);
    });

    test("one due since ever fires", async () => {
      const message = outgoing(freshName("timer"), "ever");
      await opened.timers.schedule({ atMs: Number.NEGATIVE_INFINITY, message });
      expect((await arrivals(1))[0]?.message).toMatchObject({ group: message.group });
    });

    test("one that is due at no time is refused", async () => {
      const message = outgoing(freshName("timer"), "never");
      await expect(opened.timers.schedule({ atMs: Number.NaN, message })).rejects.toThrow("not a number");
    });
  });
}
