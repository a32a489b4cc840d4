/** `perdure/restate/testing`: a test that was written for Restate's test environment. */
import * as clients from "@restatedev/restate-sdk-clients";
import { type Context, object, type ObjectContext, serde, service } from "perdure/restate";
import { RestateContainer, RestateTestEnvironment } from "perdure/restate/testing";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";

interface State {
  readonly [name: string]: unknown;
  readonly sum: number;
}
const counter = object({
  name: "counter",
  handlers: {
    add: async (ctx: ObjectContext<State>, n: number) => {
      const sum = ((await ctx.get("sum")) ?? 0) + n;
      ctx.set("sum", sum);
      return sum;
    },
    random: async (ctx: ObjectContext) => {
      ctx.set("value", Math.random());
      await ctx.sleep(20);
      return "done";
    },
  },
});
let attempts = 0;
const failing = service({
  name: "failing",
  handlers: {
    once: async (_ctx: Context) => {
      if (attempts++ === 0) throw new Error("the first attempt fails");
      return attempts;
    },
  },
});
const services = [counter, failing];

describe("an environment", () => {
  let environment: RestateTestEnvironment;
  let ingress: clients.Ingress;
  beforeAll(async () => {
    environment = await RestateTestEnvironment.start({ services, storage: "memory" });
    ingress = clients.connect({ url: environment.baseUrl() });
  });
  afterAll(async () => await environment.stop());

  test("is called by Restate's client", async () => {
    const client = ingress.objectClient(counter, "a");
    expect(await client.add(2)).toBe(2);
    expect(await client.add(3)).toBe(5);
  });

  test("has state to read and to write", async () => {
    const state = environment.stateOf<State>(counter, "b");
    expect(await state.get("sum")).toBeNull();
    await state.set("sum", 40);
    expectTypeOf(await state.get("sum")).toEqualTypeOf<number | null>();
    expect(await ingress.objectClient(counter, "b").add(2)).toBe(42);
    expect(await state.getAll()).toEqual({ sum: 42 });
    await state.setAll({ sum: 1, note: "größer" });
    expect(await state.getAll()).toEqual({ sum: 1, note: "größer" });
    await environment.stateOf(counter, "c").set("bytes", Uint8Array.of(0, 255), serde.binary);
    expect(await environment.stateOf(counter, "c").get("bytes", serde.binary)).toEqual(Uint8Array.of(0, 255));
  });

  test("has the admin API", async () => {
    const answer = await fetch(`${environment.adminAPIBaseUrl()}/services`);
    const listed = (await answer.json()) as { readonly services: readonly { readonly name: string }[] };
    expect(listed.services.map(({ name }) => name).toSorted()).toEqual(["counter", "failing"]);
  });

  test("tries again", async () => {
    attempts = 0;
    expect(await ingress.serviceClient(failing).once()).toBe(2);
  });
});

test.each([
  { services, disableRetries: true },
  {
    services,
    container: () =>
      new RestateContainer("latest")
        .withEnvironment({ RESTATE_LOG_FORMAT: "json" })
        .withLogConsumer((stream) => stream.on("data", () => undefined))
        .disableRetries(),
  },
])("without retries the first failure is the last (%#)", async (options) => {
  attempts = 0;
  const environment = await RestateTestEnvironment.start(options);
  const ingress = clients.connect({ url: environment.baseUrl() });
  await expect(ingress.serviceClient(failing).once()).rejects.toThrow(/the first attempt fails/u);
  await environment.stop();
});

test("always replayed, code that is not deterministic is caught", async () => {
  const environment = await RestateTestEnvironment.start({
    services,
    alwaysReplay: true,
    disableRetries: true,
  });
  const ingress = clients.connect({ url: environment.baseUrl() });
  await expect(ingress.objectClient(counter, "r").random()).rejects.toThrow(/RT0016|570/u);
  await environment.stop();
});
