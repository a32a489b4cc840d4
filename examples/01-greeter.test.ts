import { afterAll, beforeAll, expect, test } from "vitest";
import { LocalServer } from "./support/server.ts";

let server: LocalServer;
beforeAll(async () => {
  server = await LocalServer.start("01-greeter.ts");
});
afterAll(() => server?.stop());

test("greets in the guest's language", async () => {
  await expect(server.call("Greeter/greet", { name: "Ada" })).resolves.toBe("Hello, Ada!");
  await expect(server.call("Greeter/greet", { name: " Inês ", language: "pt" })).resolves.toBe("Olá, Inês!");
});

test.each([undefined, {}, { name: "" }, { name: 7 }])("refuses %j as a guest", async (guest) => {
  await expect(server.call("Greeter/greet", guest)).rejects.toMatchObject({
    status: 400,
    message: "A guest needs a name",
  });
});

test("a terminal error in a step ends the call at once", async () => {
  await expect(server.call("Greeter/greet", { name: "Ada", language: "xx" })).rejects.toMatchObject({
    status: 404,
    message: 'No greeting in "xx"',
  });
});

test("a step that fails is retried, then the handler sleeps and ends", async () => {
  const startedAt = Date.now();
  const card = await server.call("Greeter/sendCard", { name: "Ada", language: "fr", dryingMs: 200 });
  expect(card).toEqual({
    cardId: expect.stringMatching(/^[\da-f-]{36}$/),
    text: "Bonjour, Ada!",
    attempts: 3,
    postedAt: expect.stringMatching(/Z$/),
  });
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(200);
});

test("one idempotency key, one card", async () => {
  const key = { "idempotency-key": "card for Ada" };
  const order = { name: "Ada", dryingMs: 10 };
  const [first, second] = await Promise.all([
    server.call("Greeter/sendCard", order, key),
    server.call("Greeter/sendCard", order, key),
  ]);
  expect(second).toEqual(first);
});
