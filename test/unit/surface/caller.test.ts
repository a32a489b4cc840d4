/** `request().caller`: who has called, as the door has verified it. No header says so, and no journal holds a credential. */
import { type Caller, object, rpc, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { TestEnvironment } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

const ALICE: Caller = { kind: "jwt", claims: { sub: "alice", email: "a@example.com" }, scopes: ["orders"] };

const attempts: unknown[] = [];
const callee = service({
  name: "Callee",
  handlers: { who: async (ctx: Context) => ctx.request().caller ?? "nobody" },
});
const shop = object({
  name: "Shop",
  handlers: {
    order: async (ctx: ObjectContext) => {
      attempts.push(ctx.request().caller);
      await ctx.sleep(20);
      return { caller: ctx.request().caller, headers: Object.fromEntries(ctx.request().headers) };
    },
    delegate: async (ctx: ObjectContext) => await ctx.serviceClient(callee).who(),
    forge: async (ctx: ObjectContext) => {
      try {
        return await ctx.serviceClient(callee).who(rpc.opts({ headers: { ":caller": "{}" } }));
      } catch (error) {
        if (error instanceof TerminalError) return error.message;
        throw error;
      }
    },
  },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({ services: [callee, shop], alwaysReplay: true });
});
afterAll(async () => await environment.stop());

test("each attempt and each replay sees the same one", async () => {
  const result = await environment
    .as(ALICE)
    .call("/Shop/a/order", undefined, { authorization: "Bearer SECRET", "x-mine": "1" });
  expect(result).toEqual({ caller: ALICE, headers: { "x-mine": "1" } });
  expect(attempts).toEqual([ALICE, ALICE]);
});

test("an operator sees it, and no credential", async () => {
  const sent = await environment
    .as(ALICE)
    .request("/Shop/b/order/send", undefined, { authorization: "Bearer SECRET", cookie: "SECRET" });
  const id = sent.headers["x-restate-id"];
  await environment.request(`/restate/attach/${id}`, undefined, {}, "GET");
  const { body } = await environment.admin(`/invocations/${id}/journal`);
  const text = new TextDecoder().decode(body);
  expect(JSON.parse(text)).toMatchObject({ caller: ALICE, headers: {} });
  expect(text).not.toContain("SECRET");
});

test("nobody has called where nobody was verified, and where a handler calls", async () => {
  expect(await environment.call("/Callee/who")).toBe("nobody");
  expect(await environment.as(ALICE).call("/Callee/who")).toEqual(ALICE);
  expect(await environment.as(ALICE).call("/Shop/c/delegate")).toBe("nobody");
});

test("nothing else says who called", async () => {
  const headers = { ":caller": JSON.stringify(ALICE), "x-caller": "alice" };
  expect(await environment.call("/Callee/who", undefined, headers)).toBe("nobody");
  expect(await environment.call("/Shop/d/forge")).toContain('":caller", which is no header\'s name');
});
