/** The examples' deployed bundle: its size, what it loads, and that it answers. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { SERVICES } from "../../infra/app.ts";
import { type AwsSdk, bundle, ownFile, runtimeBundle } from "../../infra/bundle.ts";
import type { BundlingOptions } from "../../infra/bundling.ts";
import { handlerBundle } from "../../infra/handler-bundle.ts";
import type * as sandboxModule from "../../runtime/query/sandbox.ts";
import { type DiscoveryResponse, PROTOCOL_VERSION } from "../../lib/protocol.ts";

const EXAMPLES = join(import.meta.dirname, "../../examples");
const KB = 1000;
const folder = mkdtempSync(join(tmpdir(), "perdure-bundle-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The bundle of a user's file. */
function codeOf(entry: string, awsSdk: AwsSdk, options?: BundlingOptions): Uint8Array {
  const { contents, main } = handlerBundle(entry, awsSdk, options);
  const code = contents.get(main);
  if (!(code instanceof Uint8Array)) throw new Error("there is no bundle");
  return code;
}

/** The packages that a bundle imports from its environment. */
const imported = (code: Uint8Array): string[] =>
  [
    ...new Set([
      ...Buffer.from(code)
        .toString()
        .matchAll(/\bimport\{[^"{}]*\}from"([^"]+)"|\bimport\("([^"]+)"\)/g),
    ]),
  ]
    .map(([, named = "", dynamic = ""]) => named || dynamic)
    .filter((name) => !name.startsWith("node:"));

describe("the greeter's handler", () => {
  // 141 KB before turns set their own guards, waited in memory and called in memory (R25 to R28), 1 of them for calls in memory in AWS;
  // 3 for headers that are long and secrets of awakeables;
  // 5 for turns that see to their end themselves (R26);
  // 1 for turns that are told where the data is (R31);
  // 1 for stacks that name the user's lines;
  // 2 for connections that are opened early, and not used again when they are old; for queries in signatures;
  // 1 for ids as they are shown, as in the runtime's functions below;
  // 5 for times of entries and turns (0031), and for steps that a development server stops;
  // 1 for the place where tracing comes in;
  // 6 for what is said of code: operations that are not awaited, an object that calls its own key, values that JSON loses;
  // 6 for rehearsals (0051);
  // 12 for transactions (0052): the user's writes as DynamoDB has them, their checks, and the append among them;
  // 1 for reads that a rehearsal misses, and for numbers that a log does not have;
  // 1.5 for guards in a table (0056).
  test("is at most 210.5 KB with everything that it needs: nothing of the AWS SDK", () => {
    const code = codeOf(join(EXAMPLES, "01-greeter.ts"), "runtime");
    expect(code.byteLength).toBeLessThanOrEqual(210.5 * KB);
    expect(imported(code)).toEqual([]);
  });

  test("has 25 KB more where it is traced", () => {
    const { contents, main } = handlerBundle(join(EXAMPLES, "01-greeter.ts"), "runtime", {}, true);
    const bytes = contents.get(main)?.length ?? 0;
    expect(bytes - codeOf(join(EXAMPLES, "01-greeter.ts"), "runtime").byteLength).toBeLessThanOrEqual(
      25 * KB,
    );
  });
});

describe("each example's function", () => {
  test.each(Object.entries(SERVICES))("%s serves what the stack says", async (name, services) => {
    const file = join(folder, `${name}.mjs`);
    writeFileSync(file, codeOf(join(EXAMPLES, `${name}.ts`), "bundled", { sourceMap: false }));
    const { handler } = (await import(pathToFileURL(file).href)) as {
      handler: (event: unknown, context: unknown) => Promise<DiscoveryResponse>;
    };
    const answer = await handler({ kind: "discover", version: PROTOCOL_VERSION }, {});
    expect(answer.services.map((service) => service.name)).toEqual(services);
  });
});

describe("the runtime's functions", () => {
  // With the AWS SDK, the ingress had 441 KB and the dispatcher 537.
  test.each([
    // 6 of the dispatcher's for the history of turns (0031), 1 of each of the first three for the place where tracing comes in, 1 for records
    // that handlers refuse. 2 of each for the entries of transactions, and for conflicts with them (0052). Up to 1.5 of each for guards in a
    // table, and 3.5 of the timers' for the passes over it (0056).
    ["ingress", 128],
    ["dispatcher", 190.5],
    // 83 of them for SQL, 47 for events (the source door and subscriptions), 15 for the overview, the audit trail and traces.
    ["admin", 319],
    // Half of it is the shapes of events, the door, and what schedules and keys are.
    ["events", 104],
    ["timers", 62.5],
    ["reconciler", 85],
    // 9 for subscriptions that stacks make, 23 for the gate (0051): it reads journals, and moves heads.
    ["registrar", 103.5],
  ])("%s is at most %d KB with everything that it needs: nothing of the AWS SDK", (part, kb) => {
    const code = runtimeBundle(part);
    expect(code.byteLength).toBeLessThanOrEqual(kb * KB);
    expect(imported(code)).toEqual([]);
  });
});

// An import of node:http loads fetch and HTTP/2, and takes as long as all else together.
test.each(["handler", "ingress", "dispatcher", "timers", "events"])(
  "%s loads nothing of Node in vain",
  (name) => {
    const code =
      name === "handler" ? codeOf(join(EXAMPLES, "01-greeter.ts"), "runtime") : runtimeBundle(name);
    const file = join(folder, `load-${name}.mjs`);
    writeFileSync(file, code);
    const script = `await import(${JSON.stringify(pathToFileURL(file).href)}); console.log(process.moduleLoadList.join())`;
    const loaded = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(loaded).toContain("NativeModule https");
    expect(loaded).not.toMatch(/undici|http2|worker_threads|webstreams/);
  },
);

test("queries of the admin function run in a process of their own: what the bundler has made of their program runs there", async () => {
  const { outputFiles } = bundle({ entryPoints: [ownFile("runtime/query/sandbox")] }, "runtime");
  const file = join(folder, "sandbox.mjs");
  writeFileSync(file, outputFiles[0]?.contents ?? "");
  const { Sandbox } = (await import(pathToFileURL(file).href)) as typeof sandboxModule;
  const sandbox = new Sandbox();
  const limits = { rowsMax: 10, bytesMax: 1000, valueBytesMax: 1000 };
  const sql = "select date_trunc('day', now()) as today";
  const answer = await sandbox.run({ ...limits, nowMs: 0, sql, ends: [], tables: [] });
  sandbox.stop();
  expect(answer).toMatchObject({ kind: "rows", rows: [["1970-01-01T00:00:00.000Z"]] });
});
