/** An operator's edits of state: in the key's order (W2), never beside its writer (W1), fenced (W3). */
import { type ObjectContext, object, handlers, type ObjectSharedContext } from "perdure";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ask, type Reply, until, World } from "./engine.ts";

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];

const O = object({
  name: "O",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("n")) ?? 0) + by;
      ctx.set("n", sum);
      return sum;
    },
    hold: async (ctx: ObjectContext) => {
      const before = await ctx.get<number>("n");
      const { id, promise } = ctx.awakeable();
      ctx.set("held", id);
      await promise;
      return [before, await ctx.get<number>("n")];
    },
    read: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get("n")),
    held: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get<string>("held")),
  },
});

let world: World;
beforeEach(async () => {
  world = await World.of(O);
});
afterEach(async () => {
  await world.stop();
});

const edit = (newState: Record<string, string>, version?: string, key = "k"): Promise<Reply> =>
  ask(world, "POST /services/O/state", {
    object_key: key,
    new_state: Object.fromEntries(Object.entries(newState).map(([name, text]) => [name, utf8(text)])),
    ...(version === undefined ? {} : { version }),
  });
const idOf = ({ headers }: Reply): string => headers["x-restate-id"] ?? "";

interface StateView {
  readonly version: string;
  readonly state: readonly { readonly name: string; readonly value: string }[];
}
async function look(key = "k"): Promise<StateView> {
  return (await ask(world, `GET /services/O/state/${key}`)).body as StateView;
}
const valuesOf = ({ state }: StateView): Record<string, string> =>
  Object.fromEntries(state.map(({ name, value }) => [name, value]));

describe("an edit", () => {
  test("replaces all state, and what runs next sees it", async () => {
    await world.call("/O/k/add", 1);
    const reply = await edit({ n: "40", other: '"x"' });
    expect(reply).toMatchObject({ status: 202, body: "" });
    expect(await world.call("/O/k/add", 2)).toBe(42);
    expect(valuesOf(await look())).toEqual({ n: "42", other: '"x"' });
    await edit({ other: '"y"' });
    expect(await world.call("/O/k/add", 3)).toBe(3);
    expect(valuesOf(await look())).toEqual({ n: "3", other: '"y"' });
  });

  test("waits for a suspended owner, and goes before what came later", async () => {
    await world.call("/O/k/add", 1);
    const holder = await world.send("/O/k/hold");
    await world.untilStatus(holder, "suspended");
    // The state of a suspension is written after it (R1).
    const awakeable = await until(
      async () => (await world.call<string | null>("/O/k/held")) ?? undefined,
      "the awakeable",
    );
    const editor = idOf(await edit({ n: "10" }));
    const after = await world.send("/O/k/add", 5);
    await world.untilStatus(editor, "pending");
    expect(await world.call("/O/k/read")).toBe(1);
    await world.ask(`/restate/awakeables/${awakeable}/resolve`);
    expect((await world.attach(holder)).body).toEqual([1, 1]);
    expect((await world.attach(after)).body).toBe(15);
    expect(await world.view(editor)).toMatchObject({ status: "completed", target: "O/k/~state" });
  });

  test("at the version that was seen is made, at another it fails and changes nothing", async () => {
    await world.call("/O/k/add", 1);
    const { version } = await look();
    await world.attach(idOf(await edit({ n: "2" }, version)));
    const late = await world.attach(idOf(await edit({ n: "3" }, version)));
    expect(late).toMatchObject({ status: 409 });
    expect(valuesOf(await look())).toEqual({ n: "2" });
    expect((await look()).version).not.toBe(version);
  });

  test("with a version that Restate's command line has computed: the state may not change from now on", async () => {
    const theirs = "jDGQfq0U1Q0nFzyr3o89hdcMyE6XX0kvycaNnXHKchs";
    await world.call("/O/k/add", 1);
    const made = await world.attach(idOf(await edit({ n: "2" }, theirs)));
    expect(made).toMatchObject({ status: 200 });
    expect(await world.call("/O/k/read")).toBe(2);

    const holder = await world.send("/O/k/hold");
    await world.untilStatus(holder, "suspended");
    const awakeable = await until(
      async () => (await world.call<string | null>("/O/k/held")) ?? undefined,
      "the awakeable",
    );
    const before = await world.send("/O/k/add", 5);
    const late = idOf(await edit({ n: "3" }, theirs));
    await world.ask(`/restate/awakeables/${awakeable}/resolve`);
    expect((await world.attach(before)).body).toBe(7);
    expect(await world.attach(late)).toMatchObject({ status: 409 });
    expect(await world.call("/O/k/read")).toBe(7);
  });

  test("that is killed while it waits changes nothing", async () => {
    const holder = await world.send("/O/k/hold");
    await world.untilStatus(holder, "suspended");
    const editor = idOf(await edit({ n: "10" }));
    await world.untilStatus(editor, "pending");
    await world.kill(editor);
    await world.kill(holder);
    expect(await world.call("/O/k/add", 1)).toBe(1);
  });

  test("of more than one append holds", async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`name ${at}`, "x".repeat(1000)]));
    expect(await world.attach(idOf(await edit(many)))).toMatchObject({ status: 200 });
    expect(valuesOf(await look())).toEqual(many);
    await world.attach(idOf(await edit({ n: "1" })));
    expect(valuesOf(await look())).toEqual({ n: "1" });
  });

  test("of long values keeps them", async () => {
    const long = "y".repeat(20_000);
    await world.attach(idOf(await edit({ long })));
    expect(valuesOf(await look())).toEqual({ long });
  });

  test("cannot be called", async () => {
    expect(await world.ask("/O/k/~state", {})).toMatchObject({ status: 404 });
  });
});

test("clearing leaves nothing", async () => {
  await world.call("/O/k/add", 1);
  const stale = await ask(world, "DELETE /services/O/state/k?version=none");
  expect((await world.attach(idOf(stale))).status).toBe(409);
  expect((await ask(world, "DELETE /services/O/state/k")).status).toBe(202);
  await until(async () => (await look()).state.length === 0, "the state to be cleared");
  expect(await world.call("/O/k/add", 1)).toBe(1);
});

test("equal states have equal versions, whoever wrote them", async () => {
  await world.call("/O/k/add", 1);
  await world.attach(idOf(await edit({ n: "1" }, undefined, "other")));
  expect((await look()).version).toBe((await look("other")).version);
});

test.each([
  ["Nope", { object_key: "k", new_state: {} }, 404, "The requested service 'Nope' does not exist"],
  ["O", { new_state: {} }, 422, "The request field 'object_key' is invalid. Reason: must be text"],
  ["O", { object_key: "k" }, 422, "The request field 'new_state' is invalid. Reason: must be an object"],
  ["O", { object_key: "k", new_state: { n: [256] } }, 422, "must be a list of bytes"],
  ["O", { object_key: "k", new_state: { n: "text" } }, 422, "must be a list of bytes"],
  ["O", { object_key: "k", new_state_base64: { n: "?" } }, 422, "must be base64"],
  ["O", { object_key: "k", new_state_base64: [] }, 422, "'new_state_base64' is invalid"],
  ["O", { object_key: "k", new_state: { "": [] } }, 400, "a name has 1 to 512 bytes"],
  ["O", { object_key: "k", new_state: {}, version: 1 }, 422, "must be text"],
  ["O", { object_key: "k", new_state: {}, scope: "s" }, 400, "is not supported"],
  ["O", { object_key: "k".repeat(2000), new_state: {} }, 400, "at most 1024 bytes"],
  ["O", { object_key: "k", new_state: { n: Array(3_200_000).fill(1) } }, 413, "are supported"],
  ["O", [], 400, "must be a JSON object"],
])("a bad edit of %s is refused", async (service, body, status, message) => {
  const reply = await ask(world, `POST /services/${service}/state`, body);
  expect(reply).toMatchObject({ status, body: { message: expect.stringContaining(message) as string } });
});
