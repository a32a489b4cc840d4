/**
 * The packed package in the programs that people have: CommonJS and ES modules on Node, the test runners Jest, vitest and node:test, and
 * the compiler with each way to resolve modules. It installs them in a temporary folder. Run with `npm run package:check`, which builds first.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packed } from "./packed.ts";

/** TypeScript 5.9 is the last one that resolves as Node 10 did. */
const TOOLS = [
  "typescript@5.9.3",
  "jest@30.4.2",
  "ts-jest@29.4.6",
  "@types/jest@30.0.0",
  "@types/node@24.19.2",
  "@restatedev/restate-sdk-clients@1.17.2",
  "esbuild@0.28.2",
  // A peer of vitest's.
  "vite@8.3.8",
  "vitest@5.1.1",
];

const APP = `
import { handlers, object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { connect } from "perdure/client";
import { createLambdaHandler } from "perdure/lambda";
import { TestEnvironment } from "perdure/testing";

export const greeter = service({
  name: "Greeter",
  handlers: {
    greet: async (ctx: Context, name: string) => {
      if (name === "") throw new TerminalError("a name, please", { errorCode: 400 });
      return await ctx.run("hello", () => \`Hello, \${name}!\`);
    },
  },
});
export const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      return sum;
    },
    sum: handlers.object.shared(async (ctx) => await ctx.get<number>("sum")),
  },
});
export const handler = createLambdaHandler({ services: [greeter] });
export const greet = async (name: string): Promise<string> =>
  await connect({ url: "http://localhost" }).serviceClient(greeter).greet(name);

export async function main(): Promise<unknown[]> {
  const env = await TestEnvironment.start({ services: [greeter, counter] });
  const answers = [await env.call("/Greeter/greet", "Ada"), await env.call("/Counter/k/add", 2)];
  await env.stop();
  return answers;
}
`;

/** Its types cross from Perdure to Restate's published client. A file of theirs names parts of \`handlers\` and \`rpc\` like this. */
const RESTATE = `
import * as clients from "@restatedev/restate-sdk-clients";
import * as restate from "perdure/restate";
import shared = restate.handlers.object.shared;
import sendOpts = restate.rpc.sendOpts;

const counter = restate.object({
  name: "Counter",
  handlers: {
    add: async (_: restate.ObjectContext, by: number) => by,
    sum: shared(async (_: restate.ObjectSharedContext) => "1"),
  },
});
const ingress = clients.connect({ url: "http://localhost" });
export const asked = (): PromiseLike<number> =>
  ingress.objectClient<typeof counter>({ name: "Counter" }, "k").add(1);
export const delayed = sendOpts({ delay: 5 });
`;

const CDK = `
import { PerdureRuntime, PerdureService } from "perdure/cdk";
export const constructs = [PerdureRuntime, PerdureService];
`;

/** Jest's and vitest's alike. \`await using\` is more than these compilers' target has. */
const TEST = `
import { TerminalError } from "perdure";
import { journalOf, TestEnvironment } from "perdure/testing";
import { greeter, main } from "./app";

test("matchers, with their types", async () => {
  const env = await TestEnvironment.start({ services: [greeter] });
  await env.service(greeter).greet("Ada");
  const [invocation] = await env.invocations();
  await expect(invocation).toHaveRun("hello", 1);
  await expect(invocation).not.toHaveFailed();
  await expect(invocation).toMatchJournal(['run hello: "Hello, Ada!"']);
  await expect(expect(invocation).toHaveRun("bye")).rejects.toThrow("it has run hello");
  expect(await journalOf(invocation!)).toEqual(['run hello: "Hello, Ada!"']);
  await env.stop();
});

test("answers", async () => {
  expect(await main()).toEqual(["Hello, Ada!", 2]);
});
test("a terminal error is the caller's", async () => {
  const env = await TestEnvironment.start({ services: [greeter] });
  await expect(env.call("/Greeter/greet", "")).rejects.toThrow("a name, please");
  await env.stop();
  expect(new TerminalError("x")).toBeInstanceOf(TerminalError);
});
`;

/** node:test takes it as it is. */
const NODE_TEST = `
import { test } from "node:test";
import { assertInvocation, DeterminismError, TestEnvironment } from "perdure/testing";
import { counter, greeter } from "./app.js";
import assert from "node:assert/strict";

test("assertions", async () => {
  const env = await TestEnvironment.start({ services: [greeter, counter], leaks: "throw" });
  const answer = env.step("hello").returns("hello from a test");
  assert.equal(await env.service(greeter).greet("Ada"), "hello from a test");
  const [invocation] = await env.invocations();
  await assertInvocation.hasRun(invocation, "hello", answer.count);
  await assert.rejects(assertInvocation.hasFailed(invocation), { code: "ERR_ASSERTION" });
  await env.stop();
});
for (const name of ["one", "two"])
  test("side by side: " + name, { concurrency: true }, async () => {
    const env = await TestEnvironment.start({ services: [counter] });
    assert.equal(await env.object(counter, "a").add(2), 2);
    await env.stop();
    assert.equal(typeof DeterminismError, "function");
  });
`;

/** Both kinds of imports in one program. */
const MIXED = `
const required = require("perdure");
import("perdure").then((imported) => {
  if (required.TerminalError !== imported.TerminalError) throw new Error("there are two copies");
});
`;

const folder = mkdtempSync(join(tmpdir(), "perdure-consumers-"));

function run(what: string, command: string, args: readonly string[], cwd = folder): void {
  console.log(`package:check: ${what}`);
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${what} failed with ${status}:\n${stdout}${stderr}`);
}

const tool = (name: string): string => join(folder, "node_modules", ".bin", name);
const node = process.execPath;

function install(): void {
  const tarball = packed((...given) => run("pack", ...given), process.cwd(), folder, ["--ignore-scripts"]);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "commonjs" }));
  const options = ["--silent", "--no-audit", "--no-fund", "--prefer-offline", "--legacy-peer-deps"];
  run(`install it beside ${TOOLS.join(", ")}`, "npm", ["install", ...options, tarball, ...TOOLS]);
  for (const peer of ["aws-cdk-lib", "constructs"])
    symlinkSync(join(process.cwd(), "node_modules", peer), join(folder, "node_modules", peer), "dir");
}

const COMPILER = {
  target: "es2022",
  strict: true,
  esModuleInterop: true,
  types: ["node", "jest"],
  // A link, so what it needs is looked for where it is.
  skipLibCheck: true,
};

function project(
  name: string,
  type: "commonjs" | "module",
  options: Readonly<Record<string, string>>,
): string {
  const place = join(folder, name);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, type }));
  const compilerOptions = { ...COMPILER, ...options, outDir: "out" };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  for (const [file, text] of Object.entries({ app: APP, restate: RESTATE, cdk: CDK }))
    writeFileSync(join(place, `${file}.ts`), text);
  return place;
}

function compile(): void {
  const ways = [
    ["node10", "commonjs", { module: "commonjs", moduleResolution: "node10" }],
    ["node16-cjs", "commonjs", { module: "node16" }],
    ["nodenext-cjs", "commonjs", { module: "nodenext" }],
    ["nodenext-esm", "module", { module: "nodenext" }],
    ["bundler", "module", { module: "esnext", moduleResolution: "bundler" }],
  ] as const;
  for (const [name, type, options] of ways)
    run(`compile with ${name}`, tool("tsc"), ["-p", project(name, type, options)]);
}

function start(): void {
  const main = "main().then((a) => { if (a.join() !== 'Hello, Ada!,2') throw new Error(a); })";
  const cjs = join(folder, "node10", "out");
  run("CommonJS on Node", node, ["-e", `require("./app.js").${main}`], cjs);
  // Where `require` cannot load ES modules, it gets the CommonJS build.
  const old = "--no-experimental-require-module";
  run("the CommonJS build on Node", node, [old, "-e", `require("./app.js").${main}`], cjs);
  run("its constructs", node, [old, "-e", `require("./cdk.js").constructs[1].prototype`], cjs);
  run(
    "ES modules on Node",
    node,
    ["-e", `import("./app.js").then((m) => m.${main})`],
    join(folder, "nodenext-esm", "out"),
  );
  run("both in one program", node, ["-e", MIXED]);
  writeFileSync(join(folder, "mixed.cjs"), MIXED);
  const bundling = [
    "mixed.cjs",
    "--bundle",
    "--platform=node",
    "--outfile=mixed-bundle.cjs",
    "--log-level=error",
  ];
  run("bundle both", tool("esbuild"), bundling);
  run("both in one bundle", node, ["mixed-bundle.cjs"]);
}

function jest(): void {
  const place = join(folder, "node10");
  writeFileSync(join(place, "app.test.ts"), `import "perdure/testing/jest";\n${TEST}`);
  const config = { preset: "ts-jest", testEnvironment: "node", modulePathIgnorePatterns: ["out"] };
  writeFileSync(join(place, "jest.config.json"), JSON.stringify(config));
  run("Jest, as ts-jest sets it up", tool("jest"), ["--silent"], place);
}

function vitest(): void {
  const place = join(folder, "bundler");
  const imports = 'import { expect, test } from "vitest";\nimport "perdure/testing/vitest";\n';
  writeFileSync(join(place, "app.test.ts"), imports + TEST);
  run("vitest", tool("vitest"), ["run"], place);
  // The compiler of the types above has no vitest's, so they are looked at here.
  const compilerOptions = { ...COMPILER, types: ["node"], module: "esnext", moduleResolution: "bundler" };
  writeFileSync(
    join(place, "tsconfig.test.json"),
    JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, include: ["app.test.ts"] }),
  );
  run("vitest's types", tool("tsc"), ["-p", "tsconfig.test.json"], place);
}

function nodeTest(): void {
  const place = join(folder, "nodenext-esm", "out");
  writeFileSync(join(place, "app.test.mjs"), NODE_TEST);
  run("node:test", node, ["--test", "app.test.mjs"], place);
}

try {
  install();
  compile();
  start();
  jest();
  vitest();
  nodeTest();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
