// The call that `perdure dev` proposes: its input comes from the schema or from the type, and the handler has taken it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { sampleOfSchema } from "../../../cli/try-it/from-schema.ts";
import { sampleOfTypes } from "../../../cli/try-it/from-types.ts";
import { proposedCall } from "../../../cli/try-it/try-it.ts";
import { handlers, object, service } from "perdure";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { serde } from "../../../sdk/serde.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-try-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a schema", () => {
  test.each<[string, z.ZodType]>([
    ["a text", z.string()],
    ["a text of a length", z.string().min(8)],
    ["an address", z.email()],
    ["a number", z.number().int().positive()],
    ["a number that is at least", z.number().min(18)],
    ["a truth", z.boolean()],
    ["nothing", z.null()],
    ["one of a few", z.enum(["small", "large"])],
    ["one value", z.literal("go")],
    ["a list", z.array(z.object({ sku: z.string(), count: z.int() })).min(1)],
    ["an object, with what may be left out", z.object({ name: z.string(), note: z.string().optional() })],
    [
      "objects in objects",
      z.object({ to: z.object({ city: z.string(), at: z.iso.datetime() }), id: z.uuid() }),
    ],
    [
      "either",
      z.union([z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b"), n: z.number() })]),
    ],
    ["one that is or is not", z.nullable(z.string())],
  ])("%s: the sample is taken", (_what, schema) => {
    const sample = sampleOfSchema(z.toJSONSchema(schema, { io: "input" }));
    expect(schema.safeParse(sample).success, JSON.stringify(sample)).toBe(true);
  });

  test.each([[undefined], [true], [{}], ["x"]])("%j says nothing", (schema) => {
    expect(sampleOfSchema(schema)).toBeUndefined();
  });

  test("one that holds itself ends", () => {
    const tree = { type: "object", required: ["next"], properties: { next: { $ref: "#" } } };
    expect(() => JSON.stringify(sampleOfSchema({ ...tree, $ref: "#/none" }))).not.toThrow();
  });
});

describe("a type", () => {
  const declared = `
interface Address { city: string; zip?: string }
export type Item = { sku: string; count: number };
type Size = "small" | "large";
`;
  test.each<[string, unknown]>([
    ["name: string", "World"],
    ["count: number", 1],
    ["flag?: boolean", true],
    ['size: "small" | "large"', "small"],
    ["size: Size", "small"],
    ["items: Item[]", [{ sku: "sku", count: 1 }]],
    ["items: readonly Item[]", [{ sku: "sku", count: 1 }]],
    ["items: Array<string>", ["World"]],
    ["order: { id: string; to: Address, when?: Date }", { id: "id", to: { city: "city" } }],
    ["{ a, b }: { a: number; b: string | null }", { a: 1, b: "b" }],
    ["extra: Item & Address", { sku: "sku", count: 1, city: "city" }],
    ["map: Record<string, number>", {}],
    ["n: number = 5", 1],
  ])("%s", (parameter, value) => {
    for (const handler of [
      `greet: async (ctx: Context, ${parameter}) => 1`,
      `async greet(ctx: ObjectContext<{ n: number }>, ${parameter}): Promise<string> { return ""; }`,
      `const greet = async (ctx: Context, ${parameter}): Promise<number> => 1;`,
      `async function greet(ctx: Context, ${parameter}) {}\nconst h = { greet };`,
    ])
      expect(sampleOfTypes([declared + handler], "greet"), handler).toEqual({ kind: "value", value });
  });

  test.each(["greet: async (ctx: Context) => 1", "async greet(_ctx) { }", "greet: async function (ctx) {}"])(
    "%s takes nothing",
    (source) => {
      expect(sampleOfTypes([source], "greet")).toEqual({ kind: "none" });
    },
  );

  test.each([
    "greet: async (ctx, name) => 1",
    "greet: async (ctx: Context, when: Date) => 1",
    "greet: async (ctx: Context, x: z.infer<typeof X>) => 1",
    "greet: async (ctx: Context, x: Unknown) => 1",
    "greet: sayHello",
    "client.greet(ctx, name);",
    "",
  ])("%s does not tell", (source) => {
    expect(sampleOfTypes([source], "greet")).toBeUndefined();
  });
});

describe("the call", () => {
  const Order = z.object({ item: z.literal("tea"), cents: z.int().min(100) });
  const services = [
    service({ name: "Hidden", handlers: { a: async () => 1 }, options: { ingressPrivate: true } }),
    service({ name: "Odd", handlers: { odd: async (_ctx: unknown, _input: unknown) => 1 } }),
    object({
      name: "Order",
      handlers: { place: handlers.object.exclusive({ input: serde.schema(Order) }, async () => 1) },
    }),
  ];
  const endpoint = createEndpoint(services);
  const { services: manifests } = endpoint.discover();

  test("is the first whose input is known, and was taken by the handler's serde", async () => {
    const call = await proposedCall(manifests, [], (target, input) =>
      Promise.resolve(endpoint.takes?.(target, input) === true),
    );
    expect(call).toEqual({ path: "Order/my-key/place", json: '{"item":"tea","cents":100}' });
  });

  test("is none if the handler does not take it", async () => {
    expect(await proposedCall(manifests, [], () => Promise.resolve(false))).toBeUndefined();
  });

  test("is none if nobody can be asked any more", async () => {
    const takes = () => Promise.reject(new Error("the process has ended"));
    expect(await proposedCall(manifests, [], takes)).toBeUndefined();
  });

  test("has no input if the handler takes none", async () => {
    const file = join(folder, "a.ts");
    writeFileSync(file, "service({ handlers: { odd: async (ctx: Context) => 1 } });");
    expect(await proposedCall(manifests, [file], () => Promise.resolve(true))).toEqual({ path: "Odd/odd" });
  });
});
