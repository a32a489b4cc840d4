/** What a kill does again of its invocation's last append (R2), and what it ends with it (R12). */
import { service, type Context } from "perdure";
import { expect, test } from "vitest";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const callee = service({ name: "Callee", handlers: { work: async () => await Promise.resolve() } });
const caller = service({
  name: "Caller",
  handlers: {
    callsAndSends: async (ctx: Context) => {
      ctx.serviceSendClient(callee).work();
      await ctx.serviceClient(callee).work();
    },
  },
});

const id = invocationId("Caller", undefined, new Uint8Array(UNIQUE_SIZE).fill(7));
const start: Start = {
  ...({ kind: "start", id, incarnation: 0, origin: "o", headers: {}, acceptedAtMs: 0 } as const),
  ...{ target: { service: "Caller", handler: "callsAndSends" }, input: new Uint8Array(0) },
};

test("what it has sent is sent again; what it has called is killed, and not begun once more", async () => {
  const world = new DispatcherWorld([caller, callee]);
  await world.deliver(start);
  const [sent, called] = world.sent.splice(0).filter(({ kind }) => kind === "start");
  await world.deliver({ kind: "kill", id });
  expect((await world.head(id))?.outcome).toMatchObject({ ok: false, failure: { message: "killed" } });
  const since = world.sent.map(({ kind, id: to }) => ({ kind, to }));
  expect(since).toContainEqual({ kind: "start", to: sent?.id });
  expect(since).toContainEqual({ kind: "kill", to: called?.id });
  expect(since).not.toContainEqual({ kind: "start", to: called?.id });
});
