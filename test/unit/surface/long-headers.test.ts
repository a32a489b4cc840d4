/** Headers that are too long for a head lie beside it, and are there wherever headers are (docs/decisions/0024-secrets-and-capabilities.md). */
import { handlers, service, type Context } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { HEADERS_AT, SEAL } from "../../../lib/model/header-names.ts";
import { headersInHead, headersValueOf } from "../../../lib/model/headers-value.ts";
import { childUnique, invocationId } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { placeOf, writeValue } from "../../../lib/store/value-store.ts";
import { withHeaders } from "../../../runtime/dispatcher/turn-request.ts";
import { until, World } from "../semantics/world.ts";

const TOKEN = `Bearer ${"x".repeat(2000)}`;

const seen: string[] = [];
const teller = service({
  name: "Teller",
  handlers: {
    tell: handlers.handler({ passHeaders: ["authorization"] }, async (ctx: Context) => {
      const { headers } = ctx.request();
      seen.push(headers.get("authorization") ?? "none");
      expect([...headers.keys()].filter((name) => name.startsWith(":"))).toEqual([]);
      await ctx.sleep(10);
      return headers.get("x-mine");
    }),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(teller);
});
afterAll(async () => await world.stop());

const given = { authorization: TOKEN, "x-mine": "1" };

test("each attempt sees them, a delayed start, a repeat and a restart, too", async () => {
  seen.length = 0;
  expect(await world.call("/Teller/tell", undefined, given)).toBe("1");
  expect(seen).toEqual([TOKEN, TOKEN]);
  const delayed = await world.send("/Teller/tell", undefined, "?delay=20ms", given);
  expect((await world.attach(delayed)).body).toBe("1");
  const once = { ...given, "idempotency-key": "once" };
  for (let time = 0; time < 2; time++) expect(await world.call("/Teller/tell", undefined, once)).toBe("1");
  expect(seen).toEqual(Array.from({ length: 6 }, () => TOKEN));
  const restarted = await world.admin(`/invocations/${delayed}/restart-as-new`, "PATCH");
  const id = (restarted.body as { new_invocation_id: string }).new_invocation_id;
  expect((await world.attach(id)).body).toBe("1");
  expect(seen).toEqual(Array.from({ length: 8 }, () => TOKEN));
});

test("an operator sees them, but for what they prove; a purge removes them", async () => {
  const id = await world.send("/Teller/tell", undefined, "", given);
  await world.attach(id);
  await world.untilStatus(id, "completed");
  const { body } = await world.admin(`/invocations/${id}/journal`);
  expect(body).toMatchObject({ headers: { authorization: "[redacted]", "x-mine": "1" } });
  expect(JSON.stringify(body)).not.toContain("xxxx");
  expect((await world.admin(`/invocations/${id}/purge`, "PATCH")).status).toBe(200);
  await until(async () => ((await world.view(id)) ? undefined : true), "the purge");
});

test("an earlier version of handlers gets them with its head, or its Start", async () => {
  const items = new MemoryItemStore();
  const id = invocationId("Teller", undefined, childUnique("inv_x", 0, 0));
  const all = { ...given, [SEAL]: "seal" };
  const value = headersValueOf(all);
  if (!value) throw new Error("they are short");
  const clock = { now: () => 0, after: () => () => undefined };
  await writeValue({ items, clock }, placeOf(id), value.ref, value.bytes);
  const held = headersInHead(all);
  expect(held).toEqual({ [SEAL]: "seal", [HEADERS_AT]: value.ref });
  const start: Start = {
    ...{ kind: "start", id, incarnation: 0, origin: "o", headers: held, acceptedAtMs: 0 },
    ...{ target: { service: "Teller", handler: "tell" }, input: new Uint8Array(0) },
  };
  const earlier = { headersApart: false };
  expect((await withHeaders(items, { id, head: { h: held } }, earlier)).head).toEqual({ h: all });
  expect((await withHeaders(items, { id, start, head: { h: held } }, earlier)).start?.headers).toEqual(all);
  const request = { id, head: { h: held } };
  expect(await withHeaders(items, request, { headersApart: true })).toBe(request);
});
