/** The examples' deployed bundle: its size, what it loads, and that it answers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { SERVICES } from "../../infra/app.ts";
import { type AwsSdk, runtimeBundle } from "../../infra/bundle.ts";
import type { BundlingOptions } from "../../infra/bundling.ts";
import { handlerBundle } from "../../infra/handler-bundle.ts";
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
  // 1 for stacks that name the user's lines.
  test("is at most 170 KB with everything that it needs: nothing of the AWS SDK", () => {
    const code = codeOf(join(EXAMPLES, "01-greeter.ts"), "runtime");
    expect(code.byteLength).toBeLessThanOrEqual(170 * KB);
    expect(imported(code)).toEqual([]);
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
  test.each([
    ["dispatcher", ["dynamodb", "lambda", "scheduler", "sqs"]],
    ["ingress", ["dynamodb", "lambda", "scheduler", "sqs"]],
    ["admin", ["dynamodb", "lambda", "sqs"]],
    ["timers", ["dynamodb", "scheduler", "sqs"]],
    ["reconciler", ["dynamodb", "lambda", "sqs"]],
    ["registrar", ["dynamodb", "lambda", "sqs"]],
  ])("%s loads the clients that it uses", (part, clients) => {
    const code = runtimeBundle(part, "runtime");
    // 2 of them for turns that are told where the data is, and believed only if they have run there (R31).
    expect(code.byteLength).toBeLessThanOrEqual(163 * KB);
    expect(new Set(imported(code))).toEqual(new Set(clients.map((client) => `@aws-sdk/client-${client}`)));
  });
});
