// A rehearsal tells whether code fits a journal, and does nothing.
import { expect, test } from "vitest";
import type { HostPorts } from "../../../runtime/dev/hosts/host-protocol.ts";
import { rehearse, type RehearsalPorts } from "../../../lib/replay/rehearsal.ts";
import type { TurnOutcome } from "../../../lib/protocol.ts";

/** Every effect of a turn throws: a rehearsal that reached these would not be one. */
const refuse = (): never => {
  throw new Error("a rehearsal has had an effect");
};
const ports = {
  items: { get: () => Promise.resolve(undefined), write: refuse, query: refuse, scan: refuse },
  mailbox: { sendBatch: refuse },
  timers: { schedule: refuse },
  invoker: { invoke: refuse },
} as unknown as HostPorts;

const failed = (code: number): TurnOutcome => ({
  ...{ kind: "failed", length: 1, progress: false },
  failure: { code, message: `failed with ${code}` },
});
const STEP = { id: "inv_1", command: 0, name: "pay" } as const;

test.each<[string, (turn: RehearsalPorts) => unknown]>([
  ["a write", ({ items }) => items.write({ op: "delete", key: { table: "journal", pk: "a", sk: "b" } })],
  ["a message", ({ mailbox }) => mailbox.sendBatch([])],
  ["a timer", ({ timers }) => timers.schedule({ atMs: 0, message: undefined as never })],
  ["a call", ({ invoker }) => invoker.invoke(undefined as never, undefined as never)],
  ["a step", ({ steps }) => steps.begins(STEP)],
])("%s is not done, and ends it: all that is recorded was replayed", async (_what, act) => {
  let wentOn = false;
  const rehearsal = await rehearse(async (turn) => {
    await act(turn);
    wentOn = true;
    return failed(500);
  }, ports);
  expect(rehearsal).toEqual({ fits: true });
  expect(wentOn).toBe(false);
});

test.each<[string, TurnOutcome, boolean]>([
  ["a mismatch", failed(570), false],
  ["an error of the code", failed(500), true],
  ["what could not be read", { kind: "lost", reason: "unavailable" }, false],
  ["time that was up between two steps", { kind: "yielded", length: 3 }, true],
])("%s", async (_what, outcome, fits) => {
  expect(await rehearse(() => Promise.resolve(outcome), ports)).toMatchObject({ fits });
});

test("reads are answered", async () => {
  const rehearsal = await rehearse(async ({ items }) => {
    await items.get({ table: "state", pk: "a", sk: "b" });
    return failed(570);
  }, ports);
  expect(rehearsal).toEqual({ fits: false, reason: "failed with 570" });
});
