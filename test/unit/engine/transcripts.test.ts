/** Whole turns: what comes in, and exactly what they write, send and answer. */
import { expect, test } from "vitest";
import { childUnique, invocationId } from "../../../lib/model/ids.ts";
import { success } from "../../../lib/model/outcome.ts";
import { bytes, completion, get, run, set, signalled, sleep } from "../../support/entries.ts";
import { ID, NOW_MS, turnOfObject, turnOfService } from "../../support/transcript.ts";

const completed = { turn: { kind: "completed", ownsLock: false, replies: [] } };

test("a sleep: it suspends", async () => {
  const nap = sleep(0, NOW_MS + 5000, "nap");
  const wait = { kind: "sleep", command: 0, dueAtMs: nap.dueAtMs };
  expect(await turnOfService((ctx) => ctx.sleep(5000, "nap"))).toEqual([
    { append: [nap], at: 0, status: "suspended", wait },
    { turn: { kind: "suspended", wait: ["z", 0, nap.dueAtMs] } },
  ]);
});

test("a sleep that is over: it ends", async () => {
  const log = [sleep(0, NOW_MS - 1, "nap")];
  expect(await turnOfService((ctx) => ctx.sleep(5000, "nap"), { log, carried: [completion(0)] })).toEqual([
    { append: [completion(0)], at: 1, status: "completed", outcome: success() },
    completed,
  ]);
});

test("two runs: the first is durable before the second begins, the second with the end", async () => {
  const sum = async (a: number, b: number) => a + b;
  expect(
    await turnOfService(async (ctx) => {
      const one = await ctx.run("one", () => sum(1, 0));
      return await ctx.run("two", () => sum(one, 1));
    }),
  ).toEqual([
    { append: [run(0, "one", bytes("1"))], at: 0, status: "running" },
    { append: [run(1, "two", bytes("2"))], at: 1, status: "completed", outcome: success(bytes("2")) },
    completed,
  ]);
});

test("a call: it is in the log before it is sent", async () => {
  const callee = invocationId("Greeter", undefined, childUnique(ID, 0, 0));
  const target = { service: "Greeter", handler: "greet" };
  const call = {
    ...{ ...target, key: null, input: bytes('"Ada"'), headers: {}, idempotencyKey: null },
    ...{ dueAtMs: null, name: null, acceptedAtMs: NOW_MS, incarnation: 0 },
  };
  const greet = { kind: "call", command: 0, callee, call };
  expect(
    await turnOfService((ctx) =>
      ctx
        .serviceClient<{ greet: (ctx: unknown, name: string) => Promise<string> }>({ name: "Greeter" })
        .greet("Ada"),
    ),
  ).toEqual([
    { append: [greet], at: 0, status: "suspended", wait: { kind: "call", command: 0 } },
    {
      send: {
        ...{ kind: "start", id: callee, incarnation: 0, origin: `${ID}.0.0`, target },
        headers: { ":seal": expect.any(String) },
        ...{ input: bytes('"Ada"'), acceptedAtMs: NOW_MS, replyTo: { id: ID, incarnation: 0, command: 0 } },
      },
    },
    { turn: { kind: "suspended", wait: ["c", 0] } },
  ]);
});

test("an object's get and set: the read is not logged with the end, and the state is written after it", async () => {
  expect(
    await turnOfObject(
      async (ctx) => {
        const count = ((await ctx.get<number>("count")) ?? 0) + 1;
        ctx.set("count", count);
        return count;
      },
      { state: { count: bytes("41") } },
    ),
  ).toEqual([
    { append: [set(1, "count", bytes("42"))], at: 0, status: "completed", outcome: success(bytes("42")) },
    { state: "count", value: bytes("42"), at: 0 },
    { turn: { kind: "completed", ownsLock: true, replies: [] } },
  ]);
});

test("a mismatch: nothing is written", async () => {
  const log = [get(0, "count"), run(1, "charge", bytes("1"))];
  const [failed, ...more] = await turnOfObject(
    async (ctx) => {
      await ctx.get("count");
      await ctx.run("refund", () => 1);
    },
    { log },
  );
  expect(more).toEqual([]);
  expect(failed).toEqual({
    turn: {
      ...{ kind: "failed", length: 2, progress: false },
      failure: {
        code: 570,
        message: expect.stringMatching(
          /^Journal mismatch at operation 1 of 2 recorded: the journal recorded run "charge", but the code now does run "refund", with another name/,
        ),
      },
    },
  });
});

test("a call that cannot be made yet takes no note along, and no read that came before it is lost", async () => {
  const going = signalled("go", "d", bytes("1"));
  const log = [run(0, "first", bytes("1"))];
  const transcript = await turnOfObject(
    async (ctx) => {
      await ctx.run("first", () => 1);
      const before = ctx.get<number>("n");
      ctx.set("n", 2);
      ctx.objectSendClient<{ missing: (ctx: unknown) => Promise<void> }>({ name: "Other" }, "k").missing();
      await ctx.signal("go");
      return await before;
    },
    { log, notes: [going], state: { n: bytes("1") } },
  );
  expect(transcript).toMatchObject([
    { append: [set(2, "n", bytes("2")), get(1, "n", bytes("1"))], status: "running", notes: [going] },
    { state: "n" },
    { turn: { kind: "failed", length: 3 } },
  ]);
});

test("an attempt that fails beside an open read appends nothing: the next one would read what came after it", async () => {
  const transcript = await turnOfObject(
    async (ctx) => {
      void ctx.get<number>("n");
      ctx.set("n", 2);
      throw new Error("not now");
    },
    { state: { n: bytes("1") } },
  );
  expect(transcript).toMatchObject([{ turn: { kind: "failed", length: 0 } }]);
});
