/**
 * What somebody who may send to the mailbox makes others believe (docs/decisions/0024-secrets-and-capabilities.md). docs/security.md
 * says what the limits are: the last test shows one.
 */
import { service, type Context } from "perdure";
import { expect, test } from "vitest";
import type { Note } from "../../../lib/model/entry.ts";
import { incarnationOf, invocationId, parseAwakeableId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let shown: string | undefined;
const approval = service({
  name: "Approval",
  handlers: {
    sleeps: async (ctx: Context) => {
      await ctx.sleep({ hours: 1 });
      return "slept";
    },
    asks: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      shown = id;
      return await promise;
    },
  },
});

const id = invocationId("Approval", undefined, new Uint8Array(UNIQUE_SIZE).fill(7));
const ORIGIN = "cmFuZG9tLW9yaWdpbg";
const startOf = (handler: string, isIdempotent = false): Start => ({
  ...({ kind: "start", id, origin: ORIGIN, headers: {}, acceptedAtMs: 0 } as const),
  ...{ incarnation: isIdempotent ? incarnationOf(ORIGIN) : 0, input: new Uint8Array(0) },
  ...{ target: { service: "Approval", handler } },
});
const completion = (outcome: string | null): Note => ({
  ...({ kind: "completion", command: 0 } as const),
  outcome: outcome === null ? null : new TextEncoder().encode(JSON.stringify(outcome)),
});
const signalled = (signal: number): Note => ({
  ...({ kind: "signalled", signal, delivery: `d${signal}` } as const),
  outcome: new TextEncoder().encode('"forged"'),
});

test("a completion that does not name the life is for none", async () => {
  const world = new DispatcherWorld([approval]);
  await world.deliver(startOf("sleeps"));
  expect(await world.deliver({ kind: "notify", id, note: completion(null) })).toBe(true);
  expect(await world.head(id)).toMatchObject({ status: "suspended", notes: [] });
});

test("of what was made with an idempotency key, the life is a secret", async () => {
  const world = new DispatcherWorld([approval]);
  await world.deliver(startOf("sleeps", true));
  for (const incarnation of [0, 1, 0xffff_ffff])
    expect(await world.deliver({ kind: "notify", id, incarnation, note: completion(null) })).toBe(true);
  expect(await world.head(id)).toMatchObject({ status: "suspended", notes: [] });
});

test("an awakeable is completed by its number, which its id alone tells", async () => {
  const world = new DispatcherWorld([approval]);
  await world.deliver(startOf("asks"));
  for (const number of [0, 1, 17, 18])
    await world.deliver({ kind: "notify", id, incarnation: 0, note: signalled(number) });
  expect(await world.head(id)).toMatchObject({ status: "suspended" });
  const { index = 0 } = parseAwakeableId(shown ?? "") ?? {};
  await world.deliver({ kind: "notify", id, incarnation: 0, note: signalled(index) });
  expect(await world.head(id)).toMatchObject({ status: "completed", outcome: { ok: true } });
});

test("of any other, the invocation's id is all that must be known", async () => {
  const world = new DispatcherWorld([approval]);
  await world.deliver(startOf("sleeps"));
  await world.deliver({ kind: "notify", id, incarnation: 0, note: completion(null) });
  expect((await world.head(id))?.status).toBe("completed");
});
