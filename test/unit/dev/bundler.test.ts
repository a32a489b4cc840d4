import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, expect, test } from "vitest";
import { BuildError, Bundler, type Bundle } from "../../../runtime/dev/bundler.ts";
import type { Endpoint } from "../../../sdk/endpoint.ts";

const folder = mkdtempSync(join(tmpdir(), "perdure-bundle-"));
const bundlers: Bundler[] = [];
afterEach(async () => {
  await Promise.all(bundlers.splice(0).map((bundler) => bundler.close()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function bundlerOf(file: string): Bundler {
  const bundler = new Bundler([file]);
  bundlers.push(bundler);
  return bundler;
}

async function load(
  { deployment, code }: Bundle,
  served: readonly object[] | (() => readonly object[]) = [],
): Promise<Endpoint> {
  // In another folder, as in a host process. The bundle must not depend on its place.
  const path = join(mkdtempSync(join(folder, "out-")), `${deployment}.mjs`);
  writeFileSync(path, code);
  const loaded = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as {
    endpointOf: (served: () => Promise<readonly object[]>) => Promise<Endpoint>;
  };
  return await loaded.endpointOf(async () => (typeof served === "function" ? served() : served));
}

const SERVICE = `import { service, type Context } from "perdure";
import { answer } from "./answer.ts";
export default [service({ name: "Asked", handlers: { answer: async (_ctx: Context): Promise<number> => answer } })];
`;

test("a file, what it imports and the SDK become one module that serves it", async () => {
  write("answer.ts", "export const answer: number = 42;\n");
  const file = write("asked.ts", SERVICE);
  const bundle = await bundlerOf(file).build();
  expect(bundle.deployment).toMatch(/^dp_[0-9a-f]{20}$/);
  expect(bundle.files).toEqual(expect.arrayContaining([file, join(folder, "answer.ts")]));
  const endpoint = await load(bundle);
  expect(endpoint.discover().services).toMatchObject([{ name: "Asked", handlers: [{ name: "answer" }] }]);
});

test("the deployment is named by the code: the same code is the same deployment", async () => {
  write("answer.ts", "export const answer: number = 42;\n");
  const bundler = bundlerOf(write("asked.ts", SERVICE));
  const first = await bundler.build();
  expect((await bundler.build()).deployment).toBe(first.deployment);
  write("answer.ts", "export const answer: number = 43;\n");
  expect((await bundler.build()).deployment).not.toBe(first.deployment);
});

test("a single definition needs no array; JavaScript will do", async () => {
  const file = write(
    "single.mjs",
    'import { object } from "perdure";\nexport default object({ name: "One", handlers: { get: async () => 1 } });\n',
  );
  const endpoint = await load(await bundlerOf(file).build());
  expect(endpoint.discover().services).toMatchObject([{ name: "One", type: "object" }]);
});

test("CommonJS packages, their requires and paths work", async () => {
  write("node_modules/legacy/package.json", '{ "name": "legacy", "main": "index.js" }');
  write(
    "node_modules/legacy/index.js",
    'const { basename } = require("path"); module.exports = { basename, here: __dirname };',
  );
  const file = write(
    "legacy.ts",
    `import { service } from "perdure";
import legacy from "legacy";
const require = 1;
export default service({ name: legacy.basename("/a/Legacy"), handlers: { here: async () => [legacy.here, import.meta.url, require] } });
`,
  );
  const endpoint = await load(await bundlerOf(file).build());
  expect(endpoint.discover().services).toMatchObject([{ name: "Legacy" }]);
});

test("TypeScript that must be compiled, paths of tsconfig.json and imports without an extension work", async () => {
  const compilerOptions = { paths: { "@shop/*": ["./lib/*"] }, experimentalDecorators: true };
  write("ts/tsconfig.json", JSON.stringify({ compilerOptions }));
  write("ts/lib/names.ts", 'export enum Name { Shop = "Shop" }\n');
  const file = write(
    "ts/shop.ts",
    `import { service } from "perdure";
import { Name } from "@shop/names";
import { Name as Same } from "./lib/names";
const loud = (_target: object, _key: string, property: PropertyDescriptor) => {
  const { value } = property;
  property.value = function (this: Shop) { return value.call(this).toUpperCase(); };
};
class Shop {
  constructor(private readonly name: Name) {}
  @loud hello(): string { return \`\${this.name}\${Same.Shop}\`; }
}
namespace Names { export const first = new Shop(Name.Shop).hello(); }
export const shop = service({ name: Names.first, handlers: { get: async () => 1 } });
`,
  );
  const endpoint = await load(await bundlerOf(file).build());
  expect(endpoint.discover().services).toMatchObject([{ name: "SHOPSHOP" }]);
});

test("a file that is started, and one that is imported; both in a CommonJS package without an export", async () => {
  write("cjs/package.json", '{ "type": "commonjs" }');
  write(
    "cjs/other.ts",
    'import "perdure"; if (require.main === module) throw new Error("it was not started");\n',
  );
  const file = write(
    "cjs/main.ts",
    `import { service } from "perdure";
import "./other";
const served = service({ name: "Main", handlers: { get: async () => 1 } });
if (require.main === module) (globalThis as { started?: unknown }).started = served;
`,
  );
  const bundle = await bundlerOf(file).build();
  const endpoint = await load(bundle, () => [(globalThis as { started?: object }).started ?? {}]);
  expect(endpoint.discover().services).toMatchObject([{ name: "Main" }]);
});

test("several files are one deployment, and a package that is missing is said to be", async () => {
  const one = write(
    "many/one.mts",
    'import { service } from "perdure"; export const one = service({ name: "One", handlers: { a: async () => 1 } });\n',
  );
  const two = write(
    "many/deep/two.js",
    'const { service } = require("perdure"); module.exports = [service({ name: "Two", handlers: { a: async () => __dirname } })];\n',
  );
  const bundler = new Bundler([one, two]);
  bundlers.push(bundler);
  const endpoint = await load(await bundler.build());
  expect(endpoint.discover().services.map(({ name }) => name)).toEqual(["One", "Two"]);
  const missing = bundlerOf(write("missing.ts", 'import "@not/installed/deep";\n'));
  await expect(missing.build()).rejects.toThrow("npm install @not/installed");
});

test("errors are for people: the place and what is wrong", async () => {
  const failure = await bundlerOf(write("broken.ts", "const a = 1;\nexport default [a +];\n"))
    .build()
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(BuildError);
  expect((failure as BuildError).message).toMatch(/broken\.ts:2:19/);
  const unknown = bundlerOf(
    write("unknown.ts", 'import "perdure/nothing";\nimport "not-installed";\nexport default [];\n'),
  );
  await expect(unknown.build()).rejects.toThrow(
    /perdure\/nothing[^]*not-installed|not-installed[^]*perdure\/nothing/,
  );
});

test("a build that failed can be mended", async () => {
  const file = write("mended.ts", "export default [;\n");
  const bundler = bundlerOf(file);
  await expect(bundler.build()).rejects.toBeInstanceOf(BuildError);
  write("mended.ts", "export default [];\n");
  expect((await bundler.build()).files).toContain(file);
});

test("code that was written for Restate is served as it is, by what it binds", async () => {
  const file = write("restate.ts", RESTATE);
  const served: object[] = [];
  const collector = Symbol.for("perdure.collector");
  Object.defineProperty(globalThis, collector, {
    value: (each: object) => served.push({ [Symbol.for("perdure.served")]: each }),
    configurable: true,
  });
  // Whatever serves in this process while it is there does not listen: it must not be there for the next test file.
  const endpoint = await load(await bundlerOf(file).build(), served).finally(() =>
    Reflect.deleteProperty(globalThis, collector),
  );
  expect(endpoint.discover().services).toMatchObject([{ name: "Bound", type: "service" }]);
});

const RESTATE = `
import * as http2 from "node:http2";
import * as restate from "@restatedev/restate-sdk";
const bound = restate.service({ name: "Bound", handlers: { answer: async () => 42 } });
const handler = restate.endpoint().bind(bound).http2Handler();
http2.createServer((request, response) => handler(request, response));
`;
