/** `serde.schema`: JSON that a Standard Schema validates, and its JSON schema in discovery. */
import { handlers, serde, service, type Context, type StandardSchema } from "perdure";
import { expect, expectTypeOf, test } from "vitest";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { World } from "../semantics/world.ts";

interface User {
  readonly name: string;
}
type Validated = ReturnType<StandardSchema<User>["~standard"]["validate"]>;

function schemaOf(validate: (value: unknown) => Validated, extra: object = {}): StandardSchema<User> {
  return { "~standard": { version: 1, vendor: "test", validate, ...extra } };
}
const isUser = (value: unknown): value is User =>
  typeof value === "object" && value !== null && typeof (value as Partial<User>).name === "string";
const user = schemaOf(
  (value) =>
    isUser(value)
      ? { value: { name: value.name.trim() } }
      : { issues: [{ message: "expected text", path: ["name", { key: 0 }] }, { message: "no user" }] },
  {
    jsonSchema: {
      input: () => ({}),
      output: ({ target }: { target: string }) => ({ $schema: target, type: "object" }),
    },
  },
);

const users = service({
  name: "Users",
  handlers: {
    greet: handlers.handler({ input: serde.schema(user), output: serde.json }, async (ctx, given) => {
      expectTypeOf(given).toEqualTypeOf<User>();
      return await ctx.run("greet", () => `hello ${given.name}`);
    }),
    same: handlers.handler(
      { input: serde.schema(user), output: serde.schema(user) },
      async (_: Context, given: User) => given,
    ),
  },
});

test("what is valid arrives as the schema made it, what is not is answered with 400 and its reasons", async () => {
  const world = await World.of(users);
  try {
    expect(await world.call("/Users/greet", { name: " Ada " })).toBe("hello Ada");
    expect(await world.call("/Users/same", { name: " Ada ", age: 1 })).toEqual({ name: "Ada" });
    const refused = await world.ask("/Users/greet", { name: 1 });
    expect(refused).toMatchObject({ status: 400 });
    expect((refused.body as { message: string }).message).toMatch(
      /Standard schema validation failed:\n\* \(at \/name\/0\) expected text\n\* no user/,
    );
  } finally {
    await world.stop();
  }
});

test("discovery carries its JSON schema", () => {
  const [manifest] = createEndpoint([users]).discover().services;
  expect(manifest?.handlers[1]).toMatchObject({
    inputJsonSchema: { type: "object", $schema: "draft-2020-12" },
    outputJsonSchema: { type: "object" },
  });
});

test("without a JSON schema, or with one that cannot be made, there is none", () => {
  expect(serde.schema(schemaOf((value) => ({ value: value as User }))).jsonSchema).toBeUndefined();
  const impossible = {
    jsonSchema: {
      output: () => {
        throw new Error("cannot be said");
      },
    },
  };
  expect(
    serde.schema(schemaOf((value) => ({ value: value as User }), impossible)).jsonSchema,
  ).toBeUndefined();
});

test("asynchronous validation is refused", () => {
  const later = serde.schema(schemaOf(async (value) => ({ value: value as User })));
  expect(() => later.deserialize(new TextEncoder().encode("1"))).toThrow(/asynchronously/);
});

test("a schema of nothing has no content type", () => {
  const nothing = schemaOf(
    (value) => (value === undefined ? { value } : { issues: [{ message: "no" }] }) as Validated,
  );
  expect(serde.schema(nothing).contentType).toBeUndefined();
  expect(serde.schema(user).contentType).toBe("application/json");
});
