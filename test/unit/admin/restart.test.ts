/** `restart-as-new`, on the whole engine. */
import { type Context, type ObjectContext, object, service, workflow } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, type Reply, World } from "./engine.ts";

const ran: string[] = [];
const step = (ctx: Context, name: string, result: unknown = name): Promise<unknown> =>
  ctx.run(name, () => {
    ran.push(name);
    return result;
  });

interface Callee {
  callee: (ctx: Context) => Promise<string>;
}

const S = service({
  name: "S",
  handlers: {
    steps: async (ctx: Context, input: string) => {
      const large = "z".repeat(5000);
      const results = [await step(ctx, "one"), await step(ctx, "two", large), await step(ctx, "three")];
      await ctx.sleep(1);
      return `${input}: ${results.map((result) => String(result).length).join(" ")}`;
    },
    fails: async (ctx: Context) => {
      await step(ctx, "before");
      await ctx.sleep(60_000);
    },
    sleeps: async (ctx: Context) => {
      await ctx.sleep(60_000);
    },
    large: async (ctx: Context, input: string) => {
      await ctx.sleep(1);
      return input.length;
    },
    many: async (ctx: Context) => {
      let sum = 0;
      for (let at = 0; at < 60; at++) sum += Number(await step(ctx, `many ${at}`, at));
      await ctx.sleep(1);
      return sum;
    },
    calls: async (ctx: Context) => {
      const waiting = ctx.serviceClient<Callee>({ name: "S" }).callee();
      await step(ctx, "while calling");
      return await waiting;
    },
    callee: async () => await Promise.resolve("called"),
    twoSignals: async (ctx: Context) => {
      const both = [ctx.signal<string>("go"), ctx.signal<string>("go")] as const;
      await ctx.sleep(1);
      return [await both[0], await both[1]];
    },
  },
});
const O = object({
  name: "O",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("n")) ?? 0) + by;
      ctx.set("n", sum);
      await ctx.sleep(1);
      return sum;
    },
    readsAndSets: async (ctx: ObjectContext) => {
      await ctx.get("n");
      ctx.set("read", true);
    },
  },
});
const W = workflow({
  name: "W",
  handlers: { run: async () => await Promise.resolve("ran") },
});

let world: World;
beforeAll(async () => {
  world = await World.of(S, O, W);
});
afterAll(async () => {
  await world.stop();
});

async function completed(path: string, body?: unknown): Promise<string> {
  const { id } = await world.ask(path, body);
  return id;
}
const restart = (id: string, query = ""): Promise<Reply> =>
  ask(world, `PATCH /invocations/${id}/restart-as-new${query}`);
async function restarted(id: string, query = ""): Promise<string> {
  const { status, body } = await restart(id, query);
  expect(status).toBe(200);
  return (body as { new_invocation_id: string }).new_invocation_id;
}
async function resultOf(id: string): Promise<unknown> {
  return (await world.attach(id)).body;
}

describe("restart-as-new with another input", () => {
  const restartWith = (id: string, body: unknown, query = ""): Promise<Reply> =>
    ask(world, `PATCH /invocations/${id}/restart-as-new${query}`, body);

  test.each([[{ input: '"other"' }], [{ input_base64: Buffer.from('"other"').toString("base64") }]])(
    "%j: the new invocation has it, the old one keeps its own",
    async (body) => {
      const id = await completed("/S/steps", "x");
      const reply = await restartWith(id, body);
      expect(reply.status).toBe(200);
      const { new_invocation_id: anew } = reply.body as { new_invocation_id: string };
      expect(await resultOf(anew)).toBe("other: 3 5000 5");
      const journal = await ask(world, `GET /invocations/${id}/journal`);
      expect(journal.body).toMatchObject({ input: { value: '"x"' } });
    },
  );

  test("what is recorded stays what it is", async () => {
    const id = await completed("/S/steps", "x");
    ran.length = 0;
    const { body } = await restartWith(id, { input: '"other"' }, "?from=2");
    expect(await resultOf((body as { new_invocation_id: string }).new_invocation_id)).toBe("other: 3 5000 5");
    expect(ran).toEqual(["three"]);
  });

  test.each([
    [400, { input: 5 }],
    [400, { input: "1", input_base64: "MQ==" }],
    [413, { input: "x".repeat(4 * 1024 * 1024 + 1) }],
  ])("%d", async (status, body) => {
    const id = await completed("/S/steps", "x");
    expect((await restartWith(id, body)).status).toBe(status);
  });
});

describe("restart-as-new", () => {
  test("runs again, with the old input", async () => {
    const id = await completed("/S/steps", "x");
    ran.length = 0;
    const anew = await restarted(id);
    expect(await resultOf(anew)).toBe("x: 3 5000 5");
    expect(ran).toEqual(["one", "two", "three"]);
    expect((await ask(world, `GET /invocations/${anew}`)).body).toMatchObject({
      invoked_by: "restart_as_new",
      restarted_from: id,
    });
  });

  test("from a position runs what comes after it", async () => {
    const id = await completed("/S/steps", "x");
    ran.length = 0;
    expect(await resultOf(await restarted(id, "?from=2"))).toBe("x: 3 5000 5");
    expect(ran).toEqual(["three"]);
    ran.length = 0;
    // The sleep is the fourth entry, its completion comes with it.
    expect(await resultOf(await restarted(id, "?from=4&deployment=keep"))).toBe("x: 3 5000 5");
    expect(ran).toEqual([]);
  });

  test("copies a long journal in pages", async () => {
    const id = await completed("/S/many");
    ran.length = 0;
    expect(await resultOf(await restarted(id, "?from=58"))).toBe(1770);
    expect(ran).toEqual(["many 58", "many 59"]);
  });

  test("takes a long input along", async () => {
    const id = await completed("/S/large", "x".repeat(10_000));
    expect(await resultOf(await restarted(id))).toBe(10_000);
  });

  test("waits its turn in its key", async () => {
    const id = await completed("/O/k/add", 2);
    expect(await resultOf(await restarted(id))).toBe(4);
    // Its get and set come from the old journal. They are not done again.
    expect(await resultOf(await restarted(id, "?from=2"))).toBe(2);
    expect(await world.call("/O/k/add", 1)).toBe(5);
  });

  test("from a command that has not completed, or beyond the end, is 400", async () => {
    const id = await world.send("/S/fails");
    await world.untilStatus(id, "suspended");
    await world.kill(id);
    await world.untilStatus(id, "completed");
    expect(await restart(id, "?from=2")).toMatchObject({ status: 400 });
    expect(await restart(id, "?from=20")).toMatchObject({ status: 400 });
    expect(await restart(id, "?from=x")).toMatchObject({ status: 400 });
    expect((await restart(id, "?from=1")).status).toBe(200);
  });

  test("takes every later delivery of one signal along", async () => {
    const id = await world.send("/S/twoSignals");
    await world.untilStatus(id, "suspended");
    for (const value of ["one", "two"])
      await world.ask(`/restate/invocation/${id}/signals/go/resolve`, value);
    expect(await resultOf(id)).toEqual(["one", "two"]);
    // Both awaits come first, and their deliveries later.
    expect(await resultOf(await restarted(id, "?from=2"))).toEqual(["one", "two"]);
  });

  test("from behind a read that the end has dropped is 400: it could not be replayed", async () => {
    const id = await completed("/O/reads/readsAndSets");
    expect(await restart(id, "?from=1")).toMatchObject({ status: 400 });
    expect((await restart(id)).status).toBe(200);
  });

  test("takes a call's later result along", async () => {
    const id = await completed("/S/calls");
    ran.length = 0;
    expect(await resultOf(await restarted(id, "?from=1"))).toBe("called");
  });

  test("on a deployment that there is not is 404", async () => {
    const id = await completed("/S/steps", "x");
    expect((await restart(id, "?deployment=dp_none")).status).toBe(404);
  });

  test("of a workflow is 422", async () => {
    expect(await restart(await completed("/W/k/run"))).toMatchObject({ status: 422 });
  });

  test("of one that runs is 409, of one that has not begun 425, of an unknown one 404", async () => {
    const running = await world.send("/S/fails");
    await world.untilStatus(running, "suspended");
    expect((await restart(running)).status).toBe(409);
    const delayed = await world.send("/S/steps", "x", "?delay=60s");
    expect((await restart(delayed)).status).toBe(425);
    await world.kill(running);
    const gone = await completed("/S/callee");
    await ask(world, `PATCH /invocations/${gone}/purge`);
    expect((await restart(gone)).status).toBe(404);
  });

  test("without its journal is 410", async () => {
    const id = await completed("/S/steps", "x");
    await ask(world, `PATCH /invocations/${id}/purge-journal`);
    expect(await restart(id)).toMatchObject({ status: 410 });
  });
});

describe("many at once", () => {
  test("by id: each says how it went", async () => {
    const [a, b] = [await completed("/S/steps", "x"), await completed("/S/steps", "y")];
    const body = { invocation_ids: [a, b, "inv_x"] };
    const reply = await ask(world, "POST /internal/invocations_batch_operations/purge", body);
    expect(reply).toMatchObject({
      status: 200,
      body: {
        succeeded: expect.arrayContaining([a, b]) as string[],
        failed: [{ invocation_id: "inv_x" }],
        counts: { succeeded: 2, failed: 1 },
      },
    });
    expect((await world.view(a))?.status).toBeUndefined();
  });

  test("by filter, page by page", async () => {
    const ids = await Promise.all(Array.from({ length: 7 }, () => world.send("/S/sleeps")));
    for (const id of ids) await world.untilStatus(id, "suspended");
    const filter = { service: "S", handler: "sleeps", status: ["suspended"] };
    let killed = 0;
    let after: string | undefined;
    do {
      const { status, body } = await ask(world, "POST /invocations/kill", {
        filter,
        limit: 3,
        ...(after === undefined ? {} : { after }),
      });
      expect(status).toBe(200);
      const { counts, next } = body as { counts: { succeeded: number }; next?: string };
      killed += counts.succeeded;
      after = next;
    } while (after !== undefined);
    expect(killed).toBe(7);
    for (const id of ids) await world.untilStatus(id, "completed");
  });

  test("restarts answer the new ids", async () => {
    const id = await completed("/S/steps", "x");
    const { body } = await ask(world, "POST /invocations/restart-as-new", { invocation_ids: [id], from: 3 });
    const [{ new_invocation_id: anew }] = (body as { succeeded: [{ new_invocation_id: string }] }).succeeded;
    expect(await resultOf(anew)).toBe("x: 3 5000 5");
  });

  test.each([
    ["kill", []],
    ["kill", {}],
    ["kill", { invocation_ids: [], filter: { service: "S" } }],
    ["kill", { invocation_ids: "all" }],
    ["kill", { invocation_ids: [{}] }],
    ["kill", { filter: {} }],
    ["kill", { filter: { sevice: "S" } }],
    ["kill", { filter: { status: ["dead"] } }],
    ["kill", { filter: { service: "S" }, limit: 5000 }],
  ])("%s of %j is 400", async (operation, body) => {
    expect((await ask(world, `POST /invocations/${operation}`, body)).status).toBe(400);
  });

  test("an operation that there is not is 404", async () => {
    expect((await ask(world, "POST /invocations/explode", { invocation_ids: [] })).status).toBe(404);
  });
});
