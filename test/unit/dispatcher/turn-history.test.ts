/** What the head says of turns that failed, died or were left alone (docs/decisions/0031-times.md). */
import { beforeEach, expect, test } from "vitest";
import { FunctionError } from "../../../lib/errors.ts";
import { RELAY_AFTER_MS, TURNS_FIRST_MAX, TURNS_LAST_MAX } from "../../../lib/limits.ts";
import { headAttributes, newHead, parseHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { withTurn } from "../../../lib/model/turn-record.ts";
import { turnsIn } from "../../../lib/model/turns.ts";
import { timesIn } from "../../../lib/model/entry-times.ts";
import type { Context } from "../../../sdk/context.ts";
import { service } from "../../../sdk/index.ts";
import { Invocation } from "../../../runtime/dispatcher/invocation.ts";
import { historyOf, turnsForRequest } from "../../../runtime/dispatcher/turn-history.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const ACCEPTED = Date.UTC(2030, 0, 1) - 5000;
const id = invocationId("Work", undefined, new Uint8Array(UNIQUE_SIZE).fill(1));
const start: Start = {
  ...{ kind: "start", id, incarnation: 0, origin: "o", headers: {}, input: new Uint8Array(0) },
  ...{ target: { service: "Work", handler: "steps" }, acceptedAtMs: ACCEPTED },
};

let world: DispatcherWorld;
let tries = 0;
let failing = 0;
let beforeSecond: () => Promise<void>;
beforeEach(() => {
  [tries, failing] = [0, 0];
  beforeSecond = async () => await Promise.resolve();
  world = new DispatcherWorld([
    service({
      name: "Work",
      handlers: {
        steps: async (ctx: Context) => {
          await ctx.run("first", () => 1);
          await ctx.run("second", async () => {
            await beforeSecond();
            if (++tries <= failing) throw new Error(`no ${tries}`);
          });
        },
      },
    }),
  ]);
});

const turns = async () => {
  const head = await world.head(id);
  const { first, last, leftOut } = turnsIn(head?.turns, ACCEPTED);
  return { leftOut, all: [...first, ...last] };
};
const ends = async (): Promise<string[]> => (await turns()).all.map(({ end }) => end);
/** Until the dispatcher has written that it rests, or has ended. */
async function deliver(): Promise<void> {
  const delivered = world.deliver(start);
  for (let at = 0; at < 20; at++) await world.clock.advance(100);
  expect(await delivered).toBe(true);
}

test("attempts that fail under one message are in the head with what is written next", async () => {
  failing = 3;
  await deliver();
  const { all } = await turns();
  expect(all.map(({ end, message, code }) => [end, message, code])).toEqual([
    ["failed", "no 1", 7],
    ["failed", "no 2", 7],
    ["failed", "no 3", 7],
    ["completed", undefined, undefined],
  ]);
  const times = all.flatMap(({ fromMs, untilMs = 0 }) => [fromMs, untilMs]);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  const head = await world.head(id);
  const [, second] = timesIn(head?.tail ?? [], ACCEPTED);
  expect(second?.tries).toBe(4);
  expect(second?.startedAtMs).toBe(all[0]?.fromMs);
});

test("a turn whose process dies between an append and its end has died when the dispatcher heard of it", async () => {
  const death = Promise.withResolvers<never>();
  beforeSecond = async () => {
    beforeSecond = async () => await Promise.resolve();
    world.beside = undefined;
    death.reject(new FunctionError("crashed", "the process was ended"));
    await new Promise(() => undefined);
  };
  world.beside = death.promise;
  await deliver();
  const { all } = await turns();
  expect(all.map(({ end, code }) => [end, code])).toEqual([
    ["died", 10],
    ["completed", undefined],
  ]);
  expect(all[0]?.message).toContain("the process was ended");
});

test("one that nobody heard of again has died at its last append", async () => {
  let appendedAtMs = 0;
  beforeSecond = async () => {
    beforeSecond = async () => await Promise.resolve();
    appendedAtMs = (await world.head(id))?.appendedAtMs ?? 0;
    await new Promise(() => undefined);
  };
  void world.deliver(start, { sequence: "7" });
  await expect.poll(() => appendedAtMs).toBeGreaterThan(0);
  expect(await ends()).toEqual(["running"]);
  await world.clock.advance(RELAY_AFTER_MS / 2);
  // The dispatcher is gone, too, and its message comes again.
  void world.deliver(start, { sequence: "7", receiveCount: 2 });
  await expect.poll(ends).toEqual(["died", "completed"]);
  expect((await turns()).all[0]?.untilMs).toBe(appendedAtMs);
});

test("a head of an earlier version has no history, and gets one", async () => {
  failing = 1;
  const withoutTurns = async (): Promise<void> => {
    const stored = await world.items.get(headKey(id));
    if (stored?.["tn"] === undefined) return;
    const { tn: _, ...earlier } = stored;
    await world.items.write({ op: "put", key: headKey(id), attributes: earlier });
  };
  beforeSecond = withoutTurns;
  await deliver();
  expect(await ends()).toEqual(["failed", "completed"]);
});

test("a history that is too long is bounded by the dispatcher; one that is not is not sent", () => {
  const of = (count: number): Invocation => {
    let stored: Uint8Array = new Uint8Array(0);
    for (let at = 0; at < count; at++)
      stored = withTurn(stored, ACCEPTED, {
        end: "suspended",
        fromMs: ACCEPTED + at,
        untilMs: ACCEPTED + at,
      });
    const item = { ...newHead(start, {}), ...headAttributes({ status: "backing-off", turns: stored }) };
    return Invocation.stored(id, { head: parseHead(item), item }, undefined);
  };
  const requested = (invocation: Invocation): Uint8Array | undefined =>
    turnsForRequest(historyOf(invocation, {}).turns, invocation).turns;
  expect(requested(of(TURNS_FIRST_MAX + TURNS_LAST_MAX))).toBeUndefined();
  const { first, leftOut, last } = turnsIn(requested(of(40)), ACCEPTED);
  expect([first.length, leftOut, last.length]).toEqual([TURNS_FIRST_MAX, 24, TURNS_LAST_MAX]);
});
