/** What a dispatcher does with messages that are not of its own version (docs/decisions/0017-versions-side-by-side.md). */
import { service, type Context } from "perdure";
import { expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { cancellation } from "../../support/entries.ts";
import { outgoing } from "../../../lib/store/send.ts";
import { unitAt } from "../../../runtime/dispatcher/unit.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const worker = service({ name: "Worker", handlers: { go: async (ctx: Context) => await ctx.sleep(1) } });
const id = invocationId("Worker", undefined, systemEntropy.bytes(UNIQUE_SIZE));

test.each([
  ["of an unknown kind", `{"kind":"remember","id":"${id}"}`],
  ["with an unknown kind of note", `{"kind":"notify","id":"${id}","note":["new",1]}`],
  ["that is wrapped for a still later version", `{"kind":"start","id":"~","later":{"kind":"new","id":"x"}}`],
])("a message %s is given back, and those behind it wait", async (_, body) => {
  const world = new DispatcherWorld([worker]);
  const kill = outgoing({ kind: "kill", id }, "kill").body;
  expect(await world.deliverTexts([body, kill], id)).toEqual(["m0", "m1"]);
  expect(world.logged).toEqual(["warn a message is for a later version, and is given back"]);
});

test("what is no message is dropped, visibly", async () => {
  const world = new DispatcherWorld([worker]);
  expect(await world.deliverTexts(['{"kind":1}', "{}"], id)).toEqual([]);
  expect(world.logged).toEqual([
    "error a mailbox message cannot be read and is dropped",
    "error a mailbox message cannot be read and is dropped",
  ]);
});

test("nothing of what cannot be read is logged: it may be somebody's input", () => {
  const logged: string[] = [];
  const logger = { log: (...line: unknown[]) => void logged.push(JSON.stringify(line)) };
  for (const body of ['{"input":"4111 1111', '{"kind":1,"input":"4111 1111"}', '"4111 1111"']) {
    const message = { messageId: "m1", body, group: "g", sequence: "1", receiveCount: 1 };
    unitAt([message], 0, logger);
  }
  expect(logged).toHaveLength(3);
  expect(logged.join("")).not.toContain("4111");
  expect(logged[0]).toContain('"messageId":"m1"');
});

test("a message in a note lane is a Start of no invocation to earlier versions, which they give back", () => {
  const { group, body } = outgoing({ kind: "notify", id, note: cancellation("once") }, "once");
  expect(group).toBe(`n${id}`);
  expect(JSON.parse(body)).toEqual({
    ...{ kind: "start", id: "~" },
    later: { kind: "notify", id, note: ["x", "once"] },
  });
});
