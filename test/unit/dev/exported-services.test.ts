// What of a file is served: its default export, what it serves by itself, its named exports.
import { describe, expect, test } from "vitest";
import { servicesOf } from "../../../runtime/dev/exported-services.ts";
import { object, service } from "../../../sdk/definition.ts";
import { createEndpoint, SERVED } from "../../../sdk/endpoint.ts";

const handlers = { get: async () => 1 };
const a = service({ name: "A", handlers });
const b = object({ name: "B", handlers });
const c = service({ name: "C", handlers });
const bound = (...services: object[]): object => ({ [SERVED]: { services } });

interface Given {
  readonly files: readonly object[];
  readonly now?: readonly object[];
  readonly soon?: readonly object[];
}

async function namesOf({ files, now = [], soon }: Given): Promise<readonly string[]> {
  const loaded = files.map((exports, at) => ({ name: `file${at}.ts`, exports }));
  const services = await servicesOf(loaded, {
    byNow: () => now,
    soon: async () => soon ?? (await Promise.reject(new Error("nothing is served."))),
  });
  return createEndpoint(services)
    .discover()
    .services.map(({ name }) => name)
    .toSorted();
}

describe("one file", () => {
  test.each<[string, Given, readonly string[]]>([
    ["an array", { files: [{ default: [a, b] }] }, ["A", "B"]],
    ["one definition", { files: [{ default: a }] }, ["A"]],
    ["an endpoint", { files: [{ default: bound(a, b) }] }, ["A", "B"]],
    ["the default export and not the names beside it", { files: [{ default: a, b }] }, ["A"]],
    ["names", { files: [{ a, b, other: 5 }] }, ["A", "B"]],
    ["a list among the names", { files: [{ all: [a, b], numbers: [1] }] }, ["A", "B"]],
    ["names beside a default export of another kind", { files: [{ default: () => 1, a }] }, ["A"]],
    ["a Lambda entry", { files: [{ handler: bound(a) }] }, ["A"]],
    ["what it serves, and not what it exports besides", { files: [{ a, b }], now: [bound(a)] }, ["A"]],
    ["what it serves later", { files: [{}], soon: [bound(a)] }, ["A"]],
    ["CommonJS: module.exports = [..]", { files: [{ default: [a] }] }, ["A"]],
    ["CommonJS: exports.a = ..", { files: [{ default: { a } }] }, ["A"]],
    ["CommonJS: exports.default = ..", { files: [{ default: { default: [a], b } }] }, ["A"]],
    ["CommonJS without exports that serves", { files: [{ default: {} }], now: [bound(b)] }, ["B"]],
    ["two endpoints that it serves", { files: [{}], now: [bound(a), bound(b)] }, ["A", "B"]],
  ])("%s", async (_what, given, names) => {
    expect(await namesOf(given)).toEqual(names);
  });
});

describe("several files", () => {
  test("each says what it serves, by default, by name or by itself; nothing counts twice", async () => {
    const files = [{ default: [a] }, { b, handler: bound(b) }, { default: {} }];
    expect(await namesOf({ files, now: [bound(b), bound(c)] })).toEqual(["A", "B", "C"]);
  });

  test("two services of one name are refused", async () => {
    const other = service({ name: "A", handlers });
    await expect(namesOf({ files: [{ default: a }, { other }] })).rejects.toThrow('"A" is defined twice');
  });
});

test("options of an endpoint hold for what is bound to it, and for nothing else", async () => {
  const short = { [SERVED]: { services: [a], defaultServiceOptions: { ingressPrivate: true } } };
  const services = await servicesOf(
    [
      { name: "x.ts", exports: { default: short } },
      { name: "y.ts", exports: { b } },
    ],
    {
      byNow: () => [],
      soon: () => Promise.resolve([]),
    },
  );
  expect(createEndpoint(services).discover().services).toMatchObject([
    { name: "A", ingressPrivate: true },
    expect.not.objectContaining({ ingressPrivate: true }) as unknown,
  ]);
});

describe("errors say which file and what is there", () => {
  test.each<[string, object, RegExp]>([
    [
      "an element",
      { default: [a, { name: "B", handlers }] },
      /^file0\.ts: element 2 .* an object with name, handlers/u,
    ],
    [
      "a class",
      {
        default: class Greeter {
          greet(): void {}
        },
      },
      /default export of file0\.ts is the function or class Greeter/u,
    ],
    ["text", { default: "text" }, /default export of file0\.ts is text/u],
    ["nothing", {}, /^nothing is served\.$/u],
  ])("%s", async (_what, exports, message) => {
    await expect(namesOf({ files: [exports] })).rejects.toThrow(message);
  });
});
