/** Ids as capabilities: what nobody was given, nobody can compute (docs/decisions/0024-secrets-and-capabilities.md). */
import { storedId } from "../../../lib/model/shown-id.ts";
import { service, type Context } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { awakeableId, parseAwakeableId } from "../../../lib/model/ids.ts";
import { until, World } from "./world.ts";

const shown = new Map<string, { readonly self: string; readonly ids: readonly string[] }>();
const attempts = new Map<string, number>();
const seen: string[] = [];

interface Asked {
  readonly name: string;
  readonly count: number;
  readonly failures: number;
}
const approval = service({
  name: "Approval",
  handlers: {
    /** Tells its awakeables in a step, and fails before anything of it is in the log, as often as it is asked to. */
    ask: async (ctx: Context, { name, count, failures }: Asked) => {
      const asked = Array.from({ length: count }, () => ctx.awakeable<string>());
      await ctx.run("tell", () => {
        const attempt = (attempts.get(name) ?? 0) + 1;
        attempts.set(name, attempt);
        const ids = asked.map(({ id }) => id);
        seen.push(`${name} ${ids.join(" ")}`);
        if (attempt <= failures) throw new Error("not yet");
        shown.set(name, { self: ctx.request().id, ids });
      });
      const values: string[] = [];
      for (const { promise } of asked) values.push(await promise);
      return values;
    },
  },
});
const delegating = service({
  name: "Delegating",
  handlers: {
    ask: async (ctx: Context, asked: Asked) => await ctx.serviceClient(approval).ask(asked),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(approval, delegating);
});
afterAll(async () => await world.stop());

const told = (name: string) => until(() => shown.get(name), `what ${name} shows`);
const resolve = async (id: string, value: string): Promise<number> =>
  (await world.ask(`/restate/awakeables/${id}/resolve`, value)).status;

test.each(["Approval", "Delegating"])("%s: only who was given an awakeable's id completes it", async (of) => {
  const name = `only ${of}`;
  const result = world.ask(`/${of}/ask`, { name, count: 2, failures: 0 });
  const { self: shownId, ids } = await told(name);
  const self = storedId(shownId) ?? "";
  const [first = "", second = ""] = ids;
  // What everybody knows is the invocation's id, and how awakeables are counted.
  for (let index = 0; index < 20; index++)
    expect(await resolve(awakeableId({ id: self, incarnation: 0, index }), "forged")).toBe(202);
  const mine = parseAwakeableId(first);
  for (const step of [-1, 1]) {
    const index = (mine?.index ?? 0) + step;
    expect(await resolve(awakeableId({ id: self, incarnation: 0, index }), "forged")).toBe(202);
  }
  expect(await resolve(second, "two")).toBe(202);
  expect(await resolve(first, "one")).toBe(202);
  expect((await result).body).toEqual(["one", "two"]);
});

test.each(["Approval", "Delegating"])("%s: each attempt hands out the same ids", async (of) => {
  const name = `again ${of}`;
  const result = world.ask(`/${of}/ask`, { name, count: 3, failures: 3 });
  const { ids } = await told(name);
  const same = seen.filter((each) => each.startsWith(name));
  expect(same).toHaveLength(4);
  expect(new Set(same).size).toBe(1);
  expect(new Set(ids).size).toBe(3);
  for (const [index, id] of ids.entries()) await resolve(id, String(index));
  expect((await result).body).toEqual(["0", "1", "2"]);
});

test("no two invocations have an awakeable's number in common", async () => {
  const numbers = new Set<number>();
  for (let turn = 0; turn < 20; turn++) {
    const name = `many ${turn}`;
    await world.send("/Approval/ask", { name, count: 5, failures: 0 });
    const { ids } = await told(name);
    for (const id of ids) numbers.add(parseAwakeableId(id)?.index ?? 0);
  }
  expect(numbers.size).toBe(100);
});

test("an error that tells of an awakeable does not tell its number", async () => {
  const name = "quiet";
  const id = await world.send("/Approval/ask", { name, count: 1, failures: 1 });
  const { ids } = await told(name);
  const view = await world.untilStatus(id, "suspended");
  const number = String(parseAwakeableId(ids[0] ?? "")?.index);
  expect(JSON.stringify({ ...view, waiting_on: "" })).not.toContain(number);
  expect(number).toMatch(/^\d{7,10}$/);
});
